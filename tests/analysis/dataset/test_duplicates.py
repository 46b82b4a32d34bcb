import json

import numpy as np
from sklearn.metrics import pairwise_distances

from fmnist.analysis.dataset import duplicates
from fmnist.analysis.dataset.catalogue import dissimilarity, load_catalogue
from fmnist.data import load


def test_no_pair_is_left_out_and_none_is_invented():
    images = load("test").images[:600]
    twins = np.concatenate([images, images[:3], np.maximum(images[7:9], 4)])
    found = duplicates.collect_pairs(duplicates.find_duplicate_pairs(twins, 0.09), 0.09)
    wanted = pairwise_distances(twins.reshape(len(twins), -1) / 1.0, metric="braycurtis")
    first, second = np.nonzero(np.triu(wanted <= 0.09, 1))
    assert len(first) > 20
    assert set(map(tuple, found.numbers)) == set(zip(first, second, strict=True))
    np.testing.assert_allclose(
        found.dissimilarities, wanted[tuple(found.numbers.T)], rtol=1e-5, atol=1e-7
    )
    assert (np.diff(found.dissimilarities) >= 0).all()


def test_black_images_are_duplicates_of_each_other():
    images = np.zeros((3, 28, 28), np.uint8)
    images[2] = 200
    found = duplicates.collect_pairs(duplicates.find_duplicate_pairs(images))
    assert found.numbers.tolist() == [[0, 1]]


def test_the_shipped_table_is_right_about_its_pairs():
    catalogue, pairs = load_catalogue(), duplicates.load_duplicate_pairs()
    first, second = (catalogue.take(pairs.numbers[:, side]) for side in (0, 1))
    values = dissimilarity(first, second)
    assert len(values) == 1_049
    assert values.max() <= pairs.most == duplicates.MOST
    np.testing.assert_allclose(pairs.dissimilarities, values, atol=5.1e-5)  # four decimals
    assert json.loads(duplicates.pairs_json(pairs)) == json.loads(duplicates.SHIPPED.read_text())


def test_the_shipped_table_lacks_no_pair_of_a_few_hundred_images():
    """All others are looked at by `python -m fmnist duplicates`, which takes a minute."""
    catalogue, pairs = load_catalogue(), duplicates.load_duplicate_pairs()
    numbers = np.unique(pairs.numbers[::4])[:400]
    found = duplicates.collect_pairs(duplicates.find_duplicate_pairs(catalogue.take(numbers)))
    among = np.isin(pairs.numbers, numbers).all(axis=1)
    assert set(map(tuple, numbers[found.numbers])) == set(map(tuple, pairs.numbers[among]))


def test_pairs_are_counted_by_part_and_label():
    pairs = duplicates.DuplicatePairs(
        np.array([[1, 2], [3, 60_000], [4, 60_000], [60_001, 60_002]]), np.zeros(4), 0.04
    )
    assert pairs.across().tolist() == [False, True, True, False]
    assert len(duplicates.find_leaks(pairs)) == 1
    assert pairs.partners(60_000) == [3, 4]
    assert pairs.partners(5) == []
    labels = load_catalogue().labels
    assert duplicates.differing_labels(pairs, load_catalogue()).tolist() == [
        labels[a] != labels[b] for a, b in pairs.numbers
    ]
    text = duplicates.pairs_text(pairs, load_catalogue())
    assert "     1  test images in those" in text
