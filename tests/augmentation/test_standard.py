"""Augmentation against SciPy's shift and by counting."""

import numpy as np
import pytest
from scipy import ndimage

from fmnist.augmentation.standard import augment_images, shuffle_epoch


@pytest.fixture(scope="module")
def images(test_part):
    return test_part.images[:400]


def rng(seed=0):
    return np.random.default_rng(seed)


def test_nothing_asked_for_changes_nothing_and_gives_a_copy(images):
    shown = augment_images(images, rng())
    np.testing.assert_array_equal(shown, images)
    assert shown.flags.writeable
    assert not np.shares_memory(shown, images)


def test_mirror_turns_half_of_them_left_for_right(images):
    shown = augment_images(images, rng(), mirror=True)
    turned = (shown == images[:, :, ::-1]).all(axis=(1, 2))
    kept = (shown == images).all(axis=(1, 2))
    assert (turned | kept).all()
    assert 150 < turned.sum() < 250


def test_every_shift_is_scipys_and_all_of_them_occur(images):
    shown = augment_images(images, rng(), shift=1)
    seen = set()
    for before, after in zip(images, shown, strict=True):
        found = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if (ndimage.shift(before, (down, right), order=0) == after).all()
        ]
        assert found
        seen.update(found)
    assert len(seen) == 9


def test_erasing_puts_one_box_of_noise_into_the_share_that_was_asked_for(images):
    shown = augment_images(images, rng(), erasing=0.5)
    changed = (shown != images).any(axis=(1, 2))
    assert 150 < changed.sum() < 250
    for before, after in zip(images[changed], shown[changed], strict=True):
        rows, columns = np.nonzero(before != after)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height * width <= 0.36 * 28**2
        assert (before != after).sum() > 0.9 * height * width  # a full box


def test_the_seed_decides_and_types_stay(images):
    options = {"mirror": True, "shift": 2, "erasing": 0.5}
    first, again, other = (augment_images(images, rng(seed), **options) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first.dtype, first.shape) == (np.uint8, images.shape)


def test_order_is_a_permutation_of_its_own_in_every_epoch():
    first, second = shuffle_epoch(1000, 3, 0), shuffle_epoch(1000, 3, 1)
    assert sorted(first) == sorted(second) == list(range(1000))
    assert (first != second).any()
    np.testing.assert_array_equal(first, shuffle_epoch(1000, 3, 0))
