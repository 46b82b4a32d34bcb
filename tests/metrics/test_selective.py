"""Answering from a confidence on, counted against the stored predictions one by one."""

import numpy as np
import pytest

from fmnist.metrics.report import evaluate_probabilities
from fmnist.metrics.selective import selective_accuracy
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9, 0.999])
def test_counts(stored, test_part, threshold):
    given = [max(row) >= threshold for row in stored.tolist()]
    right = [
        was and int(np.argmax(row)) == label
        for row, label, was in zip(stored, test_part.labels, given, strict=True)
    ]
    left = selective_accuracy(stored, test_part.labels, threshold)
    assert (left.answered, left.right) == (sum(given), sum(right))
    assert left.share == sum(given) / 10_000
    assert left.accuracy == sum(right) / sum(given)
    assert left.interval[0] < left.accuracy < left.interval[1]
    assert left.confusion.sum() == 10_000
    assert left.confusion[:, 10].sum() == 10_000 - sum(given)


def test_without_a_threshold_it_is_the_report(stored, test_part):
    left = selective_accuracy(stored, test_part.labels, 0)
    assert np.array_equal(
        left.confusion[:, :10], evaluate_probabilities(stored, test_part.labels).confusion
    )
    assert left.share == 1


def test_nothing_answered_has_no_accuracy():
    left = selective_accuracy(np.full((4, 10), 0.1), np.arange(4), 0.5)
    assert (left.answered, left.accuracy, left.interval) == (0, None, None)
