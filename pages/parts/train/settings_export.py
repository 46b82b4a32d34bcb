"""Settings as a command, and as a script without this project."""

import streamlit as st

from fmnist.errors import SettingsError
from fmnist.settings import TrainSettings
from fmnist.training.interop.script import SCRIPT_FILE, format_command, generate_script
from pages.parts.shared.widgets import download


def show(settings: TrainSettings, *, key: str) -> None:
    """Draw the command to copy and the script to download, or why there is no script."""
    # without a language: the colours of one are too pale to read
    st.code(format_command(settings), language=None, wrap_lines=True)
    try:
        text = generate_script(settings)
    except SettingsError as error:
        st.info(str(error), title="There is no script for these settings")
        return
    download("Download as a Python script", lambda: text, SCRIPT_FILE, "text/x-python", key=key)
    st.caption(
        f"{text.count(chr(10))} lines that need only Keras and train the same weights as the "
        "command, to the digit if the training is deterministic."
    )
