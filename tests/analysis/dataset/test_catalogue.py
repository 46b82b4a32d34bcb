import numpy as np
import pytest
from scipy.spatial.distance import braycurtis

from fmnist.analysis.dataset.catalogue import (
    ORDERS,
    TEST,
    TRAINING,
    VALIDATION,
    dissimilarity,
    find_image,
    load_catalogue,
    name_image,
)
from fmnist.data import load, split


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def test_its_images_and_labels_are_the_published_ones(catalogue):
    train, test = load("train"), load("test")
    taken = catalogue.take([69_999, 5, 60_000, 59_999])
    wanted = [test.images[9_999], train.images[5], test.images[0], train.images[59_999]]
    np.testing.assert_array_equal(taken, wanted)
    np.testing.assert_array_equal(catalogue.labels, np.append(train.labels, test.labels))
    assert catalogue.parts[0].images is train.images  # not a copy


def test_the_splits_are_those_of_a_training(catalogue):
    training, validation = split(load("train").labels)
    np.testing.assert_array_equal(np.flatnonzero(catalogue.splits == TRAINING), training)
    np.testing.assert_array_equal(np.flatnonzero(catalogue.splits == VALIDATION), validation)
    np.testing.assert_array_equal(np.flatnonzero(catalogue.splits == TEST), range(60_000, 70_000))


def test_dissimilarity_is_that_of_bray_and_curtis(catalogue):
    rng = np.random.default_rng(0)
    ones, others = (catalogue.take(rng.integers(0, 70_000, 20)) for _ in range(2))
    pairs = zip(ones, others, strict=True)
    wanted = [braycurtis(a.ravel() / 1.0, b.ravel() / 1.0) for a, b in pairs]
    np.testing.assert_allclose(dissimilarity(ones, others), wanted, rtol=1e-6)
    black = np.zeros((28, 28), np.uint8)
    assert dissimilarity(black, black) == 0


def test_the_nearest_images_are_found_in_both_parts(catalogue):
    pixels = catalogue.take([60_007])[0]
    numbers, found = catalogue.nearest(pixels, 6)
    everything = np.concatenate([part.images for part in catalogue.parts]).reshape(-1, 784)
    sums = everything.sum(1, dtype=np.int64) + int(pixels.sum())
    gaps = np.abs(everything.astype(np.int16) - pixels.ravel()).sum(1, dtype=np.int64) / sums
    assert numbers[0] == 60_007
    np.testing.assert_array_equal(numbers, np.argsort(gaps, kind="stable")[:6])
    np.testing.assert_allclose(found, np.sort(gaps)[:6], rtol=1e-6)


def test_images_are_chosen_by_class_and_split_in_an_order(catalogue):
    assert len(catalogue.select([], [])) == 70_000
    boots = catalogue.select([9], [VALIDATION])
    assert len(boots) == 500
    assert (catalogue.labels[boots] == 9).all()
    bright = catalogue.select([1, 5], [TEST], "Brightest first")
    sums = catalogue.take(bright).sum(axis=(1, 2), dtype=np.int64)
    assert len(bright) == 2_000
    assert (np.diff(sums) <= 0).all()
    dark = catalogue.select([1, 5], [TEST], "Darkest first")
    assert catalogue.sums[dark[0]] == sums[-1]


def test_the_order_by_class_begins_with_what_its_mean_is_least_like(catalogue):
    train = load("train")
    mean = train.images[train.labels == 1].mean(axis=0)
    trousers = catalogue.select([1], [TEST], ORDERS[1])
    gaps = [braycurtis(image.ravel() / 1.0, mean.ravel()) for image in catalogue.take(trousers)]
    # the mean is rounded to whole grey values
    assert np.corrcoef(np.argsort(np.argsort(gaps)), range(len(gaps), 0, -1))[0, 1] > 0.999


@pytest.mark.parametrize(
    ("name", "number"),
    [("train 0", 0), ("test 0", 60_000), (" Test #42 ", 60_042), ("train 059999", 59_999)],
)
def test_an_image_is_found_by_its_name(name, number):
    assert find_image(name) == number
    assert find_image(name_image(number)) == number


@pytest.mark.parametrize(
    "name", ["", "42", "test", "test 10000", "train 60000", "test -3", "valid 3", "teſt 42"]
)
def test_what_names_no_image_finds_none(name):
    assert find_image(name) is None
