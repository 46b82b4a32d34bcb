"""Faults of Streamlit 1.67 that visitors would meet, each mended where it is made.

Look at all of them when the pin of Streamlit moves.
"""

import contextlib
import functools
import json
import math
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import streamlit as st
from streamlit.components.v2.bidi_component import serialization
from streamlit.elements.widgets.number_input import NumberInputSerde
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType
from streamlit.runtime.state import common
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

ACCESSES = (
    "register_widget",
    "on_script_will_rerun",
    "reset_state_value",
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
)
MOST_UPLOADED = 300 * 2**20  # bytes of one visit: what a page works on at once, and a file more
LOOK_UP = 0.05  # seconds until one that waits looks whether it is still wanted

_read_number = NumberInputSerde.deserialize
_request_rerun = AppSession.request_rerun
_take_states = SessionState.on_script_will_rerun
_run_script = ScriptRunner._run_script
_on_script_finished = ScriptRunner._on_script_finished
_init = SafeSessionState.__init__
_add_file = MemoryUploadedFileManager.add_file
_accesses = {name: getattr(SafeSessionState, name) for name in ACCESSES}


def apply() -> None:
    """Mend them; once or several times is the same. Before anything is drawn."""
    common.json = SimpleNamespace(loads=_loads_or_nothing)  # type: ignore[attr-defined]
    serialization.is_dataframe_like = _holds_no_table  # type: ignore[assignment]
    NumberInputSerde.deserialize = _read_finite_number  # type: ignore[method-assign]
    AppSession.request_rerun = _request_first_run  # type: ignore[method-assign]
    SessionState.on_script_will_rerun = _take_all_states  # type: ignore[method-assign]
    ScriptRunner._run_script = _run_what_is_there  # type: ignore[method-assign]
    ScriptRunner._on_script_finished = _finish_if_wanted  # type: ignore[method-assign]
    SafeSessionState.__init__ = _share_lock  # type: ignore[method-assign]
    MemoryUploadedFileManager.add_file = _drop_oldest_files  # type: ignore[method-assign]
    for name, access in _accesses.items():
        setattr(SafeSessionState, name, _in_turn(access))


def _loads_or_nothing(text: str) -> object:
    """What a component sent, or None where it cannot be read.

    Streamlit reads it before a page runs, and expects that it can be read: arrays a thousand deep
    or a number of five thousand digits would fail there at every later click.
    """
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return None


def _holds_no_table(_value: object) -> bool:
    """That what a component is sent is no table, which none of ours is.

    To find out, Streamlit imports pandas: 60 MiB, and half a second before the first visitor of a
    server sees the canvas.
    """
    return False


def _read_finite_number(self: NumberInputSerde, value: float | None) -> float | None:
    """What a number box holds; its default where a link names an infinite one, as 1e999 is."""
    return _read_number(self, value if value is None or math.isfinite(value) else None)


def _request_first_run(self: AppSession, client_state: ClientState | None) -> None:
    """Run all of the page where a new session is asked for a fragment first.

    A phone that was locked, or a laptop that slept, comes back to a new session, and its first
    click names a fragment of the old one. Streamlit would drop it: the page would seem dead.
    """
    first = self._scriptrunner is None and not self._client_state.page_script_hash
    if first and client_state and client_state.fragment_id:
        whole = ClientState()
        whole.CopyFrom(client_state)
        whole.fragment_id = ""
        client_state = whole
    _request_rerun(self, client_state)


@contextlib.contextmanager
def _no_giving_way(state: SafeSessionState) -> Iterator[None]:
    """Go on although a request waits."""
    before = state._yield_callback
    object.__setattr__(state, "_yield_callback", lambda: None)
    try:
        yield
    finally:
        object.__setattr__(state, "_yield_callback", before)


def _take_all_states(self: SessionState, states, **how) -> None:
    """Take what a browser sent and call back; run the page where more than its fragment changed.

    A callback is not cut short: each look at the session's state would give way to a request that
    waits, and what a click's callback was about to do would be forgotten for it.

    The browser's part sends all that changes within some milliseconds as one request of one
    fragment: what is chosen as a camera's frame is sent would be known, but not drawn.
    """
    ctx = get_script_run_ctx()
    with _no_giving_way(ctx.session_state) if ctx else contextlib.nullcontext():
        _take_states(self, states, **how)
    if states is None or ctx is None or not (running := ctx.fragment_ids_this_run):
        return
    known = [self.get_widget_metadata(state.id) for state in states.widgets]
    if any(
        one.fragment_id not in running and not one.disabled and self._widget_changed(one.id)
        for one in known
        if one is not None
    ):
        st.rerun()


def _run_what_is_there(self: ScriptRunner, rerun_data: RerunData) -> None:
    """Run the page, or those of its fragments that were asked for, if any is still there.

    What a page sends as it is left (a camera's frame, the timer of a live chart) waits until the
    next one is drawn. Its run would find nothing to draw, but the browser's part takes the page
    that it names for the one that is shown now, and clears the new one away.
    """
    asked = rerun_data.fragment_id_queue
    if not asked or any(self._fragment_storage.contains(name) for name in asked):
        _run_script(self, rerun_data)


# A click ends the run of the page that goes on, and begins another one in another thread. Both have
# the same session's state, but each a lock of its own, and the old one looks whether it is still
# wanted before it takes that: what it does then would undo what the click has done meanwhile.


def _share_lock(self: SafeSessionState, state: SessionState, yield_callback: Callable) -> None:
    """Let all runs that have the same session's state wait for each other."""
    _init(self, state, yield_callback)
    part = vars(state.query_params)  # the only one that takes another attribute
    object.__setattr__(self, "_lock", part.setdefault("_shared_lock", threading.RLock()))


def _in_turn(access: Callable) -> Callable:
    """An access to a session's state, which looks while it has the lock if its run is wanted."""

    @functools.wraps(access)
    def held(self: SafeSessionState, *what, **how):
        while not self._lock.acquire(timeout=LOOK_UP):
            self._yield_callback()
        try:
            return access(self, *what, **how)
        finally:
            self._lock.release()

    return held


def _finish_if_wanted(self: ScriptRunner, ctx, event, premature_stop: bool, run) -> None:
    """End a run. One that another run has replaced leaves the widgets' states alone."""
    with self._session_state._lock:
        unwanted = self._requests._state is ScriptRequestType.STOP
        _on_script_finished(self, ctx, event, premature_stop or unwanted, run)


def _drop_oldest_files(
    self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec
) -> None:
    """Keep a visit's newest files only, where all of them would take more than MOST_UPLOADED.

    Streamlit lets go of a file when the browser says that it was removed, which it does not where a
    page with uploads is left; and whoever speaks to the server without a browser never says it.
    """
    _add_file(self, session_id, file)
    with self._lock:
        files = list(self.file_storage[session_id].values())
    total = sum(len(one.data) for one in files)
    for old in files:
        if total > MOST_UPLOADED and old.file_id != file.file_id:
            self.remove_file(session_id, old.file_id)
            total -= len(old.data)
