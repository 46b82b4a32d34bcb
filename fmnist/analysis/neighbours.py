"""The images that a network finds most alike, by the angle between its own features.

The features of the training images take some ten seconds once, so they are kept as
`.cache/SHA256-COUNT.npz` in the folder of own runs, whose listing leaves hidden folders out. A file
that is damaged is made again; where none can be written, they stay in memory. Shipped runs come
with an index of some 3 MB instead: it names candidates, whose features are computed when asked for.
"""

import contextlib
import threading
from pathlib import Path

import numpy as np

from fmnist.access import may_change
from fmnist.data import load, split
from fmnist.files import load_arrays, save_arrays
from fmnist.inference.classifier import Classifier
from fmnist.runs.library import load_derived, runs_directory, save_derived
from fmnist.runs.run import SHIPPED_DIR, Run

CHUNK = 500  # images at a time: a tenth of a second, which a page that is left waits for
FILES_KEPT = 8  # of some 28 MB each
AXES = 48  # of the index; with as many of `robust` the candidates hold 99.9 % of the 8 nearest
CANDIDATES = 400  # whose own features are computed: a tenth of a second


class NearestImages:
    """The features (N, F) of the test images, and the nearest of them. Not changed after.

    Distance is 1 - cosine, 0 (the same) to 2.
    """

    def __init__(self, features: np.ndarray):
        """features (N, F) float32, as the classifier gives them."""
        self.features = features
        self._units = normalise_rows(features)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.features.nbytes + self._units.nbytes

    def nearest(
        self, index: int, among: np.ndarray, count: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """The images of `among` (N,) bool nearest to that one, itself left out, nearest first.

        Returns indices and distances, (K,) int64 and (K,) float32; K is below `count` where there
        are not so many.
        """
        allowed = among.copy()
        allowed[index] = False
        distances = np.where(allowed, _distances(self._units, self._units[index]), np.inf)
        rows = np.argsort(distances, kind="stable")[: min(count, int(allowed.sum()))]
        return rows, distances[rows].astype(np.float32)


class TrainingFeatures:
    """The features of the images that a run learnt from. May be shared by threads.

    `advance` until it returns 1.0, then ask for the `nearest`; where there is an index (`indexed`),
    ask at once. Whoever is interrupted in between loses nothing: the next call goes on.
    """

    def __init__(self, run: Run, classifier: Classifier):
        """Read them from the cache where they are there. Raises DatasetError without the images."""
        part = load("train")
        self.indices = training_indices(run, part.labels)  # (T,) int64 into the training part
        self._images, self._labels = part.images, part.labels
        self._classifier = classifier
        width = classifier(np.zeros((1, 28, 28), np.uint8))[1].shape[1]
        self._path = _cache_path(run, len(self.indices))
        self._shape = len(self.indices), width
        self._units = np.zeros((0, width), np.float32)  # rows of length 1, or 0
        self._done = 0
        self._lock = threading.Lock()
        cached = self._path and load_arrays(self._path, units=(self._shape, np.float16))
        if cached:
            self._units, self._done = cached[0].astype(np.float32), len(self.indices)
        axes = min(AXES, width)
        self._index = load_derived(
            run,
            "neighbours",
            codes=((len(self.indices), axes), np.int8),
            axes=((width, axes), np.float32),
        )

    @property
    def indexed(self) -> bool:
        """Whether the `nearest` can be asked for at once."""
        return self._index is not None

    @property
    def nbytes(self) -> int:
        """Bytes of memory, those that `advance` is going to need included."""
        if self._index is not None and not self._done:
            return sum(array.nbytes for array in self._index)
        return 4 * self._shape[0] * self._shape[1]

    @property
    def done(self) -> float:
        """The share that is computed, 0..1."""
        return self._done / self._shape[0]

    def advance(self) -> float:
        """Compute the next few hundred where any are left, and return the share done."""
        with self._lock:
            if self._done < self._shape[0]:
                if not self._done:
                    self._units = np.zeros(self._shape, np.float32)
                chunk = self.indices[self._done : self._done + CHUNK]
                self._units[self._done : self._done + len(chunk)] = self._units_of(chunk)
                self._done += len(chunk)
                if self._done == self._shape[0] and self._path is not None:
                    _keep(self._path, self._units)
            return self.done

    def nearest(
        self, features: np.ndarray, count: int = 8
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The training images of the smallest cosine distance to features (F,), nearest first.

        Returns indices into the 60,000 training images, distances from 0 (the same) to 2, and
        labels: (count,) int64, float32, uint8. Raises RuntimeError where they are neither computed
        nor indexed.
        """
        unit = normalise_rows(features[np.newaxis])[0]
        among, units = self.indices, self._units
        if self._done < self._shape[0] and self._index is not None:
            codes, axes = self._index
            likely = np.argsort(-(codes @ (unit @ axes)), kind="stable")[:CANDIDATES]
            among = self.indices[np.sort(likely)]
            units = self._units_of(among)
        else:
            self._check_computed()
        distances = _distances(units, unit)
        rows = np.argsort(distances, kind="stable")[:count]
        found = among[rows]
        return found, distances[rows], self._labels[found]

    def nearest_of_many(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The one nearest training image of each of (M, F) float32 rows of length 1.

        Returns indices into the 60,000 and cosine distances 0..2: (M,) int64 and (M,) float32.
        Raises RuntimeError before all are computed.
        """
        self._check_computed()
        cosines = units @ self._units.T  # (M, T)
        rows = cosines.argmax(axis=1)
        best = cosines[np.arange(len(rows)), rows]
        return self.indices[rows], np.clip(1 - best, 0, 2).astype(np.float32)

    def write_index(self, run: Run) -> None:
        """Keep an index of them with the run: each in 48 signed bytes, on their main axes.

        Raises RuntimeError before all are computed, OSError where the folder cannot be written.
        """
        self._check_computed()
        _, axes = np.linalg.eigh(self._units.T @ self._units)
        axes = axes[:, ::-1][:, :AXES].astype(np.float32)
        places = self._units @ axes
        scale = np.abs(places).max(axis=0) / 127
        codes = np.rint(places / np.where(scale > 0, scale, 1)).astype(np.int8)
        save_derived(run, "neighbours", codes=codes, axes=axes * scale)

    def _units_of(self, chunk: np.ndarray) -> np.ndarray:
        """The rows (C, F) float32 of training images, by their indices (C,)."""
        _, features = self._classifier(self._images[chunk])
        # rounded as the cache is, so that an answer does not depend on who computed it
        return normalise_rows(features).astype(np.float16).astype(np.float32)

    def _check_computed(self) -> None:
        if self._done < self._shape[0]:
            raise RuntimeError("the training features are not computed yet; advance first")


def _distances(units: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Cosine distances (N,) of rows (N, F) from a row (F,), all of length 1."""
    return np.clip(1 - units @ unit, 0, 2)


def training_indices(run: Run, labels: np.ndarray) -> np.ndarray:
    """Indices (T,) int64 of the training images that a run learnt from, given all labels."""
    settings = run.settings
    if settings is None or not settings.holdout:
        return np.arange(len(labels))
    return split(labels, settings.fraction)[0]


def normalise_rows(features: np.ndarray) -> np.ndarray:
    """(N, F) float32 -> rows of length 1; a row that has no direction becomes 0."""
    # float64, because the squares of large float32 values overflow
    features = np.nan_to_num(features, posinf=0.0, neginf=0.0).astype(np.float64)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _cache_path(run: Run, count: int) -> Path | None:
    """Where the features of a run are kept; None where own runs are made to be shipped."""
    directory = runs_directory()
    if directory == SHIPPED_DIR:
        return None
    return directory / ".cache" / f"{run.files['model.tflite']}-{count}.npz"


def _keep(path: Path, units: np.ndarray) -> None:
    """Keep the features and drop the oldest others; a folder that cannot be written is no error."""
    if not may_change():
        return
    with contextlib.suppress(OSError):
        save_arrays(path, units=units.astype(np.float16))
        newest = sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)[::-1]
        for old in newest[FILES_KEPT:]:
            old.unlink(missing_ok=True)
