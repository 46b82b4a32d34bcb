"""Ranked pairs and shares of a confusion matrix, against counts by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from fmnist.metrics.confusions import confused_pairs, normalise_confusion
from fmnist.metrics.report import evaluate_probabilities
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


def test_pairs_by_hand():
    matrix = np.array([[9, 1, 0], [4, 7, 2], [0, 2, 5]])
    found = [(p.first, p.second, p.forth, p.back, p.total) for p in confused_pairs(matrix)]
    assert found == [(1, 0, 4, 1, 5), (1, 2, 2, 2, 4)]


def test_pairs_hold_every_mistake(test_part):
    stored = load_predictions(find_run("seed-cnn"))
    pairs = confused_pairs(evaluate_probabilities(stored, test_part.labels).confusion)
    assert sum(p.total for p in pairs) == (stored.argmax(axis=1) != test_part.labels).sum()
    assert [p.total for p in pairs] == sorted((p.total for p in pairs), reverse=True)


def test_shares_are_recall_and_precision(test_part):
    answers = load_predictions(find_run("seed-cnn")).argmax(axis=1)
    labels = test_part.labels
    confusion = evaluate_probabilities(np.eye(10, dtype=np.float32)[answers], labels).confusion
    assert np.diag(normalise_confusion(confusion, "row")) == pytest.approx(
        recall_score(labels, answers, average=None)
    )
    assert np.diag(normalise_confusion(confusion, "column")) == pytest.approx(
        precision_score(labels, answers, average=None)
    )
    assert not normalise_confusion(np.zeros((10, 10), int), "column").any()
    with pytest.raises(ValueError, match="'diagonal'"):
        normalise_confusion(confusion, "diagonal")
