"""Mistakes: the test images a run gets wrong: a gallery, a map, a label review and a game."""

import streamlit as st

from pages.parts.mistakes import game_view, label_review_view, map_view, mistakes_gallery
from pages.parts.shared import frame
from pages.parts.shared.widgets import show_view

VIEWS = {
    "Gallery": mistakes_gallery.show,
    "Map": map_view.show,
    "Label review": label_review_view.show,
    "Beat the network": game_view.show,
}

run = frame.open_page()
st.title("Mistakes")
show_view("What to do with them", VIEWS, "do", run)
