"""What a run said after each of its epochs: `epochs.u8` of the test images, `validation.u8`.

One epoch after another, and for each image its ten probabilities, each as one byte: 100,000 bytes
an epoch of the 10,000 test images, 50,000 of the 5,000 validation images. Nothing is chosen by the
test images' answers; they are kept to be looked at afterwards.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fmnist.data import CLASS_NAMES, PART_SIZES, VALIDATION_SIZE
from fmnist.evaluation import count_confusions
from fmnist.runs import Run
from fmnist.settings import LIMITS

__all__ = [
    "FILE",
    "VALIDATION_FILE",
    "Course",
    "Learning",
    "answers",
    "answers_table",
    "at",
    "confusion_at",
    "count",
    "course",
    "keep",
    "learning",
    "path",
    "read",
]

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


def count(run: Run, file: str = FILE) -> int:
    """How many whole epochs a run has kept, as many as a run can have; 0 where there is no file."""
    try:
        return min((run.path / file).stat().st_size // _size(file), LIMITS["epochs"][1])
    except OSError:
        return 0


def at(run: Run, epoch: int, file: str = FILE) -> np.ndarray | None:
    """What was said after one epoch (1, 2, ...): (N, 10) uint8; None where that was not kept.

    Reads that epoch alone: a run of a hundred epochs has 10 MB.
    """
    size = _size(file)
    try:
        with (run.path / file).open("rb") as kept:
            kept.seek((epoch - 1) * size)
            data = kept.read(size)
    except (OSError, ValueError):  # no such file, an epoch below 1
        return None
    if len(data) < size:
        return None
    return np.frombuffer(data, np.uint8).reshape(IMAGES[file], len(CLASS_NAMES))


def path(run: Run, index: int, file: str = FILE) -> np.ndarray:
    """What was said about image `index` after each epoch: (E, 10) uint8; E may be 0.

    Reads ten bytes an epoch. Raises IndexError where there is no such image.
    """
    if not 0 <= index < IMAGES[file]:
        raise IndexError(f"there is no image {index} among {IMAGES[file]}")
    width, found = len(CLASS_NAMES), []
    try:
        with (run.path / file).open("rb") as kept:
            for epoch in range(count(run, file)):
                kept.seek(epoch * _size(file) + index * width)
                found.append(kept.read(width))
    except OSError:
        found = []
    whole = [data for data in found if len(data) == width]
    return np.frombuffer(b"".join(whole), np.uint8).reshape(len(whole), width)


def answers(run: Run, file: str = FILE) -> np.ndarray:
    """The answered classes after each epoch: (E, N) uint8; E may be 0.

    Goes through the file epoch by epoch and never holds more than one.
    """
    found = []
    for epoch in range(1, count(run, file) + 1):
        kept = at(run, epoch, file)
        if kept is None:  # it has become shorter meanwhile
            break
        found.append(kept.argmax(axis=1).astype(np.uint8))
    return np.stack(found) if found else np.zeros((0, IMAGES[file]), np.uint8)


def answers_table(kept: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """One row an image of one epoch's (N, 10) uint8: index, true, predicted, confidence 0..1."""
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "true": labels.astype(int),
            "predicted": kept.argmax(axis=1),
            "confidence": kept.max(axis=1) / 255,
        }
    )


def _size(file: str) -> int:
    return IMAGES[file] * len(CLASS_NAMES)  # bytes an epoch


def confusion_at(kept: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The confusion matrix (10, 10) int64 of one epoch's (N, 10) uint8; rows: true classes."""
    return count_confusions(labels, kept.argmax(axis=1))


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
    return _learning(epochs.argmax(axis=2) == labels)


def _learning(right: np.ndarray) -> Learning:
    """From (E, N) bool."""
    learnt = np.where(right.any(axis=0), right.argmax(axis=0) + 1, 0)
    return Learning(learnt, (right[:-1] & ~right[1:]).sum(axis=0))


@dataclass(frozen=True)
class Course:
    """How a run went on the images over its E epochs.

    accuracy: (E,) float64, share right; recall: (E, 10) float64, share right of each true class
    won, lost: (E,) int64, images that are right and were not after the epoch before, and the
    reverse; before the first epoch nothing is right
    learning: when each image was learnt, and how often it was forgotten
    """

    accuracy: np.ndarray
    recall: np.ndarray
    won: np.ndarray
    lost: np.ndarray
    learning: Learning


def course(answers: np.ndarray, labels: np.ndarray) -> Course:
    """From answers (E, N) class ids, E >= 1, and (N,) labels."""
    right = answers == labels  # (E, N)
    members = np.eye(len(CLASS_NAMES), dtype=np.int64)[labels]  # (N, 10)
    before = np.vstack([np.zeros((1, right.shape[1]), bool), right[:-1]])
    return Course(
        accuracy=right.mean(axis=1),
        recall=right.astype(np.int64) @ members / np.maximum(members.sum(axis=0), 1),
        won=(right & ~before).sum(axis=1),
        lost=(before & ~right).sum(axis=1),
        learning=_learning(right),
    )
