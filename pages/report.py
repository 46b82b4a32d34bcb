"""Report: what a run achieves on the 10,000 test images, from the number to the picture."""

import streamlit as st

from pages.parts import (
    frame,
    honesty_view,
    report_compare,
    report_confidence,
    report_overview,
    report_robustness,
    report_slices,
    report_takeaway,
)

VIEWS = {
    "Overview": report_overview.show,
    "Confidence": report_confidence.show,
    "Slices": report_slices.show,
    "Robustness": report_robustness.show,
    "Two runs": report_compare.show,
    "Not answering": honesty_view.show,
    "Take away": report_takeaway.show,
}

run = frame.open_page()
st.title("Report")
# one at a time: what is not looked at is not computed
view = st.segmented_control(
    "What to look at",
    list(VIEWS),
    default="Overview",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS.get(view, report_overview.show)(run)
