"""Looking at a run from elsewhere: a zip file that somebody packed with another studio."""

import streamlit as st

from fmnist import archive, run_archive
from fmnist.errors import FmnistError
from pages.parts import run_actions

TAKEN = "run_zips_taken"  # how many: the next uploader is a new, empty one


def offer() -> None:
    """Draw the uploader; a file becomes a run that is looked at, or a sentence."""
    taken = st.session_state.get(TAKEN, 0)
    file = st.file_uploader(
        "Look at a run from elsewhere (zip)",
        "zip",
        max_upload_size=archive.MAX_PACKED // 2**20,
        key=f"run_zip-{taken}",
        help="A file that this page has packed, here or on another computer. Its curves and "
        "answers are shown; its network is not loaded.",
    )
    if file is None:
        return
    try:
        with st.spinner("Reading the run"):
            run = run_archive.keep(file.getvalue(), file.name)
    except FmnistError as error:
        run_actions.say(str(error))
    else:
        run_actions.choose(run.name)
        run_actions.say(f"{run.name} is kept to be looked at.", "info")
    st.session_state[TAKEN] = taken + 1
    st.rerun()
