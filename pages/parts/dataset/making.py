"""Dataset, how they were made: the published seven steps on an example, one picture each."""

import numpy as np
import streamlit as st

from fmnist.collections.examples import render_photo, render_product_photo
from fmnist.images.options import PreprocessingOptions
from fmnist.runs.run import Run
from pages.parts.dataset.browse import describe
from pages.parts.shared import PAGES_DIR, loading
from pages.parts.shared.widgets import choose_one, show_pixels

PUBLISHED = PreprocessingOptions(method="published")
PAPER = "[Xiao, Rasul and Vollgraf, arXiv 1708.07747](https://arxiv.org/abs/1708.07747), section 2"
SHOWN = 140  # px of a step's longest edge
EXAMPLES = {"A shop's photo": render_product_photo, "A phone's photo": render_photo}
# a step of the pipeline -> its title and sentence here
STEPS = {
    "The picture, upright": (
        "The photo",
        "Any picture; the shop's were front views on light grey, 762 × 1000 pixels, as JPEG.",
    ),
    "Thumbnail": (
        "1. As PNG",
        "A thumbnail of it, 51 × 73 pixels at most, is converted to PNG; the next steps use that.",
    ),
    "Trimmed": (
        "2. Trim",
        "Edges close to the colour of the corners go: within 5 % of the maximum intensity in RGB.",
    ),
    "Subsampled": (
        "3. Resize",
        "The longest edge becomes 28 by subsampling: rows and columns are skipped, none averaged.",
    ),
    "Sharpened": (
        "4. Sharpen",
        "A Gaussian operator with a radius and a standard deviation of 1.0 sharpens the outlines.",
    ),
    "Extended": (
        "5. Extend",
        "The shortest edge is extended to 28 and the garment put in the centre.",
    ),
    "Negated": ("6. Negate", "Light and dark change places: a light background becomes black."),
    "Grey": ("7. Grey", "The colours become 8-bit grey values: one of the 28 × 28 images."),
}
WORDS = {
    "A shop's photo": "These steps were made for such photos.",
    "A phone's photo": (
        "Made for plain backgrounds, the steps find no edge to trim here. That is why the "
        "Classify page looks for the garment first."
    ),
}


def show(run: Run | None) -> None:
    """Show the steps, what they end with, and the images of the dataset most like it."""
    which = choose_one("Example", EXAMPLES, "dataset_example")
    st.caption(
        f"{WORDS[which]} Both photos are drawn by this program. The steps are those of {PAPER}; "
        "what it leaves open follows ImageMagick."
    )
    # the cache of a visitor's pictures keeps these, too
    steps = loading.steps(EXAMPLES[which]().getvalue(), PUBLISHED)
    with st.grid(4, min_column_width=SHOWN, gap="medium"):
        for step in steps:
            title, sentence = STEPS[step.title]
            _show_step(step.picture, title, sentence)
    pixels = steps[-1].picture
    if pixels.shape != (28, 28):
        return
    catalogue = loading.catalogue()
    st.markdown("**Most similar images of the dataset**")
    with st.container(horizontal=True, gap="small"):
        for number in catalogue.nearest(pixels, 6)[0]:
            words = describe(int(number), catalogue)
            show_pixels(catalogue.take([number])[0], 3, words, words)
    st.page_link(
        PAGES_DIR / "classify.py",
        label="Classify a picture of your own: “How it became 28 × 28” offers these steps, too",
        icon=":material/draw:",
    )


def _show_step(picture: np.ndarray, title: str, sentence: str) -> None:
    height, width = picture.shape[:2]
    with st.container(gap="xsmall"):
        show_pixels(picture, max(1, SHOWN // max(height, width)), f"{title}: {sentence}")
        st.markdown(f"**{title}**  \n{sentence}")
        if max(height, width) <= 73:
            st.caption(f"{width} × {height} pixels")
