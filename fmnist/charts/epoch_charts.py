"""The charts of a run over its epochs: accuracy, recall at one epoch, and one image's answers."""

from collections.abc import Sequence
from functools import cache

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.common import over_epochs, percent, without_data
from fmnist.charts.panels import ANSWER, OTHER, TRUE
from fmnist.data import CLASS_NAMES


@cache
def course_spec() -> dict:
    """Vega-Lite of accuracy over the epochs for `course_table`; an epoch can be chosen.

    The selection is called "epoch" and has the field epoch.
    """
    epoch = alt.selection_point(name="epoch", fields=["epoch"], empty=False, nearest=True)
    base = alt.Chart().encode(
        x=over_epochs(zero=False),
        y=alt.Y(
            "accuracy:Q",
            title="Accuracy",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".2~%", tickMinStep=1e-4),  # 94.5 % where they differ by that
        ),
        tooltip=["epoch:Q", alt.Tooltip("accuracy:Q", format=".2%")],
    )
    points = base.mark_point(filled=True, size=50, color=ANSWER, opacity=1, cursor="pointer")
    chosen = base.transform_filter("datum.chosen")
    rule = chosen.mark_rule(color=TRUE, strokeDash=[4, 4]).encode(y=alt.Undefined)
    ring = chosen.mark_point(color=TRUE, size=170, strokeWidth=3, filled=False, opacity=1)
    lines = base.mark_line(color=ANSWER)
    return without_data((lines + rule + points.add_params(epoch) + ring).properties(height=200))


def course_table(accuracy: np.ndarray, chosen: int) -> pd.DataFrame:
    """The rows of `course_spec` for accuracies (E,), 0..1; chosen: the marked epoch (1, 2, ...)."""
    epochs = np.arange(1, len(accuracy) + 1)
    return pd.DataFrame({"epoch": epochs, "accuracy": accuracy, "chosen": epochs == chosen})


@cache
def path_spec() -> dict:
    """Vega-Lite of the probability of each class after each epoch, for `path_table`."""
    base = alt.Chart().encode(
        x=over_epochs(zero=False),
        y=percent(alt.Y, "probability", "Probability"),
        detail="class:N",
        tooltip=["class:N", "epoch:Q", alt.Tooltip("probability:Q", format=".1%")],
    )
    others = base.transform_filter("!datum.named").mark_line(
        color=OTHER, opacity=0.35, point=alt.OverlayMarkDef(color=OTHER, opacity=0.35, size=12)
    )
    lines = (
        base.transform_filter("datum.named")
        .mark_line(point=True)
        .encode(color=alt.Color("class:N", legend=alt.Legend(orient="top", title=None)))
    )
    chosen = (
        alt.Chart()
        .transform_filter("datum.chosen")
        .mark_rule(color=OTHER, strokeDash=[4, 4])
        .encode(x="epoch:Q")
    )
    return without_data((chosen + others + lines).properties(height=240))


def path_table(
    probabilities: np.ndarray, named: Sequence[int], chosen: int | None = None
) -> pd.DataFrame:
    """The rows of `path_spec` for probabilities (E, 10), 0..1, after each epoch.

    named: classes that stand out; chosen: an epoch (1, 2, ...) that is marked
    """
    epochs = np.repeat(np.arange(1, len(probabilities) + 1), len(CLASS_NAMES))
    names = [CLASS_NAMES[class_id] for class_id in named]
    table = pd.DataFrame(
        {
            "epoch": epochs,
            "class": np.tile(CLASS_NAMES, len(probabilities)),
            "probability": probabilities.ravel().astype(float),
            "chosen": epochs == chosen,
        }
    )
    table["named"] = table["class"].isin(names)
    return table
