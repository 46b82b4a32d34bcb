"""A map of the test set: its 10,000 penultimate features in two dimensions.

PCA is there at once. t-SNE (van der Maaten & Hinton, JMLR 9 (2008) 2579-2605; scikit-learn's
Barnes-Hut form) keeps neighbours together and takes about a minute, so it is made once, by
`python -m fmnist map RUN` or by the page in a process of its own, and kept (`save_derived`).
"""

import numpy as np

from fmnist.runs.library import load_derived, save_derived
from fmnist.runs.run import Run

SEED = 0
DIMENSIONS = 50  # what t-SNE is given, as in its paper


def project_pca(features: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """The first principal components: (N, F) float32 -> (N, dimensions) float32.

    Those that there are not, with fewer features or images, are 0.
    """
    from sklearn.decomposition import PCA

    there = min(dimensions, *features.shape)
    found = PCA(there, random_state=SEED).fit_transform(features.astype(np.float64))
    return np.pad(found, ((0, 0), (0, dimensions - there))).astype(np.float32)


def project_tsne(features: np.ndarray) -> np.ndarray:
    """t-SNE of (N, F) float32: (N, 2) float32, each axis from -1 to 1."""
    from sklearn.manifold import TSNE

    places = TSNE(init="pca", random_state=SEED, n_jobs=-1).fit_transform(
        project_pca(features, DIMENSIONS)
    )
    return scale_to_unit(places)


def scale_to_unit(places: np.ndarray) -> np.ndarray:
    """Moved and scaled so that (N, 2) fills -1..1 in both axes."""
    low, high = places.min(axis=0), places.max(axis=0)
    return ((places - low) / np.maximum(high - low, 1e-9) * 2 - 1).astype(np.float32)


def points_inside(places: np.ndarray, lasso: object) -> np.ndarray | None:
    """Which of (N, 2) places from -1 to 1 lie in a lasso, (N,) bool.

    lasso: a list of [x, y] from 0 to 1, as a browser sent it; None is returned for anything else.
    """
    from matplotlib.path import Path as Polygon

    try:
        corners = np.array(lasso, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if corners.ndim != 2 or corners.shape[1] != 2 or not 3 <= len(corners) <= 10_000:
        return None
    if not np.isfinite(corners).all():
        return None
    return Polygon(corners, closed=False).contains_points((places + 1) / 2)


def read_projection(run: Run, count: int) -> np.ndarray | None:
    """The map of `count` images made before, (count, 2) float32; None without a whole one."""
    kept = load_derived(run, "map", places=((count, 2), np.float32))
    return None if kept is None else kept[0]


def write_projection(run: Run, places: np.ndarray) -> None:
    """Keep the map. Raises OSError where the folder cannot be written."""
    save_derived(run, "map", places=places)
