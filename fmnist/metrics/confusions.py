"""Which classes are taken for each other: pairs, ranked, and the matrix at a threshold."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pair:
    """Two classes: how many of `first` were taken for `second` (forth) and the reverse (back)."""

    first: int
    second: int
    forth: int
    back: int

    @property
    def total(self) -> int:
        """Mistakes between the two."""
        return self.forth + self.back


def confused_pairs(confusion: np.ndarray) -> list[Pair]:
    """Pairs of classes with mistakes between them, the most first; of a (10, 10) matrix.

    Within a pair the class comes first whose images are mistaken more often. Ties go by class id.
    """
    found = []
    for a in range(len(confusion)):
        for b in range(a + 1, len(confusion)):
            forth, back = int(confusion[a, b]), int(confusion[b, a])
            if forth + back:
                pair = Pair(a, b, forth, back) if forth >= back else Pair(b, a, back, forth)
                found.append(pair)
    return sorted(found, key=lambda pair: -pair.total)


def normalise_confusion(confusion: np.ndarray, by: str) -> np.ndarray:
    """A matrix as shares of its row ("row": recall) or column ("column": precision), 0..1.

    A row or column without images is 0. Raises ValueError for another word.
    """
    if by not in ("row", "column"):
        raise ValueError(f"by must be 'row' or 'column', got {by!r}")
    totals = confusion.sum(axis=1 if by == "row" else 0, keepdims=True)
    return confusion / np.maximum(totals, 1)
