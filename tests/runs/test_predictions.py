"""Stored predictions: those that come back, and those that are refused."""

import shutil

import numpy as np
import pytest

from fmnist.errors import RunError
from fmnist.files import sha256_of
from fmnist.inference import classifier
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import read_run, write_run_info


def test_predictions_come_back(own_run):
    probabilities = np.full((10_000, 10), 0.1, np.float32)
    np.testing.assert_array_equal(
        load_predictions(own_run(probabilities=probabilities)), probabilities
    )


@pytest.mark.parametrize(
    "array",
    [
        np.full((9_999, 10), 0.1),
        np.full((10_000, 10), 0.2),
        np.full((10_000, 10), np.nan),
        np.tile(np.array([2.0, -1.0] + [0.0] * 8), (10_000, 1)),
    ],
)
def test_predictions_that_are_none_are_refused(own_run, array):
    with pytest.raises(RunError, match="damaged"):
        load_predictions(own_run(probabilities=array))


def recorded(run):
    """The run with the hash of whatever its test.npz is now."""
    sha256 = sha256_of(run.path / "test.npz")
    write_run_info(run.path, files={**run.files, "test.npz": sha256})
    return read_run(run.path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"nonsense"])
def test_damaged_predictions_are_refused(own_run, content):
    run = own_run()
    (run.path / "test.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"test\.npz was changed"):
        load_predictions(run)
    with pytest.raises(RunError, match=r"damaged: test\.npz \("):
        load_predictions(recorded(run))


def test_pickles_are_not_read(own_run):
    run = own_run()
    np.savez(run.path / "test.npz", probabilities=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match=r"damaged: test\.npz \(Object arrays"):
        load_predictions(recorded(run))


def test_a_run_that_is_gone_is_one_sentence(own_run):
    run = own_run()
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match=r"gone or cannot be read: test\.npz"):
        load_predictions(run)
    with pytest.raises(RunError, match=r"gone or cannot be read: model\.tflite"):
        classifier.load_classifier(run)
