"""Reliability and top-k against scikit-learn on the stored predictions of a shipped run."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import top_k_accuracy_score

from fmnist.metrics.calibration import expected_calibration_error, reliability_bins, top_k
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


def test_bins_are_scikit_learns(stored, test_part):
    right = stored.argmax(axis=1) == test_part.labels
    share, confidence = calibration_curve(right, stored.max(axis=1), n_bins=15)
    bins = reliability_bins(stored, test_part.labels)
    assert [b.accuracy for b in bins] == pytest.approx(list(share))
    assert [b.confidence for b in bins] == pytest.approx(list(confidence), abs=1e-6)
    assert sum(b.n for b in bins) == 10_000
    assert all(b.interval[0] <= b.accuracy <= b.interval[1] for b in bins)


def test_error_is_the_weighted_gap(stored, test_part):
    bins = reliability_bins(stored, test_part.labels)
    gaps = np.array([abs(b.accuracy - b.confidence) for b in bins])
    assert expected_calibration_error(stored, test_part.labels) == pytest.approx(
        gaps @ [b.n / 10_000 for b in bins]
    )


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_top_k_is_scikit_learns(stored, test_part, k):
    expected = top_k_accuracy_score(test_part.labels, stored, k=k, normalize=False)
    assert top_k(stored, test_part.labels, k) == expected


def test_top_1_of_equal_probabilities_is_the_answer():
    flat = np.full((10, 10), 0.1)
    assert top_k(flat, np.arange(10), 1) == 1  # argmax is class 0 for all
    assert top_k(flat, np.arange(10), 4) == 4


def test_a_confidence_on_a_border_belongs_to_the_lower_bin():
    probabilities = np.zeros((1, 10))
    probabilities[0, 0], probabilities[0, 1] = 0.8, 0.2
    (only,) = reliability_bins(probabilities, np.array([0]), bins=5)
    assert (only.low, only.high) == pytest.approx((0.6, 0.8))
