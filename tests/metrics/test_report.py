"""The report's numbers against scikit-learn on the stored predictions and against plain NumPy."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from fmnist.data import CLASS_NAMES
from fmnist.metrics import report
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


@pytest.fixture(scope="module")
def result(stored, test_part):
    return report.evaluate_probabilities(stored, test_part.labels)


def test_shipped_run_reaches_the_specification(result):
    assert result.n == 10_000
    assert result.accuracy >= 0.91


def test_numbers_are_those_of_scikit_learn(result, stored, test_part):
    predicted = stored.argmax(axis=1)
    assert result.accuracy == metrics.accuracy_score(test_part.labels, predicted)
    np.testing.assert_array_equal(
        result.confusion, metrics.confusion_matrix(test_part.labels, predicted)
    )
    theirs = metrics.classification_report(
        test_part.labels, predicted, target_names=CLASS_NAMES, output_dict=True
    )
    assert list(result.report) == list(theirs)
    for name, row in theirs.items():
        assert result.report[name] == pytest.approx(row)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_of_any_answers_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    n, occur = int(rng.integers(1, 300)), int(rng.integers(2, 11))  # classes that occur
    probabilities = rng.dirichlet(np.full(10, 0.3), n).astype(np.float32)
    labels = rng.integers(0, occur, n)
    result = report.evaluate_probabilities(probabilities, labels)
    theirs = metrics.classification_report(
        labels,
        probabilities.argmax(axis=1),
        labels=range(10),
        target_names=CLASS_NAMES,
        zero_division=0,
        output_dict=True,
    )
    exact = probabilities.astype(float) / probabilities.sum(axis=1, keepdims=True, dtype=float)
    assert result.loss == pytest.approx(metrics.log_loss(labels, exact, labels=range(10)))
    for name in (*CLASS_NAMES, "macro avg", "weighted avg"):
        assert result.report[name] == pytest.approx(theirs[name])


def test_loss_is_the_mean_negative_log_of_the_true_class(result, stored, test_part):
    right = stored[np.arange(10_000), test_part.labels].astype(np.float64)
    assert result.loss == pytest.approx(-np.log(right).mean(), rel=1e-4)


def test_scores_in_run_json_are_these(result):
    scores = find_run("seed-cnn").scores
    assert scores["test_accuracy"] == result.accuracy
    assert scores["test_loss"] == pytest.approx(result.loss, rel=1e-4)


@pytest.mark.parametrize(("right", "n"), [(9194, 10_000), (0, 10), (10, 10), (1, 1), (3, 7)])
def test_interval_is_wilsons(right, n):
    theirs = binomtest(right, n).proportion_ci(confidence_level=0.95, method="wilson")
    assert report.wilson_interval(right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_class_that_is_never_predicted_keeps_its_row(test_part):
    probabilities = np.zeros((10_000, 10), np.float32)
    probabilities[:, 8] = 1  # "Bag", as the public systems answer
    result = report.evaluate_probabilities(probabilities, test_part.labels)
    assert result.accuracy == 0.1
    assert result.report["Trouser"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1-score": 0.0,
        "support": 1000.0,
    }
    assert result.confusion[:, 8].tolist() == [1000] * 10
    assert math.isfinite(result.loss)


def test_class_that_occurs_nowhere_keeps_its_row():
    probabilities = np.eye(10, dtype=np.float32)[[0, 1, 1]]
    result = report.evaluate_probabilities(probabilities, np.array([0, 1, 0]))
    assert result.confusion.shape == (10, 10)
    assert result.report["Bag"]["support"] == 0
    assert result.accuracy == pytest.approx(2 / 3)


def test_report_rows(result):
    rows = report.report_rows(result.report)
    assert [row["class"] for row in rows] == [*CLASS_NAMES, "macro avg", "weighted avg"]
    assert sum(row["support"] for row in rows[:10]) == 10_000
