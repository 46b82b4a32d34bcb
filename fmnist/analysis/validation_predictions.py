"""What a network that is still learning predicts for the validation images, epoch after epoch.

Read from `validation.u8` (see `predictions`), at most `MAX_EPOCHS` epochs of it: after hundreds it
is some ten megabytes long, and a page looks once a second whether there are new ones.
"""

from dataclasses import dataclass

import numpy as np

from fmnist.data import CLASS_NAMES, VALIDATION_SIZE
from fmnist.runs.predictions import VALIDATION_EPOCHS_FILE, load_epoch
from fmnist.runs.run import Run

EPOCH_BYTES = VALIDATION_SIZE * len(CLASS_NAMES)
PER_CLASS = 2  # images selected of each class
MAX_EPOCHS = 30  # of the selected images' predictions


@dataclass(frozen=True)
class PredictionsVersion:
    """How many whole epochs there are, and what changes when they are written anew."""

    epochs: int
    modified: int  # ns


def find_version(run: Run) -> PredictionsVersion:
    """How far the predictions go; costs one look at the folder. Never raises."""
    try:
        found = (run.path / VALIDATION_EPOCHS_FILE).stat()
    except OSError:
        return PredictionsVersion(0, 0)
    return PredictionsVersion(found.st_size // EPOCH_BYTES, found.st_mtime_ns)


def load_newest(run: Run, epoch: int) -> list[np.ndarray]:
    """The predictions after the epoch before `epoch` (1, 2, ...) and after it, oldest first.

    Each (5000, 10) uint8, 255 for a probability of 1; fewer than two where there are not so many,
    or they cannot be read.
    """
    found = (load_epoch(run, at, VALIDATION_EPOCHS_FILE) for at in (epoch - 1, epoch))
    return [one for one in found if one is not None]


def select_images(labels: np.ndarray) -> np.ndarray:
    """The indices of the first two images of each class in (N,) labels, (20,) int64."""
    return np.concatenate(
        [np.flatnonzero(labels == c)[:PER_CLASS] for c in range(len(CLASS_NAMES))]
    )


@dataclass(frozen=True)
class SelectedPredictions:
    """Predictions for P images: epochs (S,) int64, 1, 2, ...; probabilities (S, P, 10) uint8."""

    epochs: np.ndarray
    probabilities: np.ndarray


def load_selected(run: Run, epoch: int, images: np.ndarray, planned: int) -> SelectedPredictions:
    """The predictions for some images until `epoch`, of `planned` ones; S is at most `MAX_EPOCHS`.

    Of more epochs every k-th is taken, and the newest; k follows from `planned`, so that one that
    is shown stays. Where they cannot be read, S is less.
    """
    every = -(-planned // MAX_EPOCHS)
    wanted = sorted({*range(every, epoch + 1, every), epoch} - {0})[-MAX_EPOCHS:]
    rows = []
    for at in wanted:
        kept = load_epoch(run, at, VALIDATION_EPOCHS_FILE)
        if kept is None:  # shortened by a training that went back
            break
        rows.append(kept[images])
    found = np.array(rows, np.uint8).reshape(len(rows), len(images), len(CLASS_NAMES))
    return SelectedPredictions(np.array(wanted[: len(rows)], int), found)
