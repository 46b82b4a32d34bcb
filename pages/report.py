"""Report: what a run achieves on the 10,000 test images, from the number to the picture."""

import streamlit as st

from fmnist.run import Run
from pages.parts import (
    frame,
    rejection_view,
    report_compare,
    report_confidence,
    report_epochs,
    report_overview,
    report_robustness,
    report_slices,
    report_takeaway,
)

VIEWS = {
    "Overview": report_overview.show,
    "Confidence": report_confidence.show,
    "By image property": report_slices.show,
    "Robustness": report_robustness.show,
    "By epoch": report_epochs.show,
    "Compare": report_compare.show,
    "When unsure": rejection_view.show,
    "Export": report_takeaway.show,
}


@st.fragment  # another view does not ask for the frame around it
def show_view(run: Run) -> None:
    """Show one view at a time: what is not looked at is not computed."""
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default="Overview",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS.get(view, report_overview.show)(run)


run_looked_at = frame.open_page()
st.title("Report")
show_view(run_looked_at)
