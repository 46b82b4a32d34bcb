"""Watch the filters learn: one image's way through a network after each epoch of its training."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fmnist.inference.epoch_network import EpochNetwork, epoch_file, list_kept_epochs
from fmnist.runs.run import Run
from pages.parts.shared.inside.network_view import draw_layers, load_network
from pages.parts.shared.loading import cache_of_run, stamp
from pages.parts.shared.widgets import or_say

NETWORKS_KEPT = 8  # epochs that sessions are just looking at, 2 MB each


def show_learning(pixels: np.ndarray, run: Run, key: str, row: DeltaGenerator) -> None:
    """Let an epoch be chosen, and show what each layer made of (28, 28) uint8 after it.

    The newest one is followed until another is chosen. A run that kept none shows its finished
    network, where it has one. row: the container that the slider goes to
    """
    epochs = list_kept_epochs(run)
    if not epochs:
        _show_finished(pixels, run, key)
        return
    with row:
        epoch = _choose_epoch(epochs, f"{key}-epoch") if len(epochs) > 1 else epochs[0]
    _show_after_epoch(pixels, run, epoch, key)


def offer_after_epoch(pixels: np.ndarray, run: Run, epoch: int, key: str) -> None:
    """A switch that shows the same after the kept epoch nearest to `epoch`, where there is one."""
    epochs = list_kept_epochs(run)
    if epochs and st.toggle("Look inside the network after this epoch", key=f"{key}-inside"):
        nearest = min(epochs, key=lambda kept: abs(kept - epoch))
        _show_after_epoch(pixels, run, nearest, key)


def _show_after_epoch(pixels: np.ndarray, run: Run, epoch: int, key: str) -> None:
    """Show what each layer made of (28, 28) uint8 after an epoch that the run has kept."""
    version = stamp(epoch_file(run.path, epoch))
    if (network := or_say(_load, run, epoch, version)) is None:
        return
    when = f"after epoch {epoch}" if epoch else "before the first step, with its first weights"
    st.caption(
        f"The network {when}, without test-time augmentation. Choose a layer; the place that you "
        "look at stays when you move through the epochs."
    )
    draw_layers(network, pixels, f"{key}-layers", run.key)


def _choose_epoch(epochs: list[int], key: str) -> int:
    newest = f"{key}-newest"  # what was the newest epoch when the page was last drawn
    chosen = st.session_state.get(key)
    if chosen not in epochs or chosen == st.session_state.get(newest):
        st.session_state[key] = epochs[-1]
    st.session_state[newest] = epochs[-1]
    return st.select_slider(
        "After epoch",
        epochs,
        key=key,
        help="0 is before the first step. The newest epoch is followed until you choose another.",
    )


def _show_finished(pixels: np.ndarray, run: Run, key: str) -> None:
    if not run.usable:
        st.caption("This network is not kept after each epoch: it is too large for that.")
        return
    if (network := or_say(load_network, run)) is None:
        return
    st.caption("This run kept no networks of its epochs; this is the finished one.")
    draw_layers(network, pixels, f"{key}-layers", run.key)


@cache_of_run(entries=NETWORKS_KEPT)
def _load(run: Run, epoch: int, version: tuple[int, int] | None) -> EpochNetwork:
    return EpochNetwork(run, epoch)
