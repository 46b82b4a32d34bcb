"""The strip of six training images and what becomes of them."""

import numpy as np
import pytest

from fmnist import data
from fmnist.errors import DatasetError
from fmnist.settings import TrainSettings
from fmnist.training import preview
from fmnist.training.preview import EPOCHS, draw_preview, load_examples

SIDE = 28 * preview.FACTOR


@pytest.fixture(autouse=True)
def fresh_examples():
    load_examples.cache_clear()


def rows(settings) -> np.ndarray:
    """The strip taken apart again: (1 + EPOCHS, 6, 28, 28)."""
    picture = draw_preview(*load_examples(), settings)
    assert picture.shape == ((1 + EPOCHS) * SIDE + preview.GAP, 6 * SIDE)
    assert picture.dtype == np.uint8
    tiles = np.delete(picture, slice(SIDE, SIDE + preview.GAP), axis=0)
    small = tiles[:: preview.FACTOR, :: preview.FACTOR]
    np.testing.assert_array_equal(np.kron(small, np.ones((3, 3), np.uint8)), tiles)  # hard edges
    return small.reshape(1 + EPOCHS, 28, 6, 28).swapaxes(1, 2)


def test_the_examples_are_of_six_classes_and_in_every_training():
    images, labels = load_examples()
    assert images.shape == (6, 28, 28)
    assert sorted(labels) == sorted(set(labels))
    part = data.load("train")
    for fraction in (0.01, 0.1, 1.0):
        learnt = part.images[data.split(part.labels, fraction)[0]]
        assert all((learnt == image).all(axis=(1, 2)).any() for image in images)


def test_without_augmentation_all_rows_are_the_images():
    for row in rows(TrainSettings()):
        np.testing.assert_array_equal(row, load_examples()[0])


def test_mirrored_images_are_mirrored_whole_and_not_all_of_them():
    images = load_examples()[0]
    first, *later = rows(TrainSettings(mirror=True))
    np.testing.assert_array_equal(first, images)
    turned = [
        (row[at] == images[at, :, ::-1]).all() and not (row[at] == images[at]).all()
        for row in later
        for at in range(6)
    ]
    kept = [(row[at] == images[at]).all() for row in later for at in range(6)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))
    assert 0 < sum(turned) < len(turned)


def test_shifted_images_are_the_images_moved():
    images = load_examples()[0]
    _, *later = rows(TrainSettings(shift=3))
    padded = np.pad(images, ((0, 0), (3, 3), (3, 3)))
    moved = [(y, x) for y in range(7) for x in range(7)]
    for row in later:
        for at in range(6):
            windows = (padded[at, y : y + 28, x : x + 28] for y, x in moved)
            assert any((row[at] == window).all() for window in windows)
    assert not all((row == images).all() for row in later)


def test_erasing_changes_every_image_where_its_share_is_all():
    images = load_examples()[0]
    _, *later = rows(TrainSettings(erasing=1.0))
    for row in later:
        assert (row != images).any(axis=(1, 2)).all()


def test_renderings_differ_from_epoch_to_epoch():
    first, *later = rows(TrainSettings(stylised=True))
    np.testing.assert_array_equal(first, load_examples()[0])
    assert len({row.tobytes() for row in later}) == EPOCHS


def test_the_seed_decides_what_is_shown():
    one, again = (draw_preview(*load_examples(), TrainSettings(shift=2, seed=1)) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert (one != draw_preview(*load_examples(), TrainSettings(shift=2, seed=2))).any()


def test_without_the_training_images_there_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    with pytest.raises(DatasetError, match="is missing"):
        load_examples()
