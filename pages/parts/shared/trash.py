"""What this session has deleted: offered back where it was, for some minutes."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from fmnist.runs.trash import MINUTES, Deleted, Trash

TRASH = "trash"
Kind = TypeVar("Kind", bound=Deleted)


def trash() -> Trash:
    """This session's trash; it is emptied when the session has ended."""
    if TRASH not in st.session_state:
        st.session_state[TRASH] = Trash()
        _present(st.session_state[TRASH])
    return st.session_state[TRASH]


def page_opened() -> None:
    """Say that the session is there, and let go what was deleted too long ago. For `open_page`."""
    if TRASH in st.session_state:
        kept = st.session_state[TRASH]
        kept.stay()
        _present(kept)
        kept.expire()


def offer_undo(kind: type[Kind], done: str, undo: Callable[[Kind], None]) -> None:
    """A line for each thing of a kind that was deleted, with a button that calls `undo` with it.

    done: what happened to it, in words
    """
    for deleted in trash().deleted:
        if isinstance(deleted, kind):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{deleted.name} {done}.", width="content")
                st.button(
                    "Undo",
                    icon=":material/undo:",
                    key=f"undo-{deleted.paths[0].name}",
                    on_click=undo,
                    args=(deleted,),
                    help=f"For {MINUTES} minutes, unless you close this window before.",
                )


# Streamlit forgets what it keeps for a session at once when the browser is gone, and the session
# itself only when it may not come back any more
@st.cache_resource(
    show_spinner=False,
    scope="session",
    on_release=lambda kept: kept.purge_later(st.get_option("server.disconnectedSessionTTL")),
)
def _present(_trash: Trash) -> Trash:
    return _trash
