"""The idea of a page, opened by a link below its title."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from fmnist.images.display import data_uri, enlarge
from pages.parts.shared.guide.glossary import explain

Picture = Callable[[], tuple[np.ndarray, str]]  # grey pixels and their caption, made when asked for


@st.fragment  # opening it draws nothing else anew
def show(idea: str, terms: str, picture: Picture | None) -> None:
    """Offer to explain the page; `terms` of the glossary come first in it."""
    with st.popover(
        "What am I looking at?", type="tertiary", icon=":material/help:", on_change="rerun"
    ) as box:
        if not box.open:
            return
        st.markdown(idea)
        if picture:
            pixels, caption = picture()
            st.image(data_uri(enlarge(pixels, 2)), caption=caption, alt=caption)
        with st.expander("Glossary"):
            st.markdown(explain(terms))
