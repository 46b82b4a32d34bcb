"""Components whose HTML, CSS and JavaScript lie beside the Python file, for a linter to read."""

import json
from pathlib import Path
from types import SimpleNamespace

import streamlit as st
from streamlit.components.v2.bidi_component import serialization
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import common
from streamlit.runtime.state.session_state import SessionState

KINDS = ("html", "css", "js")


def register_component(python_file: str):
    """Register the component beside a Python file: its name with .html, .css and .js.

    A long script goes on in files whose names go on after an underscore.
    What all of them use stands in component.js. Returns what mounts it, see
    `st.components.v2.component`.
    """
    path = Path(python_file)
    texts = {kind: path.with_suffix(f".{kind}").read_text("utf-8") for kind in KINDS}
    shared = Path(__file__).with_suffix(".js")
    for more in (shared, *sorted(path.parent.glob(f"{path.stem}_*.js"))):
        texts["js"] += "\n" + more.read_text("utf-8")
    return st.components.v2.component(f"fmnist_{path.stem}", **texts)


def sent_value(key: str, name: str) -> object:
    """What a browser sent for a component's state of that name, which may be anything, or None."""
    state = st.session_state.get(key)
    return state.get(name) if isinstance(state, dict) else None


def _loads_or_nothing(text: str) -> object:
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return None


# Streamlit 1.67 reads what a component sends before a page runs, and expects that it can be read:
# arrays a thousand deep or a number of five thousand digits would fail there at every later click.
common.json = SimpleNamespace(loads=_loads_or_nothing)  # type: ignore[attr-defined]


# To find out that a list or a mapping holds no table, Streamlit 1.67 imports pandas: 60 MiB, and
# half a second before the first visitor of a server sees the canvas. No component is sent tables.
serialization.is_dataframe_like = lambda _value: False  # type: ignore[assignment]


_take_states = SessionState.on_script_will_rerun


def _take_all_states(self: SessionState, states, **how) -> None:
    """Take what a browser sent and call back; run the page where more than its fragment changed.

    Streamlit 1.67's browser part sends all that changes within some milliseconds as one request of
    one fragment: what is chosen as a camera's frame is sent would be known, but not drawn.
    """
    _take_states(self, states, **how)
    ctx = get_script_run_ctx()
    if states is None or ctx is None or not (running := ctx.fragment_ids_this_run):
        return
    known = [self.get_widget_metadata(state.id) for state in states.widgets]
    if any(
        one.fragment_id not in running and not one.disabled and self._widget_changed(one.id)
        for one in known
        if one is not None
    ):
        st.rerun()


SessionState.on_script_will_rerun = _take_all_states  # type: ignore[method-assign]
