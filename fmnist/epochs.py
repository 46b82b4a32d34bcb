"""What a run said after each of its epochs: `epochs.u8` of the test images, `validation.u8`.

One epoch after another, and for each image its ten probabilities, each as one byte: 100,000 bytes
an epoch of the 10,000 test images, 50,000 of the 5,000 validation images. Nothing is chosen by the
test images' answers; they are kept to be looked at afterwards.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.data import CLASS_NAMES, PART_SIZES, VALIDATION_SIZE
from fmnist.runs import Run

__all__ = ["FILE", "VALIDATION_FILE", "Learning", "confusion_at", "keep", "learning", "read"]

FILE, VALIDATION_FILE = "epochs.u8", "validation.u8"
IMAGES = {FILE: PART_SIZES["test"], VALIDATION_FILE: VALIDATION_SIZE}


def keep(path: Path, epoch: int, probabilities: np.ndarray, file: str = FILE) -> None:
    """Keep the probabilities (N, 10), 0..1, after epoch `epoch` (1, 2, ...) of the run at `path`.

    What is there of this epoch and later ones is replaced: a training that goes on after a
    checkpoint has forgotten it. Raises ValueError where N is not the file's number of images.
    """
    shape = IMAGES[file], len(CLASS_NAMES)
    if probabilities.shape != shape:
        raise ValueError(f"expected {shape}, got {probabilities.shape} instead")
    size, place = shape[0] * shape[1], path / file
    place.touch()
    with place.open("r+b") as out:
        out.truncate((epoch - 1) * size)
        out.seek((epoch - 1) * size)
        out.write(np.rint(probabilities * 255).astype(np.uint8).tobytes())


def read(run: Run, file: str = FILE) -> np.ndarray:
    """All whole epochs of a run: (E, N, 10) uint8, 255 for a probability of 1; E may be 0."""
    shape = IMAGES[file], len(CLASS_NAMES)
    size = shape[0] * shape[1]
    try:
        data = (run.path / file).read_bytes()
    except OSError:
        return np.zeros((0, *shape), np.uint8)
    whole = len(data) // size
    return np.frombuffer(data, np.uint8, whole * size).reshape(whole, *shape)


def confusion_at(kept: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The confusion matrix (10, 10) int64 of one epoch's (N, 10) uint8; rows: true classes."""
    count = len(CLASS_NAMES)
    cells = labels.astype(np.int64) * count + kept.argmax(axis=1)
    return np.bincount(cells, minlength=count**2).reshape(count, count)


@dataclass(frozen=True)
class Learning:
    """When each of N images was learnt, and how often it was forgotten.

    learnt: (N,) int64, the epoch, from 1 on, after which the answer was right for the first time;
    0 where it never was
    forgotten: (N,) int64, how often a right answer was followed by a wrong one (Toneva et al., "An
    Empirical Study of Example Forgetting", arXiv 1812.05159, section 3)
    """

    learnt: np.ndarray
    forgotten: np.ndarray


def learning(epochs: np.ndarray, labels: np.ndarray) -> Learning:
    """From (E, N, 10) uint8, E >= 1, and (N,) labels."""
    right = epochs.argmax(axis=2) == labels  # (E, N)
    learnt = np.where(right.any(axis=0), right.argmax(axis=0) + 1, 0)
    return Learning(learnt, (right[:-1] & ~right[1:]).sum(axis=0))
