"""The form of the settings, filled from elsewhere on the page."""

import streamlit as st

from fmnist.settings import TrainSettings

WANTED = "train_settings_wanted"


def fill(settings: TrainSettings) -> None:
    """Let the form have these settings when the page is drawn next.

    For a callback, so it shows nothing itself: Streamlit warns of what a callback shows.
    """
    st.session_state[WANTED] = settings
