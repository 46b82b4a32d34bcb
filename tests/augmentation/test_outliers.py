"""Made-up pictures that show no garment: framed like any input, repeatable, of many kinds."""

import numpy as np

from fmnist.augmentation import outliers


def test_they_are_framed_as_inputs_are(test_part):
    made = outliers.make_outliers(200, test_part.images[:50], np.random.default_rng(0))
    assert made.shape == (200, 28, 28)
    assert made.dtype == np.uint8
    boxes = []
    for picture in made:
        rows, columns = np.nonzero(picture)
        boxes.append(max(np.ptp(rows), np.ptp(columns)) + 1)
    assert np.mean(np.array(boxes) >= 27) > 0.98
    assert len({picture.tobytes() for picture in made}) == 200


def test_a_seed_repeats_them(test_part):
    garments = test_part.images[:50]
    first, again, other = (
        outliers.make_outliers(20, garments, np.random.default_rng(s)) for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_none_is_none(test_part):
    assert outliers.make_outliers(0, test_part.images, np.random.default_rng(0)).shape == (
        0,
        28,
        28,
    )


def test_drawn_ones_fill_their_frame_and_are_of_many_kinds():
    made = outliers.make_drawn_outliers(100, np.random.default_rng(0))
    assert made.shape == (100, 28, 28)
    assert made.dtype == np.uint8
    assert len({picture.tobytes() for picture in made}) == 100
    extents = [np.ptp(np.nonzero(picture), axis=1).max() + 1 for picture in made]
    assert np.mean(np.array(extents) >= 27) > 0.95
    again = outliers.make_drawn_outliers(100, np.random.default_rng(0))
    assert np.array_equal(made, again)
