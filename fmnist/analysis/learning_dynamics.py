"""How a run learnt: when each image was first right, how often it was forgotten, and by epoch."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fmnist.data import CLASS_NAMES


def epoch_table(kept: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """One row an image of one epoch's (N, 10) uint8: index, true, predicted, confidence 0..1."""
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "true": labels.astype(int),
            "predicted": kept.argmax(axis=1),
            "confidence": kept.max(axis=1) / 255,
        }
    )


@dataclass(frozen=True)
class Course:
    """How a run went on N images over its E epochs.

    accuracy: (E,) float64, share right; recall: (E, 10) float64, share right of each true class
    won, lost: (E,) int64, images that are right and were not after the epoch before, and the
    reverse; before the first epoch nothing is right
    learnt: (N,) int64, the epoch, from 1 on, after which the answer was right for the first time;
    0 where it never was
    forgotten: (N,) int64, how often a right answer was followed by a wrong one (Toneva et al., "An
    Empirical Study of Example Forgetting", arXiv 1812.05159, section 3)
    """

    accuracy: np.ndarray
    recall: np.ndarray
    won: np.ndarray
    lost: np.ndarray
    learnt: np.ndarray
    forgotten: np.ndarray


def compute_course(answers: np.ndarray, labels: np.ndarray) -> Course:
    """From answers (E, N) class ids, E >= 1, and (N,) labels."""
    right = answers == labels  # (E, N)
    members = np.eye(len(CLASS_NAMES), dtype=np.int64)[labels]  # (N, 10)
    before = np.vstack([np.zeros((1, right.shape[1]), bool), right[:-1]])
    return Course(
        accuracy=right.mean(axis=1),
        recall=right.astype(np.int64) @ members / np.maximum(members.sum(axis=0), 1),
        won=(right & ~before).sum(axis=1),
        lost=(before & ~right).sum(axis=1),
        learnt=np.where(right.any(axis=0), right.argmax(axis=0) + 1, 0),
        forgotten=(right[:-1] & ~right[1:]).sum(axis=0),
    )
