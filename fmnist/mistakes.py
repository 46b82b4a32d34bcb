"""The misclassified test images of a run as a table that can be filtered and sorted."""

import numpy as np
import pandas as pd

from fmnist.data import CLASS_NAMES

__all__ = ["SORTS", "answers_table", "choose", "describe"]

# label on the page -> (column, ascending)
SORTS = {
    "Most confident first": ("confidence", False),
    "Least confident first": ("confidence", True),
    "Highest loss first": ("loss", False),
    "Lowest loss first": ("loss", True),
    "By index": ("index", True),
}


def answers_table(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """One row per test image, right or wrong.

    probabilities (N, 10), labels (N,). Columns: index (position in the test set), true and
    predicted (class ids), confidence (probability of the predicted class, 0..1), loss
    (cross-entropy in nats, at most 16.1: a probability below 1e-7 counts as 1e-7).
    """
    of_true = probabilities[np.arange(len(labels)), labels]
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "true": labels.astype(int),
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
            "loss": -np.log(np.maximum(of_true, 1e-7)),
        }
    )


def choose(
    table: pd.DataFrame,
    *,
    true: list[int] | None = None,
    predicted: list[int] | None = None,
    confidence: tuple[float, float] = (0.0, 1.0),
    wrong_only: bool = True,
    sort: str = "Most confident first",
) -> pd.DataFrame:
    """Rows of `answers_table` that pass every filter; None or [] means every class."""
    low, high = confidence
    keep = table["confidence"].between(low, high)
    if wrong_only:
        keep &= table["true"] != table["predicted"]
    if true:
        keep &= table["true"].isin(true)
    if predicted:
        keep &= table["predicted"].isin(predicted)
    column, ascending = SORTS[sort]
    # stable, and then by index: the same order on every visit
    return table[keep].sort_values([column, "index"], ascending=[ascending, True])


def describe(row: pd.Series) -> str:
    """One line for a caption: index, true class, answer."""
    return (
        f"#{int(row['index'])}: {CLASS_NAMES[int(row['true'])]}, taken for "
        f"{CLASS_NAMES[int(row['predicted'])]} ({row['confidence']:.0%})"
    )
