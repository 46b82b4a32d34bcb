"""Nearest training images against scikit-learn, and a cache that is whole or made again."""

import os
import threading

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from fmnist.analysis import corruptions, neighbours, projection
from fmnist.analysis.neighbours import TrainingFeatures, training_indices
from fmnist.analysis.training_distance import read_training_distance
from fmnist.data import load, split
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import DEFAULT_RUN, find_run, list_runs
from fmnist.settings import TrainSettings

FRACTION = 0.02  # 1,100 images, so three steps


@pytest.fixture
def small_run(own_run):
    return own_run("small", settings=TrainSettings(fraction=FRACTION).to_dict())


@pytest.fixture
def classifier(small_run):
    return load_classifier(small_run)


class CountingClassifier:
    def __init__(self, classifier):
        self.classifier, self.images = classifier, 0

    def __call__(self, images):
        self.images += len(images)
        return self.classifier(images)


def complete(run, classifier) -> TrainingFeatures:
    known = TrainingFeatures(run, classifier)
    while known.advance() < 1:
        pass
    return known


def cache_files(runs_dir):
    return sorted(path.name for path in (runs_dir / ".cache").glob("*"))


def test_nearest_agrees_with_scikit_learn(small_run, classifier, test_part):
    known = complete(small_run, classifier)
    train = load("train")
    indices = split(train.labels, FRACTION)[0]
    reference = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    reference.fit(classifier(train.images[indices])[1])
    features = classifier(test_part.images[:50])[1]
    expected, rows = reference.kneighbors(features)
    for at in range(50):
        found, distances, labels = known.nearest(features[at])
        # float16 rounding may swap two that are equally near
        assert len(set(found) & set(indices[rows[at]])) >= 7
        np.testing.assert_allclose(distances, expected[at], atol=1e-3)
        np.testing.assert_array_equal(labels, train.labels[found])
        assert (np.diff(distances) >= 0).all()


def test_an_index_is_asked_at_once_and_agrees_with_scikit_learn(
    small_run, classifier, runs_dir, test_part, monkeypatch
):
    monkeypatch.setattr(neighbours, "CANDIDATES", 60)
    known = complete(small_run, classifier)
    known.write_index(small_run)
    for file in (runs_dir / ".cache").glob("*-1100.npz"):
        file.unlink()
    counting = CountingClassifier(classifier)
    indexed = TrainingFeatures(small_run, counting)
    assert indexed.indexed
    assert not known.indexed
    assert len(list((runs_dir / ".cache" / "neighbours").iterdir())) == 1  # no room is made of it
    train = load("train")
    reference = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    reference.fit(classifier(train.images[known.indices])[1])
    features = classifier(test_part.images[:50])[1]
    expected, rows = reference.kneighbors(features)
    same = 0
    for at in range(50):
        found, distances, labels = indexed.nearest(features[at])
        same += len(set(found) & set(known.indices[rows[at]]))
        np.testing.assert_array_equal(labels, train.labels[found])
        assert (np.diff(distances) >= 0).all()
        assert distances[0] == pytest.approx(expected[at, 0], abs=1e-3)
    assert same >= 0.97 * 8 * 50
    assert counting.images == 1 + 60 * 50
    with pytest.raises(RuntimeError, match="advance"):
        indexed.nearest_of_many(features)


@pytest.mark.parametrize("name", [run.name for run in list_runs() if run.shipped])
def test_shipped_runs_come_with_what_pages_show(name, test_part):
    run = find_run(name)
    assert projection.read_projection(run, 10_000) is not None
    assert corruptions.read_corruptions(run) is not None
    measured = read_training_distance(run, 10_000)
    classifier = load_classifier(run)
    known = TrainingFeatures(run, classifier)
    features = classifier(test_part.images[:2])[1]
    for at in range(2):
        found, distances, _ = known.nearest(features[at], 2)
        assert measured.nearest[at] in found  # two may be equally near
        assert measured.distances[at] == pytest.approx(distances[0], abs=1e-3)


def test_training_image_is_its_own_nearest(small_run, classifier):
    known = complete(small_run, classifier)
    image = load("train").images[known.indices[123]]
    found, distances, _ = known.nearest(classifier(image[np.newaxis])[1][0], count=3)
    assert len(found) == 3
    assert found[0] == known.indices[123]
    assert distances[0] == pytest.approx(0, abs=1e-3)


def test_only_what_the_run_learnt_from_is_searched(own_run):
    labels = load("train").labels
    whole = own_run("whole", settings=TrainSettings(holdout=False).to_dict())
    assert len(training_indices(whole, labels)) == 60_000
    usual = training_indices(find_run(DEFAULT_RUN), labels)
    assert len(usual) == 55_000
    assert not set(usual) & set(split(labels)[1])


