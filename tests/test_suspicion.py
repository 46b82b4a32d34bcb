"""Suspicious labels, held to the paper's definition written out image by image."""

import numpy as np
import pytest

from fmnist import runs
from fmnist.suspicion import margin, suspects


def test_margin_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]], np.float32)
    assert margin(probabilities, np.array([0, 2])) == pytest.approx([0.5, -0.6])


def test_suspects_are_those_of_the_paper(test_part):
    chosen = slice(0, 800)
    stored = runs.load_predictions(runs.find("seed-cnn"))[chosen]
    labels = test_part.labels[chosen]
    thresholds = [stored[labels == c, c].mean() for c in range(10)]
    expected = []
    for probabilities, label in zip(stored, labels, strict=True):
        counted = [c for c in range(10) if probabilities[c] >= thresholds[c]]
        likeliest = max(counted, key=lambda c: probabilities[c]) if counted else label
        expected.append(likeliest != label)
    assert suspects(stored, labels).tolist() == expected
    assert 0 < sum(expected) < 80


def test_a_class_that_no_label_names_accuses_nobody():
    probabilities = np.array([[0.2, 0.05, 0.75], [0.05, 0.2, 0.75]])
    assert not suspects(probabilities, np.array([0, 1])).any()


def test_a_wrong_label_is_found_among_sure_answers(test_part):
    stored = runs.load_predictions(runs.find("seed-cnn"))
    labels = test_part.labels.copy()
    sure = np.flatnonzero((stored.argmax(axis=1) == labels) & (stored.max(axis=1) > 0.99))[:100]
    labels[sure] = (labels[sure] + 1) % 10
    assert suspects(stored, labels)[sure].all()
    assert set(np.argsort(margin(stored, labels))[:80]) <= set(sure) | set(
        np.flatnonzero(margin(stored, labels) < -0.95)
    )
