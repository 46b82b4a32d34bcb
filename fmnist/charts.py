"""The charts on the pages, as Altair specifications that follow the page's light or dark theme."""

import altair as alt
import numpy as np
import pandas as pd

from fmnist.data import CLASS_NAMES

__all__ = ["confusion_chart", "learning_chart", "probability_chart", "trade_off_chart"]

# Three roles, told apart in light and dark and by the common kinds of colour blindness.
ANSWER, TRUE, OTHER = "#0d9488", "#d97706", "#94a3b8"
NO_ANSWER = "No answer"
TEXT_LIGHT, TEXT_DARK = "#1c2527", "#e6eeee"  # textColor of both themes in config.toml


def probability_chart(probabilities: np.ndarray, true: int | None = None) -> alt.LayerChart:
    """Ten bars for probabilities (10,); the answer and, where known, the true class stand out."""
    best = int(np.argmax(probabilities))
    roles = ["other"] * len(CLASS_NAMES)
    if true is not None:
        roles[true] = "true class"
    roles[best] = "answer"
    table = pd.DataFrame(
        {"class": CLASS_NAMES, "probability": probabilities.astype(float), "role": roles}
    )
    base = alt.Chart(table).encode(
        y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=110, ticks=False)),
        tooltip=["class:N", alt.Tooltip("probability:Q", format=".2%")],
    )
    x = alt.X(
        "probability:Q",
        scale=alt.Scale(domain=[0, 1.16]),  # room for the number beside a full bar
        axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format="%", title=None),
    )
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=["answer", "true class", "other"], range=[ANSWER, TRUE, OTHER]),
        legend=None,
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(x=x, color=colour)
    numbers = base.mark_text(align="left", dx=4, color=OTHER).encode(
        x=x, text=alt.Text("probability:Q", format=".1%")
    )
    return (bars + numbers).properties(height=270)


def learning_chart(
    curves: pd.DataFrame, measure: str, epochs: int, by_run: bool = False
) -> alt.LayerChart:
    """Accuracy or loss over epochs.

    curves: columns epoch (may be a fraction while an epoch runs), part ("training" or
    "validation"), run, and the measure. Lines are coloured by part, or by run with validation
    dashed; the x axis reaches to `epochs`, so that a live chart does not jump.
    """
    share = measure == "accuracy"
    lines = alt.Chart(curves).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            scale=alt.Scale(domain=[0, max(epochs, 1)], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d"),
        ),
        y=alt.Y(
            f"{measure}:Q",
            title=measure.capitalize(),
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".0%" if share else ".2f"),
        ),
        tooltip=[
            "run:N",
            "part:N",
            alt.Tooltip("epoch:Q", format=".2f"),
            alt.Tooltip(f"{measure}:Q", format=".2%" if share else ".4f"),
        ],
    )
    legend = alt.Legend(orient="top", title=None, labelLimit=240, columns=2)
    part = alt.Scale(domain=["training", "validation"])
    if by_run:
        lines = lines.encode(
            color=alt.Color("run:N", legend=legend),
            strokeDash=alt.StrokeDash("part:N", scale=part, legend=None),
        )
    else:
        colours = alt.Scale(domain=["training", "validation"], range=[ANSWER, TRUE])
        lines = lines.encode(color=alt.Color("part:N", scale=colours, legend=legend))
    whole = alt.datum.epoch == alt.expr.floor(alt.datum.epoch)
    chart = lines.mark_line() + lines.transform_filter(whole).mark_point(filled=True, size=40)
    return chart.properties(height=320)


def confusion_chart(confusion: np.ndarray, by_row: bool, dark: bool = False) -> alt.LayerChart:
    """The confusion matrix (10, 10) as a heat map whose cells can be chosen.

    An eleventh column, as `scoring.Summary` has it, is for pictures without an answer. The
    selection is called "cell" and has the fields true and predicted, class names. Colour is the
    share of the row in both views; the diagonal, which would outshine all, is left pale. `dark`
    picks the numbers' colour, which a theme does not reach.
    """
    rows = confusion.sum(axis=1, keepdims=True)
    share = confusion / np.maximum(rows, 1)
    predicted = [*CLASS_NAMES, NO_ANSWER][: confusion.shape[1]]
    table = pd.DataFrame(
        {
            "true": np.repeat(CLASS_NAMES, len(predicted)),
            "predicted": np.tile(predicted, len(CLASS_NAMES)),
            "count": confusion.ravel(),
            "share": share.ravel(),
            "wrong": np.where(np.eye(*confusion.shape, dtype=bool), 0, share).ravel(),
            "text": [
                "" if not count else f"{part:.1%}".removesuffix("%") if by_row else f"{count}"
                for count, part in zip(confusion.ravel(), share.ravel(), strict=True)
            ],
        }
    )
    cell = alt.selection_point(name="cell", fields=["true", "predicted"], empty=False)
    base = alt.Chart(table).encode(
        x=alt.X(
            "predicted:N",
            sort=predicted,
            title="Predicted class",
            axis=alt.Axis(
                labelAngle=-45, labelOverlap=False, orient="top", ticks=False, domain=False
            ),
        ),
        y=alt.Y(
            "true:N",
            sort=list(CLASS_NAMES),
            title="True class",
            axis=alt.Axis(ticks=False, domain=False),
        ),
    )
    top = max(float(table["wrong"].max()), 0.01)
    boxes = (
        base.mark_rect(cursor="pointer", cornerRadius=3)
        .encode(
            color=alt.condition(
                alt.datum.true == alt.datum.predicted,
                alt.value("rgba(13, 148, 136, 0.28)"),
                alt.Color(
                    "wrong:Q",
                    scale=alt.Scale(
                        domain=[0, top], range=["rgba(217, 119, 6, 0.06)", "rgba(217, 119, 6, 1)"]
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
    text = base.mark_text(fontSize=11, color=TEXT_DARK if dark else TEXT_LIGHT).encode(
        text="text:N"
    )
    return (boxes + text).properties(height=470)


def trade_off_chart(rows: list[list[float]], chosen: float) -> alt.LayerChart:
    """Share answered against share right, with the chosen line marked.

    rows: [line, share answered, share right], each 0..1; see `verdicts.trade_off`
    """
    table = pd.DataFrame(rows, columns=["line", "answered", "right"])
    table["chosen"] = (table["line"] - chosen).abs() == (table["line"] - chosen).abs().min()
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
    point = base.transform_filter("datum.chosen").mark_point(
        color=TRUE, size=160, strokeWidth=3, filled=False
    )
    return (line + point).properties(height=260)
