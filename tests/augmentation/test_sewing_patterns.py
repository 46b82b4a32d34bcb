"""Garments from a sewing pattern: their sleeves, bodies and fronts are measured in the drawing."""

import numpy as np
import pytest

from fmnist.augmentation.sewing_patterns import LONG_SLEEVED, draw_sewn
from fmnist.data import COAT, DRESS, PULLOVER, SHIRT, TSHIRT

SEEDS = range(40)
FABRIC = np.full((20, 16), 150, np.uint8)


def drawn(label: int, seed: int, fabric: np.ndarray = FABRIC) -> np.ndarray:
    return draw_sewn(fabric, label, np.random.default_rng(seed))


def sleeves(image: np.ndarray) -> float:
    """Share of the lit pixels that lie outside the chest's 14 columns."""
    middle = image.shape[1] // 2
    lit = image > 30
    return 1 - lit[:, middle - 7 : middle + 7].sum() / lit.sum()


@pytest.mark.parametrize("label", list(LONG_SLEEVED))
def test_a_pattern_is_trimmed(label):
    for seed in SEEDS:
        image = drawn(label, seed)
        assert image.dtype == np.uint8
        assert image[[0, -1]].any(axis=1).all()
        assert image[:, [0, -1]].any(axis=0).all()
        assert 10 <= image.shape[0] <= 60


def test_a_pullovers_sleeves_are_larger_than_a_t_shirts():
    short = np.median([sleeves(drawn(TSHIRT, seed)) for seed in SEEDS])
    long = np.median([sleeves(drawn(PULLOVER, seed)) for seed in SEEDS])
    assert 0.05 < short < 0.7 * long


def test_a_dress_is_longer_than_a_t_shirt():
    lengths = [
        np.median([len(drawn(label, seed)) for seed in SEEDS]) for label in (TSHIRT, COAT, DRESS)
    ]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("label", [SHIRT, COAT])
def test_shirts_and_coats_show_a_front_down_to_the_hem(label):
    for seed in SEEDS:
        image = drawn(label, seed).astype(int)
        tall, wide = image.shape
        chest = image[round(0.5 * tall) : round(0.75 * tall), round(wide / 3) : round(2 * wide / 3)]
        column = np.median(chest, axis=0)
        assert np.abs(column - np.median(column)).max() > 20


@pytest.mark.parametrize("label", [TSHIRT, PULLOVER])
def test_t_shirts_and_pullovers_have_no_front(label):
    fronts = 0
    for seed in SEEDS:
        image = drawn(label, seed).astype(int)
        middle = image.shape[1] // 2
        body = image[round(0.4 * len(image)) : round(0.9 * len(image)), middle - 4 : middle + 4]
        fronts += (np.abs(np.diff(np.median(body, axis=0))) > 20).any()
    assert fronts < 0.4 * len(SEEDS)  # the sides of a print or of a pocket


def test_tones_are_the_fabrics():
    dark, light = drawn(TSHIRT, 3, FABRIC // 2), drawn(TSHIRT, 3)
    assert np.median(dark[dark > 8]) < np.median(light[light > 8])


def test_no_fabric_makes_no_crash():
    assert drawn(SHIRT, 0, np.zeros((4, 4), np.uint8)).any()
