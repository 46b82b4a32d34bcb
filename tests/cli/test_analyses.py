"""`analyse` in small: what it keeps is what a page would compute of the same images."""

import numpy as np
import pytest

from fmnist import data
from fmnist.analysis import neighbours, projection, training_distance
from fmnist.analysis.corruptions import CORRUPTIONS, corrupt_images, read_corruptions
from fmnist.data import Part
from fmnist.inference.classifier import load_classifier


def test_analyse_keeps_all_that_pages_compute_on_first_use(command, own_run, monkeypatch):
    small = {}
    for name, count in (("train", 600), ("test", 120)):
        part = data.load(name)
        small[name] = Part(part.images[:count], part.labels[:count])
    for module in (data, neighbours):
        monkeypatch.setattr(module, "load", small.__getitem__)
    run = own_run("mine")
    done = command("analyse", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine: 120 test images laid out.\n"

    classifier, test = load_classifier(run), small["test"]
    learnt = neighbours.training_indices(run, small["train"].labels)
    _, trained = classifier(small["train"].images[learnt])
    probabilities, features = classifier(test.images)
    rows, others = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in (features, trained))
    cosines = rows @ others.T
    found = training_distance.read_training_distance(run, 120)
    assert found.distances == pytest.approx(1 - cosines.max(axis=1), abs=1e-3)  # from float16
    assert (found.nearest == learnt[cosines.argmax(axis=1)]).mean() > 0.98

    known = neighbours.TrainingFeatures(run, classifier)
    assert known.indexed
    assert known.done == 1
    assert known.nearest(features[0], 1)[0] == [found.nearest[0]]

    sheet = read_corruptions(run)
    right = (probabilities.argmax(axis=1) == test.labels).sum()
    assert (sheet["n"], sheet["plain"]) == (120, right)
    for name in CORRUPTIONS:
        said, _ = classifier(corrupt_images(test.images, name, 3))
        assert sheet["right"][name][2] == (said.argmax(axis=1) == test.labels).sum()
    assert np.array_equal(projection.read_projection(run, 120), projection.project_tsne(features))
