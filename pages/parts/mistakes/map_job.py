"""The t-SNE map, computed by a process of its own."""

import subprocess
import threading
import time

import streamlit as st

from fmnist import access
from fmnist.processes import start_module
from fmnist.runs.run import Run

POLL = 2.0  # seconds
_TURN = threading.Lock()


@st.cache_resource
def _processes() -> dict[str, tuple[subprocess.Popen, float]]:
    """Process and start time by the network's hash; shared by all sessions."""
    return {}


def offer(run: Run) -> None:
    """Offer to compute the map; meanwhile show for how long, and a button that stops it."""
    known, key = _processes(), run.files["model.tflite"]
    if key in known and known[key][0].poll() is None:
        _wait(run)
        return
    if key in known and known[key][0].returncode not in (0, -15):
        st.error("The map could not be computed; the reason is in the server's log.")
    if access.may_change():
        words = "Compute a better map (t-SNE, about a minute)"
        st.button(words, icon=":material/map:", on_click=_start, args=(run,))


def _start(run: Run) -> None:
    if not access.may_change():
        return  # signed out since the button was drawn
    known, key = _processes(), run.files["model.tflite"]
    with _TURN:
        if key in known and known[key][0].poll() is None:
            return  # another visitor was faster
        known[key] = start_module("fmnist", "map", run.name), time.monotonic()


@st.fragment(run_every=POLL)
def _wait(run: Run) -> None:
    process, began = _processes()[run.files["model.tflite"]]
    if process.poll() is not None:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/progress_activity: Computing the map for {time.monotonic() - began:.0f} s; "
            f"you can continue meanwhile."
        )
        if access.may_change():
            st.button("Stop", key="map-stop", on_click=_stop, args=(process,))


def _stop(process: subprocess.Popen) -> None:
    if access.may_change():
        process.terminate()
