"""How test images relate to each other, by a run's own features.

For one image: the nearest rightly answered image of its true class, and the nearest one that is
answered otherwise.
"""

import numpy as np

from fmnist.analysis.neighbours import normalise_rows

__all__ = ["Relations"]


class Relations:
    """The features (N, F) of the test images, and what was computed from them. Not changed after.

    Two images are near where the angle between their features is small: distance is 1 - cosine,
    0 (the same) to 2.
    """

    def __init__(self, features: np.ndarray):
        """features (N, F) float32, as the classifier gives them."""
        self.features = features
        self._units = normalise_rows(features)

    def nearest(
        self, index: int, among: np.ndarray, count: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """The images of `among` (N,) bool nearest to that one, itself left out, nearest first.

        Returns indices and distances, (K,) int64 and (K,) float32; K is below `count` where there
        are not so many.
        """
        distances = np.clip(1 - self._units @ self._units[index], 0, 2)
        allowed = among.copy()
        allowed[index] = False
        distances = np.where(allowed, distances, np.inf)
        rows = np.argsort(distances, kind="stable")[: min(count, int(allowed.sum()))]
        return rows, distances[rows].astype(np.float32)
