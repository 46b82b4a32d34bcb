"""Report: what a run achieves on the 10,000 test images, from the number to the picture."""

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

run = frame.open_page(
    "Report",
    "How good this model is on 10,000 images that it never learnt from.",
    "Accuracy is the share of test images that the network answers as they are labelled. The "
    "confusion matrix shows what it takes for what: each row is a true class, each column an "
    "answer. The other views ask when it can be trusted: how sure it is, on which images, and what "
    "happens when they are disturbed. Every number leads to its images.",
    terms="Accuracy, Test images, Class, Confusion matrix, Interval, Calibration, ECE, "
    "Temperature scaling, Coverage",
)
show_view("View", VIEWS, "view", run)
