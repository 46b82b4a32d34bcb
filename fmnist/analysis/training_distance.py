"""How far each test image is from all that a run learnt from, by the run's own features.

Far ones the network has never seen the like of; the nearest may be in the training part too, which
makes the test set easier than the world. Computed once per run (some ten seconds) and kept.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fmnist.access import may_change
from fmnist.analysis.neighbours import TrainingFeatures, normalise_rows
from fmnist.runs.library import load_derived, save_derived
from fmnist.runs.run import Run

CHUNK = 250  # test images at a time against all training images: a tenth of a second


@dataclass(frozen=True)
class TrainingDistance:
    """The nearest training image of each of N test images.

    nearest: (N,) int64, index into the 60,000; distances: (N,) float32, 1 - cosine, 0 to 2
    """

    nearest: np.ndarray
    distances: np.ndarray


def measure_training_distance(
    features: np.ndarray, training: TrainingFeatures
) -> Iterator[float | TrainingDistance]:
    """From test features (N, F) float32: the share done, 0..1, some times; the result last.

    Raises RuntimeError before the training features are computed.
    """
    units = normalise_rows(features)
    found = []
    for start in range(0, len(units), CHUNK):
        found.append(training.nearest_of_many(units[start : start + CHUNK]))
        yield (start + CHUNK) / (len(units) + CHUNK)
    nearest, distances = zip(*found, strict=True)
    yield TrainingDistance(np.concatenate(nearest), np.concatenate(distances))


def read_training_distance(run: Run, count: int) -> TrainingDistance | None:
    """What was measured before for `count` test images; None where it has to be measured."""
    kept = load_derived(
        run, "distances", nearest=((count,), np.int64), distances=((count,), np.float32)
    )
    return None if kept is None else TrainingDistance(*kept)


def write_training_distance(run: Run, found: TrainingDistance) -> None:
    """Keep it; a folder that cannot be written is no error, for it can be measured again."""
    if not may_change():
        return
    with contextlib.suppress(OSError):
        save_derived(run, "distances", nearest=found.nearest, distances=found.distances)
