"""The chart of the Dataset page: how bright the garments of each class are."""

from functools import cache

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.common import ANSWER, class_rows, without_data
from fmnist.data import CLASS_NAMES


def brightness_table(histogram: np.ndarray) -> pd.DataFrame:
    """One row per class and step of brightness; histogram (10, B) as in `ClassStatistics`."""
    steps = histogram.shape[1]
    edges = np.arange(steps) * 256 // steps
    return pd.DataFrame(
        {
            "class": np.repeat(CLASS_NAMES, steps),
            "from": np.tile(edges, len(CLASS_NAMES)),
            "to": np.tile(edges + 256 // steps, len(CLASS_NAMES)),
            "share": histogram.ravel(),
        }
    )


@cache
def brightness_spec() -> dict:
    """Vega-Lite for `brightness_table`: a row for each class, the stronger the more pixels."""
    cells = (
        alt.Chart()
        .mark_rect()
        .encode(
            x=alt.X(
                "from:Q",
                title="Brightness, 0 (black) to 255",
                scale=alt.Scale(domain=[0, 256]),
                axis=alt.Axis(grid=False, values=list(range(0, 257, 64))),
            ),
            x2="to:Q",
            y=class_rows(labelOverlap=False, domain=False),
            opacity=alt.Opacity("share:Q", scale=alt.Scale(range=[0, 1]), legend=None),
            color=alt.value(ANSWER),
            tooltip=[
                "class:N",
                "from:Q",
                "to:Q",
                alt.Tooltip("share:Q", title="of the garment", format=".1%"),
            ],
        )
    )
    return without_data(alt.LayerChart(layer=[cells]).properties(height=alt.Step(24)))
