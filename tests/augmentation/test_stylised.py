"""Renderings of training images: what they promise to the network, not how they look."""

import numpy as np
import pytest

from fmnist.augmentation import stylised
from fmnist.augmentation.stylised import stylise_images
from fmnist.data import load
from fmnist.training.stylised_epochs import stylise_chunk


@pytest.fixture(scope="module")
def part():
    """300 training images and their labels."""
    part = load("train")
    return part.images[:300], part.labels[:300]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def box(image: np.ndarray) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what is not black, ends exclusive."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.fixture
def never_plain(monkeypatch):
    """Every image is drawn in another way, and no box or noise hides its frame."""
    monkeypatch.setattr(stylised, "UNSTYLISED", 0.0)
    monkeypatch.setattr(stylised, "erase_box", lambda image, rng, chance: image)


def test_shape_and_type_are_kept_and_the_images_themselves_untouched(part):
    images, labels = part
    before = images.copy(), labels.copy()
    rendered = stylise_images(images, labels, rng())
    assert rendered.shape == (300, 28, 28)
    assert rendered.dtype == np.uint8
    assert np.array_equal(images, before[0])
    assert np.array_equal(labels, before[1])


def test_same_numbers_same_renderings(part):
    assert np.array_equal(stylise_images(*part, rng(3)), stylise_images(*part, rng(3)))
    assert not np.array_equal(stylise_images(*part, rng(3)), stylise_images(*part, rng(4)))


def test_seeded_renderings_bring_their_labels_along(part):
    images, labels = part
    rendered, kept = stylise_chunk(images, labels, [1, 2, 3])
    assert np.array_equal(kept, labels)
    assert np.array_equal(rendered, stylise_images(images, labels, rng([1, 2, 3])))


def test_every_class_can_be_rendered_in_every_way(part, never_plain):
    images, labels = part
    for seed in range(3):
        rendered = stylise_images(images, labels, rng(seed))
        for label in range(10):
            assert rendered[labels == label].any(axis=(1, 2)).mean() > 0.95


def test_longest_edge_is_28_and_the_garment_is_in_the_middle(part, never_plain):
    rendered = stylise_images(*part, rng())
    framed = [box(image) for image in rendered if image.any()]
    assert len(framed) > 290
    longest = [max(bottom - top, right - left) for top, bottom, left, right in framed]
    # noise on the black ground, and a faint last row that rounds to nothing, move a few
    assert np.mean(np.equal(longest, 28)) > 0.95
    gaps = [(top, 28 - bottom, left, 28 - right) for top, bottom, left, right in framed]
    off = [max(abs(a - b), abs(c - d)) for a, b, c, d in gaps]
    assert np.mean(np.less_equal(off, 1)) > 0.9


def test_a_vanished_garment_is_black_and_no_error(never_plain):
    black = np.zeros((40, 28, 28), np.uint8)
    rendered = stylise_images(black, np.arange(40, dtype=np.uint8) % 10, rng())
    assert rendered.shape == black.shape


def test_half_of_the_images_are_mirrored(monkeypatch):
    monkeypatch.setattr(stylised, "UNSTYLISED", 1.0)
    monkeypatch.setattr(stylised, "erase_box", lambda image, rng, chance: image)
    monkeypatch.setattr(stylised, "shift_images", lambda images, down, right: images)
    image = np.zeros((28, 28), np.uint8)
    image[:, :10] = 200
    rendered = stylise_images(np.stack([image] * 1_000), np.zeros(1_000, np.uint8), rng())
    mirrored = (rendered == image[:, ::-1]).all(axis=(1, 2))
    assert ((rendered == image).all(axis=(1, 2)) | mirrored).all()
    assert 0.45 < mirrored.mean() < 0.55  # three standard deviations


def test_the_share_that_stays_plain_is_as_stated(part, monkeypatch):
    counted = []
    monkeypatch.setattr(stylised, "_warp", lambda image, rng: counted.append(1) or image)
    drawn = lambda image, label, rng: counted.append(1) or image  # noqa: E731
    monkeypatch.setattr(stylised, "draw_sketch", drawn)
    stylise_images(*part, rng())
    assert 1 - len(counted) / 300 == pytest.approx(stylised.UNSTYLISED, abs=0.09)


def test_spread_sleeves_widen_a_garment_and_nothing_else():
    rng = np.random.default_rng(0)
    garment = np.zeros((28, 28), np.uint8)
    garment[0:28, 9:19] = 200  # a body ...
    garment[4:26, 3:8] = garment[4:26, 20:25] = 120  # ... and two sleeves that hang
    spread = stylised._spread(garment, rng)
    columns = np.flatnonzero(spread.any(axis=0))
    assert np.ptp(columns) > 26
    assert (spread[2:30, 26:34] == 200).all()  # the body stays where it is
    narrow = np.zeros((28, 28), np.uint8)
    narrow[:, 10:20] = 200
    assert np.array_equal(stylised._spread(narrow, rng), narrow)
