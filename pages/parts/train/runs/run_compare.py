"""Accuracy and loss curves of several runs."""

import math

import pandas as pd
import streamlit as st

from fmnist.charts import training_charts
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.shared import loading


def show(drawn: list[Run]) -> None:
    """Show accuracy and loss side by side; a sentence where no run has curves."""
    st.markdown("**Curves**")
    table = _curves_table(drawn)
    if table.empty:
        st.caption("There are no curves: no epoch was finished, or the history is gone.")
        return
    epochs = max(1, math.ceil(table["epoch"].max()))
    about = f"over the epochs for {count_text(len(drawn), 'run')}"
    for column, measure in zip(st.columns(2), training_charts.MEASURES, strict=True):
        spec = training_charts.curves_spec(measure, epochs)
        alt = f"{measure.capitalize()} {about}"
        column.vega_lite_chart(table, spec, key=f"past-{measure}", alt=alt)


@loading.cache_of_run("history.jsonl", entries=32)
def _curves_table(runs: list[Run]) -> pd.DataFrame:
    return training_charts.curves_table(runs)
