"""The power law of a learning curve, on data whose law is known."""

import numpy as np
import pytest

from fmnist.sweeps.learning_curve import fit_power_law

IMAGES = np.repeat([550, 1100, 2750, 5500, 11000, 27500, 55000], 2)
SCALE, EXPONENT, FLOOR = 3.0, 0.45, 0.05


def accuracies(noise=0.0, seed=0):
    error = SCALE * IMAGES**-EXPONENT + FLOOR
    return 1 - error * (1 + np.random.default_rng(seed).normal(0, noise, len(IMAGES)))


def test_a_curve_without_noise_is_found_again():
    found = fit_power_law(IMAGES, accuracies())
    assert (found.scale, found.exponent, found.floor) == pytest.approx(
        (SCALE, EXPONENT, FLOOR), rel=1e-4
    )
    assert (found.n, found.most) == (14, 55000)
    expected, low, high = found.predict(110_000)
    assert expected == pytest.approx(1 - SCALE * 110_000**-EXPONENT - FLOOR, rel=1e-5)
    assert high - low < 1e-4
    assert "to the power of -0.45 (95 % interval -0.45 to -0.45), down to 5.0 %" in (
        found.sentence.replace("%", " %").replace("  ", " ")
    )


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    true = 1 - SCALE * 110_000**-EXPONENT - FLOOR
    held = np.zeros(3)
    for seed in range(200):
        found = fit_power_law(IMAGES, accuracies(0.03, seed))
        _, low, high = found.predict(110_000)
        held += [
            found.exponent_interval[0] <= EXPONENT <= found.exponent_interval[1],
            found.floor_interval[0] <= FLOOR <= found.floor_interval[1],
            low <= true <= high,
        ]
    assert (held / 200 > 0.90).all(), held
    assert (held / 200 < 1).all(), held


@pytest.mark.parametrize(
    ("images", "values"),
    [([550, 1100, 55000] * 2, [0.7, 0.8, 0.9] * 2), ([5500] * 8, [0.8] * 8), ([], [])],
)
def test_too_few_numbers_of_images_give_no_curve(images, values):
    assert fit_power_law(images, values) is None


@pytest.mark.parametrize(
    "values",
    [
        [0.9] * 14,
        [1.0] * 14,
        np.repeat([0.70, 0.69, 0.68, 0.67, 0.66, 0.65, 0.64], 2),  # more images, more errors
        [0.7, 0.9] * 7,
    ],
    ids=["all alike", "all right", "rising errors", "noise"],
)
def test_errors_that_do_not_fall_give_no_curve(values):
    assert fit_power_law(IMAGES, values) is None


def test_runs_that_do_not_say_how_many_images_they_had_give_no_curve():
    assert fit_power_law([0, *IMAGES], [0.1, *accuracies()]) is None
