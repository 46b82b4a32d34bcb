"""Mistakes: the test images a run gets wrong, as a gallery, a map, a court and a game."""

import streamlit as st

from fmnist.runs.run import Run
from pages.parts.mistakes import game_view, label_review_view, map_view, mistakes_gallery
from pages.parts.shared import frame

VIEWS = {
    "Gallery": mistakes_gallery.show,
    "Map": map_view.show,
    "Label court": label_review_view.show,
    "Beat the network": game_view.show,
}


@st.fragment  # another view does not ask for the frame around it
def show_view(run: Run) -> None:
    """Show one view at a time: what is not looked at is not computed."""
    view = st.segmented_control(
        "What to do with them",
        list(VIEWS),
        default="Gallery",
        required=True,
        key="do",
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS.get(view, mistakes_gallery.show)(run)


run_looked_at = frame.open_page()
st.title("Mistakes")
show_view(run_looked_at)
