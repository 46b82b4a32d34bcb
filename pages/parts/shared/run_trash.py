"""What this session has deleted: offered back on the page, gone for good when that is left."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fmnist.runs.trash import Trash, purge_old_runs

TRASH, PAGE = "run_trash", "run_trash_page"


def trash() -> Trash:
    """This session's trash; it is emptied when the session has ended."""
    if TRASH not in st.session_state:
        st.session_state[TRASH] = Trash()
    return st.session_state[TRASH]


def opened() -> None:
    """Say that the page of the runs is drawn; whatever was left in the trash for a day goes."""
    st.session_state[PAGE] = _page()
    trash().stay()
    _present(trash())
    purge_old_runs()


def page_opened() -> None:
    """Empty the trash where another page is opened than the one of the runs. For `open_page`."""
    if TRASH in st.session_state and st.session_state.get(PAGE) != _page():
        st.session_state[TRASH].purge()


# Streamlit forgets what it keeps for a session at once when the browser is gone, and the session
# itself only when it may not come back any more
@st.cache_resource(
    show_spinner=False,
    scope="session",
    on_release=lambda kept: kept.purge_later(st.get_option("server.disconnectedSessionTTL")),
)
def _present(_trash: Trash) -> Trash:
    return _trash


def _page() -> str:
    context = get_script_run_ctx()
    return context.page_script_hash if context else ""
