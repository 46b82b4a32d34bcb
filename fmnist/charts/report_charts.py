"""The Report page's other charts: reliability, image properties, robustness, human accuracy."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from fmnist.analysis.slices import Slice
from fmnist.charts.common import TEXT, percent
from fmnist.charts.panels import ANSWER, OTHER, TRUE
from fmnist.metrics.calibration import Bin
from fmnist.metrics.report import wilson_interval

HUMAN = 0.835  # see HUMAN_SOURCE
HUMAN_SOURCE = "83.5 % of 1,000 images, by three people each, as published with the dataset"


def reliability_chart(before: Sequence[Bin], after: Sequence[Bin]) -> alt.LayerChart:
    """Share right over confidence, before and after the temperature.

    Points carry 95 % intervals; one of the network's can be chosen, the selection "bin" has the
    field "at".
    """
    columns = ["which", "at", "confidence", "right", "least", "most", "n"]
    rows = [
        (which, b.at, b.confidence, b.accuracy, *b.interval, b.n)
        for which, bins in (("network", before), ("after temperature", after))
        for b in bins
    ]
    chosen = alt.selection_point(name="bin", fields=["at"], empty=False)
    colour = alt.Color(
        "which:N",
        scale=alt.Scale(domain=["network", "after temperature"], range=[OTHER, ANSWER]),
        legend=alt.Legend(orient="top", title=None),
    )
    base = alt.Chart(pd.DataFrame(rows, columns=columns)).encode(
        x=percent(alt.X, "confidence", "Confidence"), color=colour
    )
    bars = base.mark_rule().encode(y=percent(alt.Y, "least", "Share right"), y2="most:Q")
    points = base.encode(
        y="right:Q",
        tooltip=[
            alt.Tooltip("which:N", title="probabilities"),
            alt.Tooltip("confidence:Q", format=".1%"),
            alt.Tooltip("right:Q", title="right", format=".1%"),
            alt.Tooltip("n:Q", title="images", format=","),
        ],
    )
    scaled = points.transform_filter("datum.which != 'network'").mark_point(filled=True, size=90)
    raw = (  # only these can be chosen: the others are not in the bins of their images
        points.transform_filter("datum.which == 'network'")
        .mark_point(filled=True, size=90, cursor="pointer")
        .encode(
            stroke=alt.condition(chosen, alt.value(TRUE), alt.value(None)),
            strokeWidth=alt.condition(chosen, alt.value(3), alt.value(0)),
        )
        .add_params(chosen)
    )
    lines = base.mark_line(opacity=0.6).encode(y="right:Q")
    even = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(strokeDash=[4, 4], color=OTHER, opacity=0.7)
        .encode(x="x:Q", y="y:Q")
    )
    return (even + bars + lines + scaled + raw).properties(height=330)


def confidence_chart(bins: Sequence[Bin]) -> alt.LayerChart | alt.FacetChart:
    """How many answers are how sure, and how many of those are wrong: a histogram.

    The axis shows square roots, because nine answers in ten are in the last bin. A bar can be
    chosen; the selection "bin" has the field "at".
    """
    columns = ["at", "low", "high", "answers", "wrong"]
    rows = [(b.at, b.low, b.high, b.n, b.n - b.right) for b in bins]
    chosen = alt.selection_point(name="bin", fields=["at"], empty=False)
    base = alt.Chart(pd.DataFrame(rows, columns=columns)).encode(
        x=alt.X(
            "low:Q",
            title="Confidence",
            bin="binned",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
        ),
        x2="high:Q",
        tooltip=[
            alt.Tooltip("low:Q", title="from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("answers:Q", format=","),
            alt.Tooltip("wrong:Q", title="of them wrong", format=","),
        ],
    )
    scale, title = alt.Scale(type="sqrt"), "Images (square-root scale)"

    def bars(field: str, name: str) -> alt.Chart:
        colours = alt.Scale(domain=["all answers", "wrong ones"], range=[ANSWER, TRUE])
        legend = alt.Legend(orient="top", title=None)
        return (
            base.mark_bar(cursor="pointer")
            .encode(
                y=alt.Y(f"{field}:Q", title=title, scale=scale, stack=None),
                color=alt.Color("what:N", scale=colours, legend=legend),
                opacity=alt.condition(chosen, alt.value(1), alt.value(0.75)),
            )
            .transform_calculate(what=f"'{name}'")
        )

    answers = bars("answers", "all answers").add_params(chosen)
    return (answers + bars("wrong", "wrong ones")).properties(height=330)


def people_chart(right: Mapping[str, np.ndarray]) -> alt.LayerChart:
    """Accuracy of some runs with 95 % intervals, and that of people as a line.

    right: name of a run -> (N,) bool, which of its answers are right
    """
    rows = [
        (name, of_run.mean(), *wilson_interval(int(of_run.sum()), len(of_run)))
        for name, of_run in right.items()
    ]
    table = pd.DataFrame(rows, columns=["run", "accuracy", "least", "most"])
    low = min(HUMAN, table["least"].min()) - 0.01
    scale = alt.Scale(domain=[max(0.0, low), 1], nice=False)
    base = alt.Chart(table).encode(
        y=alt.Y("run:N", sort=None, title=None, axis=alt.Axis(labelLimit=230))
    )
    points = base.mark_point(filled=True, size=120, color=ANSWER, opacity=1).encode(
        x=alt.X(
            "accuracy:Q", title="Accuracy", scale=scale, axis=alt.Axis(format=".0%", tickCount=8)
        ),
        tooltip=["run:N", alt.Tooltip("accuracy:Q", format=".2%")],
    )
    whiskers = base.mark_rule(strokeWidth=2, color=OTHER).encode(
        x=alt.X("least:Q", scale=scale), x2="most:Q"
    )
    people = alt.Chart(pd.DataFrame([{"x": HUMAN, "words": "people"}])).encode(
        x=alt.X("x:Q", scale=scale)
    )
    line = people.mark_rule(strokeDash=[4, 4], strokeWidth=2, color=TRUE)
    words = people.mark_text(align="left", dx=5, color=TEXT).encode(text="words:N", y=alt.value(8))
    return (line + words + whiskers + points).properties(height=70 + 40 * len(rows))


def slices_chart(slices: Sequence[Slice], overall: float) -> alt.LayerChart:
    """Accuracy of one measure's slices with intervals, the lowest value first.

    overall: accuracy on all images, a line. A point can be chosen; the selection "slice" has the
    field "at", its place in `slices`.
    """
    rows = [
        (at, f"{s.low:.3g} to {s.high:.3g}", s.accuracy, *s.interval, len(s.indices))
        for at, s in enumerate(slices)
    ]
    table = pd.DataFrame(rows, columns=["at", "range", "accuracy", "least", "most", "images"])
    # points, not bars: a bar would have to begin at 0, where no difference could be seen
    lowest, highest = min(overall, table["least"].min()), max(overall, table["most"].max())
    domain = [max(0.0, lowest - 0.01), min(1.0, highest + 0.01)]
    scale = alt.Scale(domain=domain, nice=False)
    chosen = alt.selection_point(name="slice", fields=["at"], empty=False)
    base = alt.Chart(table).encode(
        x=alt.X("range:N", sort=None, title=None, axis=alt.Axis(labelAngle=-20, labelOverlap=False))
    )
    points = (
        base.mark_point(cursor="pointer", filled=True, size=160, opacity=1)
        .encode(
            y=alt.Y(
                "accuracy:Q",
                title="Share right",
                scale=scale,
                axis=alt.Axis(format=".2~%", minExtent=44),
            ),
            color=alt.condition(chosen, alt.value(TRUE), alt.value(ANSWER)),
            tooltip=[
                alt.Tooltip("range:N", title="from"),
                alt.Tooltip("accuracy:Q", title="right", format=".1%"),
                alt.Tooltip("images:Q", format=","),
            ],
        )
        .add_params(chosen)
    )
    whiskers = base.mark_rule(strokeWidth=2, color=OTHER).encode(
        y=alt.Y("least:Q", scale=scale), y2="most:Q"
    )
    line = (
        alt.Chart(pd.DataFrame({"y": [overall]}))
        .mark_rule(strokeDash=[4, 4], color=OTHER)
        .encode(y=alt.Y("y:Q", scale=scale))
    )
    return (line + whiskers + points).properties(height=240)


def corruption_chart(sheets: dict[str, dict], name: str) -> alt.Chart:
    """Accuracy over the strength of one change; one line for each run.

    sheets: title of a run -> its sheet, see `read_corruptions`; name: one of CORRUPTIONS
    """
    rows = [
        {"run": run, "strength": strength, "right": right / sheet["n"]}
        for run, sheet in sheets.items()
        for strength, right in enumerate([sheet["plain"], *sheet["right"][name]])
    ]
    legend = alt.Legend(orient="top", title=None) if len(sheets) > 1 else None
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("strength:O", title="Strength", axis=alt.Axis(labelAngle=0)),
            y=percent(alt.Y, "right", None),
            color=alt.Color("run:N", legend=legend, sort=list(sheets)),
            tooltip=[
                "run:N",
                "strength:O",
                alt.Tooltip("right:Q", title="right", format=".1%"),
            ],
        )
        .properties(height=220, title=name)
    )