def test_progress_grows_and_must_be_complete(small_run, classifier):
    known = TrainingFeatures(small_run, classifier)
    assert known.done == 0
    with pytest.raises(RuntimeError, match="advance"):
        known.nearest(np.ones(256, np.float32))
    assert known.nbytes == 1_100 * 256 * 4  # which it is going to need
    assert [known.advance() for _ in range(3)] == [500 / 1_100, 1_000 / 1_100, 1.0]
    assert known.nbytes == known._units.nbytes
    assert known.advance() == 1.0


def test_cache_is_used_again_and_answers_the_same(small_run, classifier, runs_dir, test_part):
    first = complete(small_run, classifier)
    name = f"{small_run.files['model.tflite']}-1100.npz"
    assert cache_files(runs_dir) == [name]
    counting = CountingClassifier(classifier)
    again = TrainingFeatures(small_run, counting)
    assert again.done == 1
    assert counting.images == 1  # to learn the features' length
    features = classifier(test_part.images[:1])[1][0]
    for one, other in zip(first.nearest(features), again.nearest(features), strict=True):
        np.testing.assert_array_equal(one, other)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5_000])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def fill(array):
    def write(path):
        np.savez(path, units=array)

    return write


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flip,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 nonsense"),
        fill(np.zeros((1_100, 7), np.float16)),
        fill(np.zeros((3, 256), np.float16)),
        fill(np.zeros((1_100, 256), np.float64)),
        fill(np.full((1_100, 256), np.nan, np.float16)),
        fill(np.array([{"an": "object"}])),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_damaged_cache_is_made_again(small_run, classifier, runs_dir, test_part, damage):
    features = classifier(test_part.images[:1])[1][0]
    expected = complete(small_run, classifier).nearest(features)
    damage(runs_dir / ".cache" / cache_files(runs_dir)[0])
    known = TrainingFeatures(small_run, classifier)
    assert known.done == 0
    while known.advance() < 1:
        pass
    np.testing.assert_array_equal(known.nearest(features)[0], expected[0])


def test_folder_that_cannot_be_written_is_no_error(small_run, classifier, runs_dir):
    (runs_dir / ".cache").write_text("a file stands in the way")
    known = complete(small_run, classifier)
    assert known.nearest(np.ones(256, np.float32))[0].shape == (8,)
    assert (runs_dir / ".cache").read_text() == "a file stands in the way"


def test_shipped_folder_gets_no_cache(small_run, classifier, runs_dir, monkeypatch):
    monkeypatch.setattr(neighbours, "SHIPPED_DIR", runs_dir)
    complete(small_run, classifier)
    assert not (runs_dir / ".cache").exists()


def test_cache_is_no_run_and_keeps_the_newest_only(small_run, classifier, runs_dir, monkeypatch):
    monkeypatch.setattr(neighbours, "FILES_KEPT", 2)
    (runs_dir / ".cache").mkdir()
    for age in (3, 2, 1):
        fill(np.zeros(1))(runs_dir / ".cache" / f"{age}.npz")
        times = (1_000_000 - age, 1_000_000 - age)
        os.utime(runs_dir / ".cache" / f"{age}.npz", times)
    complete(small_run, classifier)
    assert cache_files(runs_dir) == ["1.npz", f"{small_run.files['model.tflite']}-1100.npz"]
    assert [run.name for run in list_runs() if not run.shipped] == ["small"]


def test_features_of_any_length_and_size(small_run, runs_dir):
    class Wild:
        """Three features, some of them endless or none at all."""

        def __call__(self, images):
            light = images.reshape(len(images), -1).mean(axis=1).astype(np.float32)
            features = np.stack([light * 1e30, light * 0, light], axis=1)
            features[::7] = 0
            features[::5, 1] = np.inf
            features[::11, 2] = np.nan
            return np.zeros((len(images), 10), np.float32), features

    known = complete(small_run, Wild())
    _, distances, _ = known.nearest(np.array([1, 0, 0], np.float32))
    np.testing.assert_allclose(distances, 0, atol=1e-3)
    _, distances, _ = known.nearest(np.zeros(3, np.float32))
    np.testing.assert_array_equal(distances, 1)
    assert TrainingFeatures(small_run, Wild()).done == 1


def test_threads_share_the_work(small_run, classifier, monkeypatch):
    monkeypatch.setattr(neighbours, "CHUNK", 50)
    counting = CountingClassifier(classifier)
    known = TrainingFeatures(small_run, counting)

    def work():
        while known.advance() < 1:
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counting.images == 1 + 1_100
    expected = TrainingFeatures(small_run, classifier)  # from the cache
    assert expected.done == 1
    image = load("train").images[known.indices[700]]
    assert known.nearest(classifier(image[np.newaxis])[1][0])[0][0] == known.indices[700]
