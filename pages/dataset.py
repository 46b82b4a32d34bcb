"""Dataset: the 70,000 images, what a class looks like, how they were made, and their defects."""

from pages.parts.dataset import browse, classes, defects, duplicate_pairs, making
from pages.parts.shared import frame
from pages.parts.shared.widgets import show_view

VIEWS = {
    "Browse": browse.show,
    "Classes": classes.show,
    "How they were made": making.show,
    "Near-duplicates": duplicate_pairs.show,
    "Defects and source": defects.show,
}

run = frame.open_page(
    "Dataset",
    "The 70,000 pictures that everything here is about.",
    "Fashion-MNIST is 70,000 product photos of a shop, made small and grey, each labelled as one "
    "of ten classes. A network learns from most of them, its settings are chosen on 5,000 others, "
    "and 10,000 are kept for the final test. Look at them before you trust a number.",
    run_needed=False,
    terms="Class, Label, Training images, Validation images, Test images",
)
show_view("What to look at", VIEWS, "data", run)
