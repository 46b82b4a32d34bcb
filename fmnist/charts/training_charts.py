"""The charts of trainings: specifications that stay, and tables that grow.

A running training's specification follows from its settings alone, so a browser draws only what
is new.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.common import over_epochs, without_data
from fmnist.charts.panels import ANSWER, OTHER, TRUE
from fmnist.runs.history import TrainingProgress, epoch_position, follow_progress
from fmnist.runs.library import run_title
from fmnist.runs.run import Run
from fmnist.settings import TrainSettings
from fmnist.training.schedules import learning_rate

MEASURES = ("accuracy", "loss")
TRAINING, VALIDATION, WITHIN = "training", "validation", "within epochs"
PLANNED, USED = "planned", "used"
PALE = "#5fb8ae"  # the answers' colour, fainter
HEIGHT = 290
MANY = 50  # epochs; the points of more would cover each other
# small, or it would not fit above a third of the page; two lines in every chart
LEGEND: dict[str, Any] = {"orient": "top", "title": None, "labelFontSize": 12, "symbolSize": 60}
# what lies further than that below the worst finished epoch is not drawn, or the epochs would be
# squeezed together by the first seconds
REACH = {"accuracy": 0.05, "loss": 0.15}
PLACES = 240  # where the planned learning rate is computed


@cache
def learning_spec(measure: str, epochs: int) -> dict:
    """Vega-Lite of accuracy or loss over the planned epochs, for the rows of `learning_table`."""
    parts = [TRAINING, VALIDATION, WITHIN]
    base = alt.Chart().encode(
        x=over_epochs(min(epochs, 8), domain=[0, epochs]),
        y=_up(measure, tickCount=6),
        color=alt.Color(
            "part:N",
            scale=alt.Scale(domain=parts, range=[ANSWER, TRUE, PALE]),
            legend=alt.Legend(**LEGEND, columns=2, columnPadding=8),
        ),
        tooltip=["part:N", *_epoch_and(measure)],
    )
    here = alt.expr.isValid(alt.datum[measure])
    within = base.transform_filter(here & (alt.datum.part == WITHIN))
    whole = base.transform_filter(here & (alt.datum.part != WITHIN))
    chart = (
        within.mark_line(strokeWidth=1.2)
        + whole.mark_line(strokeWidth=2)
        + whole.mark_point(filled=True, size=40 if epochs <= MANY else 8, opacity=1)
    )
    return without_data(chart.properties(height=HEIGHT))


def learning_table(progress: TrainingProgress) -> pd.DataFrame:
    """The rows of `learning_spec`: epoch (float), part, accuracy, loss.

    Within the epochs stand the smoothed values where the history has them, else the means over the
    epoch so far; those far off the finished epochs are left empty.
    """
    rows = list(_epoch_rows(progress))
    worst = {
        "accuracy": min((row[2] for row in rows), default=-np.inf) - REACH["accuracy"],
        "loss": max((row[3] for row in rows if row[3] is not None), default=np.inf) + REACH["loss"],
    }
    for point in progress.points:
        accuracy, loss = (point.get(f"recent_{name}", point[name]) for name in MEASURES)
        rows.append(
            (
                epoch_position(point),
                WITHIN,
                accuracy if accuracy >= worst["accuracy"] else None,
                loss if loss <= worst["loss"] else None,
            )
        )
    return _learning_frame(rows, ["epoch", "part", *MEASURES])


@cache
def curves_spec(measure: str, epochs: int) -> dict:
    """Vega-Lite of accuracy or loss up to `epochs`, for the rows of `curves_table`.

    Lines are coloured by run, with validation dashed; every whole epoch has a point, hollow for
    validation: after one epoch there is no line.
    """
    lines = alt.Chart().encode(
        x=over_epochs(min(epochs, 8), domain=[0, epochs]),
        y=_up(measure),
        color=alt.Color(  # below each other, for a phone
            "run:N", legend=alt.Legend(orient="top", title=None, labelLimit=300, columns=1)
        ),
        strokeDash=alt.StrokeDash(
            "part:N", scale=alt.Scale(domain=[TRAINING, VALIDATION]), legend=None
        ),
        tooltip=["run:N", "part:N", *_epoch_and(measure)],
    )
    whole = alt.datum.epoch == alt.expr.floor(alt.datum.epoch)
    filled = alt.condition(alt.datum.part == TRAINING, alt.value(1), alt.value(0))
    points = lines.encode(
        fill=alt.Fill("run:N", legend=None), fillOpacity=filled, strokeDash=alt.value([1, 0])
    )
    chart = lines.mark_line() + points.transform_filter(whole).mark_point(size=40, opacity=1)
    return without_data(chart.properties(height=320))


def curves_table(runs: list[Run]) -> pd.DataFrame:
    """The rows of `curves_spec`: accuracy and loss over epochs, for one or several runs.

    Columns run, epoch (float; a fraction inside a running epoch), part, accuracy, loss. Inside
    the last, unfinished epoch the running mean of the training part stands.
    """
    rows = []
    for run in runs:
        progress = follow_progress(run)
        finished = {event["epoch"] for event in progress.epochs}
        rows += [(run_title(run), *row) for row in _epoch_rows(progress)]
        rows += [
            (run_title(run), epoch_position(point), TRAINING, point["accuracy"], point["loss"])
            for point in progress.points
            if point["epoch"] not in finished
        ]
    return _learning_frame(rows, ["run", "epoch", "part", *MEASURES])


def _epoch_rows(progress: TrainingProgress) -> Iterator[tuple]:
    """Epoch, part, accuracy and loss of every finished epoch."""
    for event in progress.epochs:
        yield event["epoch"], TRAINING, event["accuracy"], event["loss"]
        if "val_accuracy" in event:
            yield event["epoch"], VALIDATION, event["val_accuracy"], event.get("val_loss")


def _learning_frame(rows: list[tuple], columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"epoch": float, "accuracy": float, "loss": float})


@cache
def rate_spec(epochs: int) -> dict:
    """Vega-Lite of the learning rate over the planned epochs, for the rows of `rate_table`."""
    base = alt.Chart().encode(
        x=over_epochs(min(epochs, 8), domain=[0, epochs]),
        y=alt.Y("rate:Q", title="Learning rate", axis=alt.Axis(format="~g", tickCount=5)),
        color=alt.Color(
            "part:N",
            scale=alt.Scale(domain=[USED, PLANNED], range=[ANSWER, OTHER]),
            legend=alt.Legend(**LEGEND, columns=1),
        ),
        tooltip=[
            alt.Tooltip("part:N"),
            alt.Tooltip("epoch:Q", format=".2f"),
            alt.Tooltip("rate:Q", format=".3~g"),
        ],
    )
    planned = base.transform_filter(alt.datum.part == PLANNED)
    used = base.transform_filter(alt.datum.part == USED)
    chart = planned.mark_line(strokeWidth=1.2, strokeDash=[3, 3]) + used.mark_line(strokeWidth=2.5)
    return without_data(chart.properties(height=HEIGHT))


def planned_rates(settings: TrainSettings, images: int) -> list[tuple[float, str, float]]:
    """Rows of `rate_table` for all epochs of a training that learns from so many images."""
    steps = -(-images // settings.batch_size)  # an epoch
    last = settings.epochs * steps - 1
    chosen = np.unique(np.linspace(0, last, PLACES).astype(int)).tolist()
    return [(step / steps, PLANNED, learning_rate(settings, step, steps)) for step in chosen]


def rate_table(progress: TrainingProgress, planned: list[tuple[float, str, float]]) -> pd.DataFrame:
    """The rows of `rate_spec`: epoch (float), part, rate; planned: see `planned_rates`."""
    used = [
        (epoch_position(point), USED, point["learning_rate"])
        for point in progress.points
        if "learning_rate" in point
    ]
    table = pd.DataFrame([*planned, *used], columns=["epoch", "part", "rate"])
    return table.astype({"epoch": float, "rate": float})


def _up(measure: str, **axis: Any) -> alt.Y:
    """Accuracy or loss upwards, from wherever the values begin."""
    axis = {"format": ".2~%" if measure == "accuracy" else ".2f", **axis}
    scale = alt.Scale(zero=False)
    return alt.Y(f"{measure}:Q", title=measure.capitalize(), scale=scale, axis=alt.Axis(**axis))


def _epoch_and(measure: str) -> list[alt.Tooltip]:
    exact = ".2%" if measure == "accuracy" else ".4f"
    return [alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip(f"{measure}:Q", format=exact)]
