"""Slices by what can be measured in a picture, on pictures whose measures are known."""

import itertools

import numpy as np
import pytest

from fmnist.analysis.slices import MEASURES, measure_property, slice_by_property


def picture(height: int, width: int, *tones: int) -> np.ndarray:
    """(28, 28) with a rectangle in the middle, its columns in these tones by turns."""
    image = np.zeros((28, 28), np.uint8)
    top, left = (28 - height) // 2, (28 - width) // 2
    image[top : top + height, left : left + width] = np.resize(tones, width)
    return image


@pytest.mark.parametrize(
    ("name", "image", "value"),
    [
        ("Brightness", picture(10, 10, 100), 100),
        ("Brightness", picture(10, 10, 50, 150), 100),
        ("Brightness", picture(0, 0, 1), 0),
        ("Fill", picture(14, 28, 200), 0.5),
        ("Fill", picture(28, 28, 5), 0),  # the ground's noise is no garment
        ("Aspect", picture(20, 10, 90), 2),
        ("Aspect", picture(7, 28, 90), 0.25),
        ("Aspect", picture(0, 0, 1), 0),
        ("Contrast", picture(10, 10, 90), 0),
        ("Contrast", picture(10, 10, 50, 150), 50),
    ],
)
def test_measures(name, image, value):
    assert measure_property(image[np.newaxis], name)[0] == pytest.approx(value)


def test_a_gap_inside_a_garment_does_not_change_its_extent():
    image = picture(20, 10, 90)
    image[10:12] = 0
    assert measure_property(image[np.newaxis], "Aspect")[0] == pytest.approx(2)


def test_slices_part_all_images_by_rank(test_part):
    right = np.random.default_rng(0).random(10_000) < 0.9
    found = slice_by_property(test_part.images, right)
    assert [s.measure for s in found] == [name for name in MEASURES for _ in range(5)]
    for name in MEASURES:
        parts = [s for s in found if s.measure == name]
        assert np.array_equal(np.sort(np.concatenate([s.indices for s in parts])), range(10_000))
        assert all(len(s.indices) == 2_000 for s in parts)
        assert all(a.high <= b.low for a, b in itertools.pairwise(parts))
        assert sum(s.right for s in parts) == right.sum()
        values = measure_property(test_part.images, name)
        assert all((values[s.indices] >= s.low).all() for s in parts)
        assert all((values[s.indices] <= s.high).all() for s in parts)
        assert all(s.interval[0] < s.accuracy < s.interval[1] for s in parts)
