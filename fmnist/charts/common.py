"""Charts of several pages: confusion matrix, risk and coverage."""

from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from fmnist.charts.panels import ANSWER, TRUE
from fmnist.data import CLASS_NAMES
from fmnist.metrics.confusions import normalise_confusion

NO_ANSWER = "No answer"
MIDDLE: Any = {"labelFlush": False}  # the first and last name of an axis stay beside their rows
TEXT = "currentColor"  # in an SVG the colour of the page's text, in either theme


@alt.theme.register("studio", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    """What Streamlit's theme leaves too pale to read."""
    pale: Any = {"labelColor": TEXT, "titleColor": TEXT}
    return alt.theme.ThemeConfig(config={"axis": pale, "legend": pale, "header": pale})


def class_rows(**axis: Any) -> alt.Y:
    """The classes below each other, with the names that bars have."""
    axis = {"ticks": False, **MIDDLE, **axis}
    return alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=110, **axis))


def share_bars(field: str, title: str | None = None) -> alt.X:
    """Shares from 0 to 1 to the right, with room for a number beside a full bar."""
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format="%", title=title)
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, 1.2]), axis=axis)


def percent(channel: type, field: str, title: str | None) -> Any:
    """Shares from 0 to 1 in percent, on the axis `channel`, alt.X or alt.Y."""
    scale, axis = alt.Scale(domain=[0, 1]), alt.Axis(format="%")
    return channel(f"{field}:Q", title=title, scale=scale, axis=axis)


def over_epochs(ticks: Any = alt.Undefined, **scale: Any) -> alt.X:
    """Whole epochs to the right; ticks: about so many."""
    axis = alt.Axis(tickMinStep=1, tickCount=ticks, format="d")
    return alt.X("epoch:Q", title="Epoch", scale=alt.Scale(nice=False, **scale), axis=axis)


