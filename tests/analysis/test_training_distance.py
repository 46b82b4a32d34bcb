"""The nearest training image of every test image, and test images that were learnt from."""

import numpy as np
import pytest

from fmnist.analysis import training_distance
from fmnist.analysis.neighbours import TrainingFeatures
from fmnist.analysis.training_distance import TrainingDistance
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import runs_directory
from fmnist.settings import TrainSettings


def test_it_agrees_with_the_search_for_one(own_run, test_part):
    run = own_run(settings=TrainSettings(fraction=0.05).to_dict())
    classifier = load_classifier(run)
    training = TrainingFeatures(run, classifier)
    while training.advance() < 1:
        pass
    _, features = classifier(test_part.images[:600])
    *shares, found = training_distance.measure_training_distance(features, training)
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1
    assert found.nearest.shape == found.distances.shape == (600,)
    for index in range(0, 600, 40):
        indices, away, _ = training.nearest(features[index], 1)
        assert found.nearest[index] == indices[0]
        assert found.distances[index] == pytest.approx(away[0], abs=1e-5)


def made(count: int = 20) -> TrainingDistance:
    return TrainingDistance(np.arange(count), np.linspace(0, 1, count, dtype=np.float32))


def test_what_was_measured_is_kept_for_the_network(own_run):
    run = own_run()
    assert training_distance.read_training_distance(run, 20) is None
    training_distance.write_training_distance(run, made())
    kept = training_distance.read_training_distance(run, 20)
    assert np.array_equal(kept.nearest, made().nearest)
    assert np.array_equal(kept.distances, made().distances)
    assert training_distance.read_training_distance(run, 21) is None


def test_a_damaged_file_is_measured_again(own_run):
    run = own_run()
    training_distance.write_training_distance(run, made())
    (file,) = (runs_directory() / ".cache" / "distances").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)
    assert training_distance.read_training_distance(run, 20) is None


def test_a_folder_that_cannot_be_written_is_no_error(own_run):
    run = own_run()
    (runs_directory() / ".cache").write_text("a file is in the way")
    training_distance.write_training_distance(run, made())
    assert training_distance.read_training_distance(run, 20) is None
