"""Components whose HTML, CSS and JavaScript lie beside the Python file, for a linter to read."""

from pathlib import Path

import streamlit as st

KINDS = ("html", "css", "js")


def register_component(python_file: str):
    """Register the component beside a Python file: its name with .html, .css and .js.

    A long file goes on in others whose names go on after an underscore.
    What all of them use stands in component.js and component.css. Returns what mounts it, see
    `st.components.v2.component`.
    """
    path = Path(python_file)
    texts = {kind: path.with_suffix(f".{kind}").read_text("utf-8") for kind in KINDS}
    for kind in ("css", "js"):
        shared = Path(__file__).with_suffix(f".{kind}")
        for more in (shared, *sorted(path.parent.glob(f"{path.stem}_*.{kind}"))):
            texts[kind] += "\n" + more.read_text("utf-8")
    return st.components.v2.component(f"fmnist_{path.stem}", **texts)


def sent_value(key: str, name: str) -> object:
    """What a browser sent for a component's state of that name, which may be anything, or None."""
    state = st.session_state.get(key)
    return state.get(name) if isinstance(state, dict) else None
