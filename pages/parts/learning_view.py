"""Accuracy and loss over the epochs, as two charts side by side."""

import streamlit as st

from fmnist.runs import Run
from pages.parts import loading


def show_learning(
    runs: list[Run], epochs: int, *, key: str, about: str, by_run: bool = False
) -> None:
    """Show the curves of some runs up to `epochs`; nothing where none has learnt anything yet.

    about: ends the charts' accessible names, after "Accuracy " and "Loss "
    """
    specs = loading.learning_specs(runs, epochs, by_run=by_run)
    for column, (measure, spec) in zip(st.columns(2), specs.items(), strict=False):
        alt = f"{measure.capitalize()} {about}"
        column.vega_lite_chart(spec, key=f"{key}-{measure}", alt=alt)
