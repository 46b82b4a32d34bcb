"""Selective accuracy and coverage: answering only above a confidence threshold."""

from dataclasses import dataclass

import numpy as np

from fmnist.metrics import report


@dataclass(frozen=True)
class SelectiveAccuracy:
    """What is left of n answers where those below a confidence are not given.

    n: all; answered: given; right: of those; confusion: (10, 11) int64, row = true class, column =
    answer, the last column = not given
    """

    n: int
    answered: int
    right: int
    confusion: np.ndarray

    @property
    def share(self) -> float:
        """Share of all that is answered, 0..1."""
        return self.answered / self.n

    @property
    def accuracy(self) -> float | None:
        """Share right of the answered, 0..1; None where nothing is answered."""
        return self.right / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval of the accuracy; None where nothing is answered."""
        return report.wilson_interval(self.right, self.answered) if self.answered else None


def selective_accuracy(
    probabilities: np.ndarray, labels: np.ndarray, threshold: float
) -> SelectiveAccuracy:
    """Of (N, 10) probabilities and (N,) labels, with the answers of at least `threshold`, 0..1."""
    classes = probabilities.shape[1]
    given = probabilities.max(axis=1) >= threshold
    answers = np.where(given, probabilities.argmax(axis=1), classes)
    confusion = report.count_confusions(labels, answers, classes + 1)
    return SelectiveAccuracy(
        len(labels), int(given.sum()), int((answers == labels).sum()), confusion
    )
