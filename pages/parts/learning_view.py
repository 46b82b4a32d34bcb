"""Accuracy and loss over the epochs, as two charts side by side."""

import streamlit as st

from fmnist import charts, curves
from fmnist.runs import Run
from pages.parts import loading


def show_learning(
    runs: list[Run], epochs: int, *, key: str, about: str, by_run: bool = False
) -> None:
    """Show the curves of some runs up to `epochs`; nothing where none has learnt anything yet.

    about: ends the charts' accessible names, after "Accuracy " and "Loss "
    """
    specs = _learning_specs(runs, epochs, by_run=by_run)
    for column, (measure, spec) in zip(st.columns(2), specs.items(), strict=False):
        alt = f"{measure.capitalize()} {about}"
        column.vega_lite_chart(spec, key=f"{key}-{measure}", alt=alt)


@loading.cache_of_run("history.jsonl", entries=32)
def _learning_specs(runs: list[Run], epochs: int, *, by_run: bool = False) -> dict[str, dict]:
    """Vega-Lite specifications of the accuracy and loss charts of some runs; see `charts`.

    While a training runs, every viewer's page asks once a second, and only the first one's request
    after the history has grown does the work.
    """
    table = curves.curves_table(runs)
    if table.empty:
        return {}
    return {
        measure: charts.learning_chart(table, measure, epochs, by_run).to_dict()
        for measure in ("accuracy", "loss")
    }
