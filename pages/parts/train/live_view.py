"""The progress of a training: a bar, numbers and curves, from its history."""

import time

import streamlit as st

from fmnist.charts.training_charts import (
    MEASURES,
    learning_spec,
    learning_table,
    rate_spec,
    rate_table,
)
from fmnist.runs.history import TrainingProgress
from fmnist.runs.progress_text import describe_progress, duration_text
from fmnist.runs.run import Run
from pages.parts.train import live_loading


def show_progress(run: Run, progress: TrainingProgress) -> None:
    """The bar and five numbers."""
    st.progress(*describe_progress(progress, run.settings.epochs))
    now = progress.latest or {}
    with st.grid("auto", min_column_width=98, gap="xsmall"):
        _number("Images/s", now.get("images_per_second"), "{:,.0f}".format)
        left = now.get("seconds_left") if run.state in ("running", "paused") else None
        _number("Time left", left, duration_text)
        _number("Elapsed", progress.elapsed(time.time()), duration_text)
        _number(
            "Processor",
            now.get("processor"),
            "{:.0f} %".format,
            "Share of all cores that the training uses.",
        )
        _number("Memory", now.get("memory_mib"), "{:,.0f} MiB".format)


def show_curves(run: Run, progress: TrainingProgress) -> None:
    """Accuracy, loss and the learning rate over the planned epochs."""
    epochs = run.settings.epochs
    table = learning_table(progress)
    *columns, last = st.columns([3, 3, 2])
    for column, measure in zip(columns, MEASURES, strict=True):
        column.vega_lite_chart(
            table,
            learning_spec(measure, epochs),
            key=f"live-{run.key}-{measure}",
            alt=f"{measure.capitalize()} of training and validation over the epochs",
        )
    last.vega_lite_chart(
        rate_table(progress, live_loading.planned_rates(run)),
        rate_spec(epochs),
        key=f"live-{run.key}-rate",
        alt="Learning rate over the epochs, planned and used",
    )


def _number(label: str, value: float | None, text, words: str | None = None) -> None:
    # a metric's large digits leave room for one number in the width of a phone
    shown = "–" if value is None else text(value)
    st.markdown(f":small[{label}]  \n**{shown}**", help=words)
