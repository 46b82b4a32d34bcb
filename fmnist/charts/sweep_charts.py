"""The chart of a sweep: what its variants reach, and what that costs."""

from functools import cache

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.common import TEXT, without_data
from fmnist.charts.panels import ANSWER
from fmnist.sweeps.results import Result

COSTS = {"minutes": "Minutes of training", "parameters": "Parameters"}
POINTS = 60  # of the fitted curve


@cache
def cost_spec(cost: str, measure: str) -> dict:
    """Vega-Lite of accuracy over a cost, one of `COSTS`, for the rows of `cost_table`.

    Every run is a point, every variant's mean a larger one; the line joins the variants that no
    other one beats in both (the Pareto front).
    """
    base = alt.Chart().encode(
        x=alt.X(f"{cost}:Q", title=COSTS[cost], scale=alt.Scale(zero=False, padding=20)),
        y=alt.Y(
            "accuracy:Q",
            title=f"{measure.capitalize()} accuracy",
            axis=alt.Axis(format=".1%"),
            scale=alt.Scale(zero=False),
        ),
        tooltip=[
            "variant:N",
            "run:N",
            alt.Tooltip("accuracy:Q", format=".2%"),
            alt.Tooltip(f"{cost}:Q", format=",.1f" if cost == "minutes" else ","),
        ],
    )
    colour = alt.Color(
        "variant:N",
        sort=None,
        legend=alt.Legend(orient="top", title=None, columns=3, labelLimit=260, symbolOpacity=1),
    )
    means = base.transform_filter(alt.datum.kind == "mean")
    front = means.transform_filter(alt.datum[f"front_{cost}"]).mark_line(
        color=TEXT, strokeDash=[4, 3], opacity=0.6
    )
    runs = base.transform_filter(alt.datum.kind == "run").mark_point(size=45, opacity=0.8)
    return without_data(
        (
            front
            + runs.encode(color=colour)
            + means.mark_point(filled=True, size=150, shape="diamond").encode(color=colour)
        ).properties(height=400)
    )


def cost_table(result: Result) -> pd.DataFrame:
    """The rows of `cost_spec`.

    Columns variant, run, kind ("run" or "mean"), accuracy (0..1), minutes, parameters, and for each
    cost whether the row stands on its front.
    """
    columns = ["kind", "variant", "run", "accuracy", "minutes", "parameters"]
    rows: list[tuple] = []
    for one in result.variants:
        name, minutes, parameters = one.name, float(np.mean(one.minutes)), one.parameters
        rows.append(("mean", name, f"mean of {len(one.runs)}", one.mean, minutes, parameters))
        rows += [
            ("run", name, *run, parameters)
            for run in zip(one.runs, one.accuracies, one.minutes, strict=True)
        ]
    table = pd.DataFrame(rows, columns=columns)
    for cost in COSTS:
        means = table[table["kind"] == "mean"].dropna(subset=cost)
        points = list(zip(means["accuracy"], means[cost], strict=True))
        front = [is_on_front(one, points) for one in points]
        table[f"front_{cost}"] = table.index.isin(means.index[front])
    return table


def is_on_front(one: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    """Whether none of the others (accuracy, cost) is as accurate and cheaper, or better for it."""
    accuracy, cost = one
    return not any(a >= accuracy and c <= cost and (a, c) != one for a, c in others)


@cache
def curve_spec(measure: str) -> dict:
    """Vega-Lite of accuracy over training images, for the rows of `curve_table`.

    Every run is a point; the line is the fitted power law, the band its 95 % interval.
    """
    base = alt.Chart().encode(
        x=alt.X(
            "images:Q",
            title="Training images",
            scale=alt.Scale(type="log", nice=False, padding=20),
            axis=alt.Axis(format=",", tickCount=5),
        )
    )
    shown = alt.Scale(zero=False)
    accuracy = alt.Y(
        "accuracy:Q",
        title=f"{measure.capitalize()} accuracy",
        axis=alt.Axis(format=".2~%"),
        scale=shown,
    )
    fit = base.transform_filter(alt.datum.kind == "fit")
    runs = base.transform_filter(alt.datum.kind == "run").encode(
        y=accuracy,
        tooltip=[
            "variant:N",
            "run:N",
            alt.Tooltip("images:Q", format=","),
            alt.Tooltip("accuracy:Q", format=".2%"),
        ],
    )
    return without_data(
        (
            fit.mark_area(color=TEXT, opacity=0.15).encode(
                y=alt.Y("low:Q", scale=shown), y2="high:Q"
            )
            + fit.mark_line(color=TEXT, strokeDash=[4, 3], opacity=0.8).encode(y=accuracy)
            + runs.mark_point(size=60, filled=True, color=ANSWER)
        ).properties(height=400)
    )


def curve_table(result: Result) -> pd.DataFrame:
    """The rows of `curve_spec`, for a result that has a curve.

    Columns kind ("run" or "fit", which goes on to twice the most images), images, accuracy, low,
    high (0..1), variant, run.
    """
    assert result.curve is not None
    rows: list[dict] = [
        {"kind": "run", "images": one.images, "accuracy": accuracy, "variant": one.name, "run": run}
        for one in result.variants
        for accuracy, run in zip(one.accuracies, one.runs, strict=True)
    ]
    least = min(row["images"] for row in rows)
    for images in np.geomspace(least, 2 * result.curve.most, POINTS):
        expected, low, high = result.curve.predict(images)
        rows.append(
            {"kind": "fit", "images": images, "accuracy": expected, "low": low, "high": high}
        )
    return pd.DataFrame(rows)
