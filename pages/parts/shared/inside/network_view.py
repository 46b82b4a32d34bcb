"""Inside the network: a picture's way through all layers, each number taken apart on a click."""

import time

import numpy as np
import streamlit as st

from fmnist.inference.activations import LayeredNetwork
from fmnist.inference.epoch_network import EpochNetwork
from fmnist.inference.layer_payload import pack_layers
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.components.component import register_component, sent_value
from pages.parts.shared.widgets import leave_if_gone, or_say

OPENED = "inside_opened"  # where it was opened and when; not there while it is closed
BESIDE_EACH_OTHER = {"cell", "reverse"}  # two places on the report's first view

_component = register_component(__file__)


def offer_inside(key: str) -> None:
    """A button that opens the view, and then shows it."""
    st.button(
        "Look inside the network",
        icon=":material/account_tree:",
        key=f"{key}-look-inside",
        on_click=lambda: st.session_state.update({OPENED: (key, time.time())}),
        help="Follow this picture through every layer, down to single sums.",
    )


def show_inside(pixels: np.ndarray | None, run: Run, key: str) -> None:
    """Show what each layer makes of (28, 28) uint8, once the view was opened."""
    if pixels is not None and _opened(key):
        _show(pixels, run, key)


@st.fragment  # another layer asks for that layer only
def _show(pixels: np.ndarray, run: Run, key: str) -> None:
    if not (opened := _opened(key)):
        return  # it was just closed
    leave_if_gone(run)
    with st.container(border=True, key=f"{key}-inside", gap="small"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.subheader("Inside the network", anchor=False, width="content")
            st.button(
                "Close",
                icon=":material/close:",
                type="tertiary",
                key=f"{key}-inside-close",
                on_click=lambda: st.session_state.pop(OPENED, None),
            )
        if (network := or_say(load_network, run)) is None:
            return
        draw_layers(network, pixels, f"{key}-layers", run.key, opened=opened)
        st.caption(
            "This network alone, for the 28 × 28 picture that it is given. The answer above may "
            "differ: a little by test-time augmentation and calibration, and more where a second "
            "network was asked, too."
        )


def _opened(key: str) -> float:
    """Since when the view is open at the place of that key; 0 while it is not.

    It stays open from picture to picture. Of two on one page, that where it was asked for is open.
    """
    place, since = st.session_state.get(OPENED, ("", 0))
    return 0 if {place, key} == BESIDE_EACH_OTHER else since


def draw_layers(
    network: LayeredNetwork | EpochNetwork, pixels: np.ndarray, component: str, key: str, **more
) -> None:
    """Draw what each layer makes of (28, 28) uint8, one of them in full.

    component: the widget's key; key: the network's, for the place that is looked at is kept while
    that stays; more: goes to the browser
    """
    sent = sent_value(component, "layer")
    chosen = sent if type(sent) is int and 0 <= sent < len(network.layers) else 1
    data = pack_layers(network, pixels, chosen, key=key, **more)
    _component(key=component, data=data, on_layer_change=lambda: None)


@loading.bounded
@loading.cache_of_run("model.tflite")
def load_network(run: Run) -> LayeredNetwork:
    """The finished network of a run, shared by all sessions. Raises RunError."""
    return LayeredNetwork(run)
