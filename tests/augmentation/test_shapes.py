"""Other cuts of a garment: each is measured as a shape, on garments whose shape is known."""

import numpy as np
import pytest

from fmnist.augmentation import from_above, shapes, stylised
from fmnist.augmentation.shapes import vary_shape
from fmnist.data import (
    BAG,
    BOOT,
    COAT,
    DRESS,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
    load,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def block(height: int, width: int, tone: int = 120) -> np.ndarray:
    """A (28, 28) image of a rectangle in the middle."""
    image = np.zeros((28, 28), np.uint8)
    top, left = (28 - height) // 2, (28 - width) // 2
    image[top : top + height, left : left + width] = tone
    return image


def cut_of(cut, image: np.ndarray, label: int, seed: int) -> np.ndarray:
    """What `cut` makes of the garment in the image."""
    rows, columns = image.any(axis=1), image.any(axis=0)
    return cut(image[np.ix_(rows, columns)], label, rng(seed))


def widths(image: np.ndarray) -> np.ndarray:
    """How wide each row is, from the first to the last lit column."""
    lit = image > 30
    first, last = lit.argmax(axis=1), image.shape[1] - lit[:, ::-1].argmax(axis=1)
    return np.where(lit.any(axis=1), last - first, 0)


@pytest.mark.parametrize(
    ("label", "share"),
    [
        (TSHIRT, 0.2),
        (TROUSER, 0.2),
        (PULLOVER, 0.35),
        (DRESS, 0.47),
        (COAT, 0.23),
        (SANDAL, 0.3),
        (SHIRT, 0.35),
        (SNEAKER, 0.45),
        (BAG, 0.45),
        (BOOT, 0.45),
    ],
)
def test_the_share_that_is_cut_anew(label, share):
    numbers = rng()
    made = [vary_shape(block(20, 12), label, numbers) is not None for _ in range(1000)]
    assert abs(np.mean(made) - share) < 4 * np.sqrt(share * (1 - share) / 1000)


def test_each_cut_of_a_class_gets_its_own_share():
    table = [(0.3, max), (0.2, min)]
    drawn = [shapes._drawn_by_lot(table, lot) for lot in (0.0, 0.29, 0.3, 0.49, 0.5, 0.99)]
    assert drawn == [max, max, min, min, None, None]


@pytest.mark.parametrize("image", [np.zeros((28, 28), np.uint8), block(3, 20), block(20, 2)])
def test_next_to_nothing_has_no_other_cut(image):
    numbers = rng()
    assert all(vary_shape(image, label, numbers) is None for label in range(10) for _ in range(20))


def test_a_dress_gets_a_waist_and_a_wider_hem():
    for seed in range(20):
        wide = widths(cut_of(shapes._flared, block(28, 10), DRESS, seed))
        waist = wide[int(0.4 * len(wide))]
        assert waist <= 12  # no wider than it was, but for soft edges
        assert wide[-2] > waist
        assert 17 <= len(wide) <= 28  # never longer


def test_a_backpack_is_round_at_the_top_and_not_wide():
    for seed in range(20):
        cut = cut_of(shapes._backpack, block(14, 28), BAG, seed)
        wide = widths(cut)
        assert 28 <= cut.shape[0] <= 32
        assert cut.shape[1] <= 28
        assert wide[2] < 0.9 * wide.max()  # the loop, or the first rows of the arch
        assert wide[cut.shape[0] // 2] >= 0.95 * cut.shape[1]


def test_a_folded_shirt_loses_its_sleeves_alone():
    image = block(24, 24, 100)
    image[2:26, 10:18] = 200  # the body, which nothing may cut
    for seed in range(20):
        cut = cut_of(shapes._folded, image, SHIRT, seed)
        assert 10 <= cut.shape[1] <= 18
        assert 12 <= cut.shape[0] <= 24
        assert (cut == 200).sum(axis=1).min() == 8


@pytest.mark.parametrize("label", [PULLOVER, COAT])
def test_a_hood_stands_above_a_garment_that_stays_as_it_was(label):
    image = block(20, 26)
    garment = image[4:24, 1:27]
    for seed in range(20):
        cut = cut_of(shapes._hooded, image, label, seed)
        above = cut.shape[0] - 20
        assert 3 <= above <= 7
        assert np.array_equal(cut[-6:], garment[-6:])
        hood = widths(cut)[:above]
        assert 0 < hood.max() < 16


def test_legs_are_spread_below_the_crotch_alone():
    image = block(28, 12)
    for seed in range(20):
        cut = cut_of(shapes._apart, image, TROUSER, seed)
        wide = widths(cut)
        assert cut.shape[0] == 28
        assert (wide[:6] == 12).all()  # waist and hips stay
        assert (np.diff(wide) >= 0).all()
        assert wide[-1] > wide[0]
        middle = cut.shape[1] // 2
        assert not cut[-1, middle - 1 : middle + 1].any()  # the floor is seen between the feet


@pytest.mark.parametrize("label", [SANDAL, SNEAKER, BOOT])
def test_shoes_from_above_are_a_mirrored_pair(label):
    pairs = 0
    for seed in range(30):
        cut = cut_of(from_above.draw_shoes_from_above, block(12, 28), label, seed)
        half = cut.shape[1] // 2
        left, right = cut[:, :half], cut[:, -half:][:, ::-1]
        if cut.shape[1] < 20:
            continue  # a single shoe
        pairs += 1
        # one of the two may lie a little lower
        tall = len(left)
        same = [
            np.array_equal(left[max(d, 0) : tall + min(d, 0)], right[max(-d, 0) : tall - max(d, 0)])
            for d in range(-8, 9)
        ]
        assert any(same)
    assert pairs >= 20


@pytest.mark.parametrize(("label", "open_heels"), [(SANDAL, (0, 18)), (SNEAKER, (24, 30))])
def test_a_shoe_is_open_at_the_heel_where_a_sandal_shows_its_sole(label, open_heels):
    def tones(seed):
        shoe = from_above._shoe_from_above(label, 120.0, rng(seed))
        middle = shoe.shape[1] // 2
        return int(shoe[round(0.71 * len(shoe)), middle]), int(shoe[2, middle])

    # a strap crosses the heel now and then, and many a shoe is as dark inside as outside
    differ = [abs(heel - toe) > 10 for heel, toe in map(tones, range(30))]
    assert open_heels[0] <= sum(differ) <= open_heels[1]


def test_every_training_image_can_be_cut(monkeypatch):
    part = load("train")
    always = {
        label: [(1 / len(options), cut) for _, cut in options]
        for label, options in shapes._SHAPES.items()
    }
    monkeypatch.setattr(shapes, "_SHAPES", always)
    numbers, share = rng(), slice(0, 60_000, 30)
    for image, label in zip(part.images[share], part.labels[share], strict=True):
        cut = vary_shape(image, int(label), numbers)
        if cut is not None:
            assert cut.dtype == np.uint8
            assert stylised.frame_garment(cut).any()
