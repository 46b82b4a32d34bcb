"""Accuracy and loss curves of several runs."""

import streamlit as st

from fmnist.charts import common, training_charts
from fmnist.runs.run import Run
from pages.parts.shared import loading


def show(drawn: list[Run]) -> None:
    """Show accuracy and loss side by side; a sentence where no run has curves."""
    st.markdown("**Curves**")
    epochs = max((run.settings.epochs for run in drawn if run.settings), default=1)
    specs = _learning_specs(drawn, epochs)
    if not specs:
        st.caption("There are no curves: no epoch was finished, or the history is gone.")
        return
    about = f"over the epochs for {len(drawn)} run{'s' * (len(drawn) != 1)}"
    for column, (measure, spec) in zip(st.columns(2), specs.items(), strict=True):
        alt = f"{measure.capitalize()} {about}"
        column.vega_lite_chart(spec, key=f"past-{measure}", alt=alt)


@loading.cache_of_run("history.jsonl", entries=32)
def _learning_specs(runs: list[Run], epochs: int) -> dict[str, dict]:
    """Vega-Lite specifications of the accuracy and loss charts of some runs, by measure."""
    table = training_charts.curves_table(runs)
    if table.empty:
        return {}
    return {
        measure: common.learning_chart(table, measure, epochs).to_dict()
        for measure in ("accuracy", "loss")
    }
