"""A test image to be judged by the eye: large, without its label, and nothing below it moves."""

import streamlit as st

from fmnist.images.display import enlarge
from pages.parts.shared import loading

WIDTH = 280  # px


def blind_image(index: int) -> None:
    """Show test image `index` in a box of its own height.

    An image has no height until it has come, and a button that moves under a finger is not hit.
    """
    with st.container(width=WIDTH, height=WIDTH + 20, border=False):
        st.image(
            enlarge(loading.test_part().images[index], 10),
            width=WIDTH,
            alt="A test image without its label",
        )
