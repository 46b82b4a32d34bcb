"""The chart of an image's path over the epochs, for the pages that show one image."""

from collections.abc import Sequence
from functools import cache

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.common import OTHER, without_data
from fmnist.data import CLASS_NAMES

__all__ = ["path_spec", "path_table"]


@cache
def path_spec() -> dict:
    """Vega-Lite of the probability of each class after each epoch, for `path_table`."""
    base = alt.Chart().encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(tickMinStep=1, format="d"),
        ),
        y=alt.Y(
            "probability:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
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
