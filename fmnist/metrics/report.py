"""From stored probabilities to the numbers of the report: scikit-learn computes, this arranges."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fmnist.data import CLASS_NAMES

LABELS = range(len(CLASS_NAMES))


@dataclass(frozen=True)
class Evaluation:
    """What one run achieves on n labelled images.

    accuracy: share right, 0..1; interval: its 95 % Wilson interval (low, high)
    loss: mean cross-entropy in nats
    report: scikit-learn's classification_report as a dict: class name -> precision, recall,
        f1-score, support; "accuracy"; "macro avg"; "weighted avg"
    confusion: (10, 10) int64, row = true class, column = predicted class
    """

    n: int
    accuracy: float
    interval: tuple[float, float]
    loss: float
    report: dict
    confusion: np.ndarray


def evaluate_probabilities(probabilities: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Judge probabilities (N, 10) float32 by the true labels (N,), N >= 1."""
    from sklearn.metrics import classification_report, log_loss  # see wilson_interval

    predicted = probabilities.argmax(axis=1)
    right = int((predicted == labels).sum())
    # float64 and renormalised, because float32 rows that sum to 1.0000001 make log_loss warn
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return Evaluation(
        n=len(labels),
        accuracy=right / len(labels),
        interval=wilson_interval(right, len(labels)),
        loss=float(log_loss(labels, exact, labels=LABELS)),
        # labels: a class that was never predicted still has its row
        report=classification_report(
            labels,
            predicted,
            labels=LABELS,
            target_names=CLASS_NAMES,
            zero_division=0,
            output_dict=True,
        ),
        confusion=count_confusions(labels, predicted),
    )


def count_confusions(
    labels: np.ndarray, predicted: np.ndarray, columns: int = len(CLASS_NAMES)
) -> np.ndarray:
    """Count (10, columns) int64: row = true class, column = predicted class.

    labels, predicted: (N,) integers; columns: 11 where a prediction may be 10, for none
    """
    cells = labels.astype(np.int64) * columns + predicted
    return np.bincount(cells, minlength=len(CLASS_NAMES) * columns).reshape(-1, columns)


@lru_cache(maxsize=10_000)  # SciPy takes 2 ms, and a page asks for the same ones at every click
def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a share, which stays within [0, 1] for small n too.

    Source: Wilson, JASA 22 (1927) 209-212, as SciPy computes it. n >= 1.
    """
    from scipy.stats import binomtest  # a second, which an answer to a picture does not need

    bounds = binomtest(right, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(bounds.low), float(bounds.high)


def report_rows(report: dict) -> list[dict]:
    """The classification report as table rows: one per class, then the two averages."""
    names = [*CLASS_NAMES, "macro avg", "weighted avg"]
    return [
        {
            "class": name,
            "precision": report[name]["precision"],
            "recall": report[name]["recall"],
            "f1": report[name]["f1-score"],
            "support": int(report[name]["support"]),
        }
        for name in names
    ]
