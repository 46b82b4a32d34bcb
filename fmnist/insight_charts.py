"""The chart of an image's path over the epochs, for the Mistakes page."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts import OTHER
from fmnist.data import CLASS_NAMES

__all__ = ["path_chart"]


def path_chart(probabilities: np.ndarray, named: Sequence[int]) -> alt.LayerChart:
    """Probability of each class after each epoch: (E, 10), 0..1; `named` classes stand out."""
    epochs = np.arange(1, len(probabilities) + 1)
    table = pd.DataFrame(
        {
            "epoch": np.repeat(epochs, len(CLASS_NAMES)),
            "class": np.tile(CLASS_NAMES, len(epochs)),
            "probability": probabilities.ravel(),
        }
    )
    names = [CLASS_NAMES[class_id] for class_id in dict.fromkeys(named)]
    base = alt.Chart(table).encode(
        x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y(
            "probability:Q",
            title="Probability",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
        detail="class:N",
        tooltip=["class:N", "epoch:Q", alt.Tooltip("probability:Q", format=".1%")],
    )
    chosen = alt.FieldOneOfPredicate("class", names)
    others = base.mark_line(color=OTHER, opacity=0.35)
    lines = (
        base.transform_filter(chosen)
        .mark_line(point=True)
        .encode(color=alt.Color("class:N", sort=names, legend=alt.Legend(orient="top", title=None)))
    )
    return (others + lines).properties(height=240)
