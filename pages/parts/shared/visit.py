"""A visit: its beginning, what it has deleted, and what goes when it has ended."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import streamlit as st
from streamlit.runtime import get_instance

from fmnist.processes import release_memory
from fmnist.runs.trash import MINUTES, Deleted, Trash
from pages.parts.shared import loading

TRASH = "trash"
UNDONE = "undone"  # the first hidden path of what this session brought back, or tried to
OPENED = "opened"
PAGE = "page_title"  # the page that was drawn last
# a page takes most when it is opened; who has one is not to wait for a crowd that comes
TURNS = threading.BoundedSemaphore(max(4, 2 * (os.cpu_count() or 1)))
PATIENCE = 20.0  # seconds that a new visitor waits for a turn
Kind = TypeVar("Kind", bound=Deleted)


def trash() -> Trash:
    """This session's trash; it is emptied when the session has ended."""
    return st.session_state.setdefault(TRASH, Trash())


@contextlib.contextmanager
def turn_to_open() -> Iterator[None]:
    """Let a visit's first page be drawn among few others; stop it with a sentence in a crowd."""
    if OPENED in st.session_state:
        yield
    elif TURNS.acquire(timeout=PATIENCE):
        st.session_state[OPENED] = True
        try:
            yield
        finally:
            TURNS.release()
    else:
        st.error("The server is busy with other visitors; try again in a moment.")
        st.button("Try again", icon=":material/refresh:")
        st.stop()


def page_opened(title: str) -> None:
    """Say that the visitor is there, and let go what was deleted too long ago. For `open_page`.

    A click that another page remembers (see `widgets.remember_click`) is forgotten: nobody expects
    a training to start because they come back.
    """
    if st.session_state.get(PAGE, title) != title:
        for key in [key for key in st.session_state if str(key).endswith("-asked")]:
            del st.session_state[key]
    st.session_state[PAGE] = title
    kept = trash()
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
                    on_click=_undo_once,
                    args=(undo, deleted),
                    help=f"Possible for {MINUTES} minutes, or until you close this window.",
                )


def _undo_once(undo: Callable[[Kind], None], deleted: Kind) -> None:
    """The second click of a double one finds it undone, and has nothing to complain of."""
    undone = st.session_state.setdefault(UNDONE, set())
    if deleted.paths[0] in undone and deleted not in trash().deleted:
        return
    undone.add(deleted.paths[0])
    undo(deleted)


# Streamlit forgets what it keeps for a session at once when the browser is gone, but a lost session
# may come back, and its uploads are kept as long
def _leave(kept: Trash) -> None:
    waits = st.get_option("server.disconnectedSessionTTL")
    kept.purge_later(waits)
    timer = threading.Timer(waits + 5, _forget_visits)
    timer.daemon = True
    timer.start()


@st.cache_resource(show_spinner=False, scope="session", on_release=_leave)
def _present(_trash: Trash) -> Trash:
    return _trash


def _forget_visits() -> None:
    """Forget the visits that cannot come back any more, and give their memory to the system.

    Streamlit 1.67 would keep them, with all that was uploaded, until the next visitor leaves.
    """
    done = threading.Event()

    def expire() -> None:  # where Streamlit works on them, too
        with contextlib.suppress(AttributeError):
            for _, gone in runtime._session_mgr._session_storage._cache.expire():
                gone.session.shutdown()  # others may still refer to it
                gone.session.session_state.clear()
                gone.session._fragment_storage.clear()
            if not runtime._session_mgr.list_active_sessions():
                loading.forget_large()
        done.set()

    with contextlib.suppress(RuntimeError, AttributeError):  # no server, as in tests; it has ended
        runtime = get_instance()
        runtime._get_async_objs().eventloop.call_soon_threadsafe(expire)
        done.wait(5)
    release_memory()
