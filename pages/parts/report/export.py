"""Report, export: the whole report as one file."""

import numpy as np
import streamlit as st

from fmnist.data import Part
from fmnist.runs.run import Run
from fmnist.training.interop.model_card import render_model_card
from pages.parts.shared import loading
from pages.parts.shared.widgets import download


def show(run: Run) -> None:
    """Offer the report of a run as a file."""
    st.markdown(
        "One HTML file with everything: accuracy, the classification report, the confusion matrix, "
        "the most confused pairs, calibration, curves, the most confident mistakes with their "
        "pictures, settings, machine and versions. It works offline and can be printed."
    )
    # here, where what cannot be read is said: the files are made in threads without a page
    test, predictions = loading.test_part(), loading.predictions(run)
    download(
        "Report as HTML",
        lambda: _report(run, test, predictions),
        f"{run.name}-report.html",
        "text/html",
        type="primary",
    )
    st.markdown(
        "The model card is what model hubs such as Hugging Face show of a network: put it beside "
        "`model.keras` as `README.md`."
    )
    download(
        "Model card",
        lambda: render_model_card(run, predictions, test.labels),
        "README.md",
        "text/markdown",
    )


def _report(run: Run, test: Part, predictions: np.ndarray) -> str:
    from fmnist.charts.html_report import render_report  # with matplotlib: 30 MiB, 0.3 s

    return render_report(run, predictions, test.images, test.labels)
