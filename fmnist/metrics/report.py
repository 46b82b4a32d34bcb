"""From stored probabilities to the numbers of the report.

They are those of scikit-learn and SciPy, which the tests compare them with. The web process does
without both, whose imports would take it 70 MiB and the first visitor of Report a second.
"""

from dataclasses import dataclass

import numpy as np

from fmnist.data import CLASS_NAMES

Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class Evaluation:
    """What one run achieves on n labelled images.

    accuracy: share right, 0..1; interval: its 95 % Wilson interval (low, high)
    loss: mean cross-entropy in nats
    report: see `classification_report`
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
    confusion = count_confusions(labels, probabilities.argmax(axis=1))
    right = int(confusion.trace())
    exact = probabilities.astype(np.float64)
    true = exact[np.arange(len(labels)), labels] / exact.sum(axis=1)
    return Evaluation(
        n=len(labels),
        accuracy=right / len(labels),
        interval=wilson_interval(right, len(labels)),
        # a probability of 0 would make the mean infinite
        loss=float(-np.log(np.maximum(true, np.finfo(np.float64).eps)).mean()),
        report=classification_report(confusion),
        confusion=confusion,
    )


def classification_report(confusion: np.ndarray) -> dict:
    """What scikit-learn's `classification_report` gives as a dict, of (10, 10) counts.

    Class name -> precision, recall, f1-score, support; "macro avg", "weighted avg"; "accuracy".
    A share of nothing is 0: the precision of a class that was never predicted.
    """
    right, support, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)

    def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)

    scores = {
        "precision": share(right, predicted),
        "recall": share(right, support),
        "f1-score": share(2 * right, predicted + support),
    }
    columns = {**scores, "support": support}
    rows = {
        class_name: {name: float(of[at]) for name, of in columns.items()}
        for at, class_name in enumerate(CLASS_NAMES)
    }

    def average(weights: np.ndarray | None) -> dict[str, float]:
        means = {name: float(np.average(of, weights=weights)) for name, of in scores.items()}
        return {**means, "support": float(support.sum())}

    return {
        **rows,
        "accuracy": float(right.sum() / support.sum()),
        "macro avg": average(None),
        "weighted avg": average(support),
    }


def count_confusions(
    labels: np.ndarray, predicted: np.ndarray, columns: int = len(CLASS_NAMES)
) -> np.ndarray:
    """Count (10, columns) int64: row = true class, column = predicted class.

    labels, predicted: (N,) integers; columns: 11 where a prediction may be 10, for none
    """
    cells = labels.astype(np.int64) * columns + predicted
    return np.bincount(cells, minlength=len(CLASS_NAMES) * columns).reshape(-1, columns)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a share, which stays within [0, 1] for small n too.

    Source: Wilson, JASA 22 (1927) 209-212. n >= 1.
    """
    centre, spread = right + Z**2 / 2, right * (n - right) / n + Z**2 / 4
    half, whole = Z * spread**0.5, n + Z**2
    return max(0.0, (centre - half) / whole), min(1.0, (centre + half) / whole)


class Counted:
    """What has `right` among `n` counts, n >= 1: a base of dataclasses with these two fields."""

    n: int
    right: int

    @property
    def accuracy(self) -> float:
        """Share right, 0..1."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.right, self.n)


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
