"""The misclassified test images of a run as a table that can be filtered and sorted."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fmnist.analysis import label_issues
from fmnist.analysis.slices import measure_property
from fmnist.data import CLASS_NAMES, Part

if TYPE_CHECKING:
    import pandas as pd

# label on the page -> (column, ascending)
SORTS = {
    "Most confident first": ("confidence", False),
    "Least confident first": ("confidence", True),
    "Smallest margin first": ("margin", True),
    "Highest loss first": ("loss", False),
    "Lowest loss first": ("loss", True),
    "Most suspicious label first": ("label_margin", True),
    "Wrong in most runs first": ("runs_wrong", False),
    "Farthest from the training set first": ("to_training", False),
    "Nearest to the training set first": ("to_training", True),
    "Least contrast first": ("contrast", True),
    "By index": ("index", True),
}

NEEDS_TRAINING = tuple(name for name, (column, _) in SORTS.items() if column == "to_training")


def answers_table(
    probabilities: np.ndarray,
    part: Part,
    answers: Sequence[np.ndarray] = (),
    to_training: np.ndarray | None = None,
) -> "pd.DataFrame":
    """One row per test image, right or wrong.

    probabilities (N, 10); answers of all runs (N,) each; to_training: distances (N,) to the nearest
    training image. Columns: index (position in the test set), true and predicted (class ids),
    confidence (probability of the predicted class, 0..1), margin (to the second, 0..1), loss (nats;
    a probability below 1e-7 counts as 1e-7), label_margin and suspect (see `label_issues`),
    runs_wrong (how many of `answers` are wrong), to_training (NaN where it is not measured),
    contrast (standard deviation of the garment's grey values).
    """
    import pandas as pd  # the Classify page needs no table; it takes 0.2 s and 60 MiB

    labels = part.labels
    of_true = probabilities[np.arange(len(labels)), labels]
    top = np.sort(probabilities, axis=1)[:, -2:]
    wrong = sum(((one != labels).astype(int) for one in answers), np.zeros(len(labels), int))
    return pd.DataFrame(
        {
            "index": np.arange(len(labels)),
            "true": labels.astype(int),
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
            "margin": top[:, 1] - top[:, 0],
            "loss": -np.log(np.maximum(of_true, 1e-7)),
            "label_margin": label_issues.normalized_margin(probabilities, labels),
            "suspect": label_issues.find_label_issues(probabilities, labels),
            "runs_wrong": wrong,
            "to_training": np.nan if to_training is None else to_training,
            "contrast": measure_property(part.images, "Contrast"),
        }
    )


def filter_answers(
    table: "pd.DataFrame",
    *,
    true: list[int] | None = None,
    predicted: list[int] | None = None,
    confidence: tuple[float, float] = (0.0, 1.0),
    wrong_only: bool = True,
    suspects_only: bool = False,
    among: Collection[int] | None = None,
    sort: str = "Most confident first",
) -> "pd.DataFrame":
    """Rows of `answers_table` that pass every filter; None or [] means every class.

    among: indices of test images to choose from, None for all
    """
    low, high = confidence
    # rounding leaves some of a foreign run's a hair above 1
    keep = table["confidence"].clip(upper=1.0).between(low, high)
    if wrong_only:
        keep &= table["true"] != table["predicted"]
    if true:
        keep &= table["true"].isin(true)
    if predicted:
        keep &= table["predicted"].isin(predicted)
    if suspects_only:
        keep &= table["suspect"]
    if among is not None:
        keep &= table["index"].isin(list(among))
    column, ascending = SORTS[sort]
    # stable, and then by index: the same order on every visit
    return table[keep].sort_values([column, "index"], ascending=[ascending, True])


def describe_answer(row: Mapping) -> str:
    """One line for a caption, of a row of `answers_table`: index, true class, answer."""
    true, predicted = int(row["true"]), int(row["predicted"])
    how = "recognised" if true == predicted else f"taken for {CLASS_NAMES[predicted]}"
    return f"#{int(row['index'])}: {CLASS_NAMES[true]}, {how} ({row['confidence']:.0%})"