@cache
def recall_spec(now: str, other: str) -> dict:
    """Vega-Lite of the share right of each class as bars with ticks, for `recall_table`.

    now, other: what the bars and the ticks show, in words for a tooltip
    """
    base = alt.Chart().encode(
        y=class_rows(labelOverlap=False),
        tooltip=[
            "class:N",
            alt.Tooltip("recall:Q", title=now, format=".1%"),
            alt.Tooltip("other:Q", title=other, format=".1%"),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3, color=ANSWER).encode(x=share_bars("recall"))
    ticks = (
        base.transform_filter(alt.expr.isValid(alt.datum.other))
        .mark_tick(color=TRUE, thickness=2.5)
        .encode(x=share_bars("other"))
    )
    numbers = base.mark_text(align="left", color=TEXT).encode(
        x=alt.datum(1.02, type="quantitative"), text=alt.Text("recall:Q", format=".1%")
    )
    return without_data((bars + ticks + numbers).properties(height=290))


def recall_table(recall: np.ndarray, other: np.ndarray | None = None) -> pd.DataFrame:
    """The rows of `recall_spec` for the recall (10,), 0..1, at two epochs, or at one alone."""
    return pd.DataFrame(
        {"class": CLASS_NAMES, "recall": recall, "other": np.nan if other is None else other}
    )


@cache
def confusion_spec(columns: int = len(CLASS_NAMES)) -> dict:
    """Vega-Lite of the confusion matrix as a heat map whose cells can be chosen.

    For the rows of `confusion_table`, of so many columns. The selection is called "cell" and has
    the fields true and predicted, class names.
    """
    cell = alt.selection_point(name="cell", fields=["true", "predicted"], empty=False)
    base = alt.Chart().encode(
        x=alt.X(
            "predicted:N",
            sort=[*CLASS_NAMES, NO_ANSWER][:columns],
            title="Predicted class",
            axis=alt.Axis(
                labelAngle=-45,
                labelOverlap=False,
                orient="top",
                ticks=False,
                domain=False,
                **MIDDLE,
            ),
        ),
        y=alt.Y(
            "true:N",
            sort=list(CLASS_NAMES),
            title="True class",
            axis=alt.Axis(ticks=False, domain=False, **MIDDLE),
        ),
    )
    boxes = (
        base.mark_rect(cursor="pointer", cornerRadius=3)
        .encode(
            color=alt.condition(
                alt.datum.true == alt.datum.predicted,
                alt.value("rgba(13, 148, 136, 0.28)"),
                alt.Color(
                    "colour:Q",
                    scale=alt.Scale(
                        domain=[0, 1], range=["rgba(217, 119, 6, 0.06)", "rgba(217, 119, 6, 0.6)"]
                    ),
                    legend=None,
                ),
            ),
            stroke=alt.condition(cell, alt.value(ANSWER), alt.value(None)),
            strokeWidth=alt.condition(cell, alt.value(3), alt.value(0)),
            # here and not on the numbers, which would catch the click
            tooltip=[
                alt.Tooltip("true:N", title="true"),
                alt.Tooltip("predicted:N", title="predicted"),
                alt.Tooltip("count:Q", title="images"),
                alt.Tooltip("share:Q", title="share of the row", format=".1%"),
            ],
        )
        .add_params(cell)
    )
    text = (
        base.mark_text(fontSize=11, color=TEXT)
        .encode(text="text:N")
        .transform_filter("datum.text")  # most cells are empty, and every mark takes its time
    )
    room = {"left": 5, "top": 5, "right": 24, "bottom": 5}  # the last slanted name reaches out
    return without_data((boxes + text).properties(height=470, padding=room))


def confusion_table(confusion: np.ndarray, by: str | None = None) -> pd.DataFrame:
    """The rows of `confusion_spec` for a confusion matrix (10, 10).

    An eleventh column, as `scoring.Summary` has it, is for pictures without an answer. The numbers
    are counts, or percent of the row or column as `by` says ("row", "column", None). Colour is the
    share of the row in all views, 1 for the largest beside the diagonal, which would outshine all.
    """
    share = normalise_confusion(confusion, "row")
    percent = share if by is None else normalise_confusion(confusion, by)
    predicted = [*CLASS_NAMES, NO_ANSWER][: confusion.shape[1]]
    wrong = np.where(np.eye(*confusion.shape) > 0, 0, share)
    return pd.DataFrame(
        {
            "true": np.repeat(CLASS_NAMES, len(predicted)),
            "predicted": np.tile(predicted, len(CLASS_NAMES)),
            "count": confusion.ravel(),
            "share": share.ravel(),
            "colour": (wrong / max(float(wrong.max()), 0.01)).ravel(),
            "text": [
                "" if not count else f"{part:.1%}".removesuffix("%") if by else f"{count}"
                for count, part in zip(confusion.ravel(), percent.ravel(), strict=True)
            ],
        }
    )


def risk_coverage_chart(rows: list[list[float]], chosen: float) -> alt.LayerChart:
    """Share answered against share right; the chosen line is marked, interpolated between rows.

    rows: [line, share answered, share right], each 0..1; see `calibration.risk_coverage`
    """
    table = pd.DataFrame(rows, columns=["line", "answered", "right"])
    here = {name: [np.interp(chosen, table["line"], values)] for name, values in table.items()}
    base = alt.Chart(table).encode(
        x=alt.X("answered:Q", title="Share answered", axis=alt.Axis(format="%")),
        y=alt.Y(
            "right:Q",
            title="Share right of those",
            axis=alt.Axis(format=".1%"),
            scale=alt.Scale(zero=False),
        ),
        tooltip=[
            alt.Tooltip("line:Q", title="confident from", format=".2f"),
            alt.Tooltip("answered:Q", title="answered", format=".1%"),
            alt.Tooltip("right:Q", title="right of those", format=".1%"),
        ],
    )
    line = base.mark_line(color=ANSWER, point=alt.OverlayMarkDef(color=ANSWER, size=24))
    point = base.mark_point(color=TRUE, size=160, strokeWidth=3, filled=False)
    point.data = pd.DataFrame(here)
    return (line + point).properties(height=260)


def without_data(chart: alt.LayerChart) -> dict:
    """The specification without the one empty row that Altair gives a chart that has no data."""
    spec = chart.to_dict()
    del spec["datasets"]
    for layer in spec["layer"]:
        del layer["data"]
    return spec
