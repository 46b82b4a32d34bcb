"""What repeats a training elsewhere: the command, and a script that needs nothing of ours."""

import streamlit as st

from fmnist.errors import SettingsError
from fmnist.settings import TrainSettings
from fmnist.training.script import SCRIPT_FILE, format_command, generate_script


def show(settings: TrainSettings, *, key: str) -> None:
    """Draw the command to copy and the script to download, or why there can be no script.

    key: of the button; several runs' settings may stand on one page
    """
    st.code(format_command(settings), language="bash", wrap_lines=True)
    try:
        text = generate_script(settings)
    except SettingsError as error:
        st.info(str(error), title="There is no script for these settings")
        return
    st.download_button(
        "Download as a Python script",
        text,
        SCRIPT_FILE,
        mime="text/x-python",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )
    st.caption(
        f"{text.count(chr(10))} lines that need Keras and nothing of this project, and end with "
        "the weights that the command ends with."
    )
