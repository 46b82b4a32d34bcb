"""Components whose HTML, CSS and JavaScript lie beside the Python file, for a linter to read."""

from pathlib import Path

import streamlit as st

KINDS = ("html", "css", "js")


def register_component(python_file: str):
    """Register the component beside a Python file: its name with .html, .css and .js.

    Returns what mounts it, see `st.components.v2.component`.
    """
    path = Path(python_file)
    texts = {kind: path.with_suffix(f".{kind}").read_text("utf-8") for kind in KINDS}
    return st.components.v2.component(f"fmnist_{path.stem}", **texts)
