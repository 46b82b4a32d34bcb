"""Report, export: the whole report as one file."""

import streamlit as st

from fmnist.charts.html_report import render_report
from fmnist.runs.run import Run
from pages.parts.shared import loading


def show(run: Run) -> None:
    """Offer the report of a run as a file."""
    st.markdown(
        "One HTML file with everything: accuracy, the classification report, the confusion matrix, "
        "the most confused pairs, calibration, curves, the most confident mistakes with their "
        "pictures, settings, machine and versions. It needs no network and can be printed."
    )
    st.download_button(
        "Report as HTML",
        lambda: render_report(
            run, loading.predictions(run), loading.test_part().images, loading.test_part().labels
        ),
        f"{run.name}-report.html",
        "text/html",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )
