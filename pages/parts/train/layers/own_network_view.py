"""Build your own network: its layers, what they cost, and others to begin with."""

import streamlit as st

from fmnist.networks.layers import Layer
from fmnist.networks.own_network import PRESETS, SPECIFICATION, CheckedLayers, check_layers
from fmnist.planning.timing import estimate_epoch
from fmnist.runs.progress_text import duration_text
from fmnist.settings import TrainSettings
from pages.parts.train.layers.layer_editor import layer_editor

LAYERS = "train_layers"  # as their JSON holds them, sound or not
BEFORE = "train_layers_before"  # what the last `fill` replaced, until something is changed
VERSION, REVISION = "train_layers_version", "train_layers_revision"  # see `layer_editor`


def fill(layers: tuple[Layer, ...]) -> None:
    """Put layers into the editor: pass this as a button's `on_click`."""
    before, filled = st.session_state.get(LAYERS), [layer.to_dict() for layer in layers]
    if before != filled:
        _put(filled)
        st.session_state[BEFORE] = before


def read() -> CheckedLayers:
    """What stands in the editor, at first the specification's layers."""
    if LAYERS not in st.session_state:
        fill(SPECIFICATION)
    return check_layers(st.session_state[LAYERS])


def show(settings: TrainSettings | None) -> None:
    """Draw the editor; settings: all of the form, None where they are not valid."""
    checked = read()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "Begin with",
            width="content",
            help="From the image of 28 × 28 pixels to ten probabilities.",
        )
        for name, preset in PRESETS.items():
            st.button(
                preset.title,
                help=preset.summary,
                key=f"train_preset_{name}",
                on_click=fill,
                args=(preset.layers,),
            )
        if (before := st.session_state.get(BEFORE)) is not None:
            st.button(
                "Undo",
                icon=":material/undo:",
                type="tertiary",
                help="Back to the layers before.",
                key="train_layers_undo",
                on_click=_put,
                args=(before,),
            )
    estimate = estimate_epoch(settings) if settings else None
    sound = not checked.fault
    layer_editor(
        st.session_state[LAYERS],
        checked,
        {
            "parameters": f"{checked.parameters:,}" if sound else "\u2013",
            "multiplications an image": f"{checked.multiplications:,}" if sound else "\u2013",
            "an epoch, roughly": duration_text(max(1, estimate.seconds)) if estimate else "\u2013",
        },
        key="train_layer_editor",
        version=st.session_state[VERSION],
        revision=st.session_state[REVISION],
        on_change=_take,
    )
    if estimate:
        st.caption(estimate.basis)


def _take(layers: list, version: int, revision: int) -> None:
    if version == st.session_state[VERSION]:  # not where a preset was chosen in the same moment
        st.session_state.update({LAYERS: layers, REVISION: revision, BEFORE: None})


def _put(layers: list) -> None:
    version = st.session_state.get(VERSION, 0) + 1  # another one: the editor has to take them
    st.session_state.update({LAYERS: layers, VERSION: version, REVISION: 0, BEFORE: None})
