"""What a run said about the test images after each of its epochs: `epochs.u8` in its folder.

100,000 bytes an epoch, one after another: the ten probabilities of each of the 10,000 images, each
as one byte. Nothing is chosen by them; they are kept to be looked at afterwards.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.data import CLASS_NAMES, PART_SIZES
from fmnist.runs import Run

__all__ = ["FILE", "Learning", "append", "learning", "read"]

FILE = "epochs.u8"
SHAPE = PART_SIZES["test"], len(CLASS_NAMES)
SIZE = SHAPE[0] * SHAPE[1]


def append(path: Path, probabilities: np.ndarray) -> None:
    """Append one epoch's probabilities (10000, 10), 0..1, to a run's folder."""
    if probabilities.shape != SHAPE:
        raise ValueError(f"expected {SHAPE}, got {probabilities.shape} instead")
    file = path / FILE
    whole = file.stat().st_size // SIZE * SIZE if file.exists() else 0
    with file.open("ab") as out:
        out.truncate(whole)  # a killed process may have left half an epoch
        out.write(np.rint(probabilities * 255).astype(np.uint8).tobytes())


def read(run: Run) -> np.ndarray:
    """All whole epochs of a run: (E, 10000, 10) uint8, 255 for a probability of 1; E may be 0."""
    try:
        data = (run.path / FILE).read_bytes()
    except OSError:
        return np.zeros((0, *SHAPE), np.uint8)
    whole = len(data) // SIZE
    return np.frombuffer(data, np.uint8, whole * SIZE).reshape(whole, *SHAPE)


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
