"""A test image to be classified by the eye: large, without its label, beside the classes."""

from collections.abc import Callable

import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.images.display import enlarge
from pages.parts.shared import loading

WIDTH = 280  # px


def ask(index: int, buttons: dict[str, int], choose: Callable, about: object) -> None:
    """Show test image `index` beside its buttons: key -> class id, or another number for neither.

    A click calls `choose` with that number and `about`.
    """
    with st.container(horizontal=True, gap="medium"):  # at the top, so that no button moves
        # an image has no height until it has come, and a button that moves is not hit
        with st.container(width=WIDTH, height=WIDTH + 20, border=False, key="blind_image"):
            pixels = enlarge(loading.test_part().images[index], 10)
            st.image(pixels, width=WIDTH, alt="A test image without its label")
        with st.container(width=WIDTH, key="blind_classes"):
            for key, choice in buttons.items():
                label = CLASS_NAMES[choice] if choice in range(len(CLASS_NAMES)) else "Can't tell"
                st.button(label, key=key, width="stretch", on_click=choose, args=(choice, about))
