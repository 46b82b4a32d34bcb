"""The curves of some runs laid over each other, over epochs or over the time they took."""

import pandas as pd
import streamlit as st

from fmnist.runs import Run
from fmnist.timed_curves import timed_curves, timed_spec
from pages.parts import loading
from pages.parts.learning_view import show_learning

EPOCHS, TIME = "Epochs", "Time"


def show(drawn: list[Run]) -> None:
    """Show the curves of runs; nothing but a sentence where none has learnt anything."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Curves over**", width="content")
        over = st.segmented_control(
            "Curves over",
            [EPOCHS, TIME],
            default=EPOCHS,
            required=True,
            key="runs_over",
            persist_state="session",
            label_visibility="collapsed",
        )
    table = _table(drawn)
    if table.empty:
        st.caption("There are no curves: nothing was learnt, or its history is gone.")
        return
    of = f"for {len(drawn)} run{'s' * (len(drawn) != 1)}"
    if over == TIME:
        for column, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
            column.vega_lite_chart(
                table,
                timed_spec(measure),
                key=f"timed-{measure}",
                alt=f"{measure.capitalize()} over the minutes of training {of}",
            )
        st.caption("Pauses and interruptions are taken out; TensorFlow's start counts.")
        return
    epochs = max((run.settings.epochs for run in drawn if run.settings), default=1)
    show_learning(drawn, epochs, key="past", about=f"over the epochs {of}", by_run=True)


@loading.cache_of_run("history.jsonl", entries=16)
def _table(runs: list[Run]) -> pd.DataFrame:
    return timed_curves(runs)
