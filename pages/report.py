"""Report: what a run achieves on the 10,000 test images, from the number to the picture."""

import streamlit as st

from fmnist.runs.run import Run
from pages.parts.report import (
    by_epoch,
    compare,
    confidence,
    export,
    image_properties,
    overview,
    robustness,
    when_unsure,
)
from pages.parts.shared import frame

VIEWS = {
    "Overview": overview.show,
    "Confidence": confidence.show,
    "By image property": image_properties.show,
    "Robustness": robustness.show,
    "By epoch": by_epoch.show,
    "Compare": compare.show,
    "When unsure": when_unsure.show,
    "Export": export.show,
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
    VIEWS.get(view, overview.show)(run)


run_looked_at = frame.open_page()
st.title("Report")
show_view(run_looked_at)
