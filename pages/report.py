"""Report: what a run achieves on the 10,000 test images, from the number to the picture."""

import streamlit as st

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
from pages.parts.shared.widgets import show_view

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

run = frame.open_page()
st.title("Report")
show_view("View", VIEWS, "view", run)
