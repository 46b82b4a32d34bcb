"""The widgets of the preprocessing options, and what was chosen so far.

The options are stored apart from the widgets, which exist only while their expander is open; and a
suggestion of the input check changes several at once.
"""

import math
from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st

from fmnist.images.options import AUTO, METHODS, POLARITIES, SEGMENTS, PreprocessingOptions

METHOD_NAMES = {"automatic": "Automatic", "published": "Published steps", "resize": "Plain resize"}
SEGMENT_NAMES = {
    "automatic": "Automatic",
    "transparency": "The picture's own transparency",
    "worn": "On the person who wears it",
    "plain": "What differs from a plain background",
    "grabcut": "GrabCut: separates two colour models",
    "none": "The whole picture",
}
SEGMENT_WORDS = {
    "transparency": "its transparency",
    "worn": "on a person",
    "plain": "plain background",
    "grabcut": "GrabCut",
    "none": "whole picture",
}
FILLS = {"Automatic": None, "Filled": True, "Not filled": False}
FILLED = {True: "filled", False: "not filled", None: "not filled"}
CROPS = {"across": "Crop, left to right", "down": "Crop, top to bottom"}
# steps that grow: a little more matters near 0 and not near 255
LEVELS = (1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 180, 255)
TOLERANCES = ("automatic", *LEVELS)
# why a control cannot be used, by method
NOT_USED = {
    "published": "Not one of the seven steps that the dataset's makers published.",
    "resize": "The whole picture is resized to 28 × 28; nothing is found or filled.",
}


def chosen(key: str, subject: str) -> PreprocessingOptions:
    """What was chosen for a picture; everything is automatic for one not seen before."""
    of, options = st.session_state.get(_state(key), (None, AUTO))
    return options if of == subject else AUTO


def choose(key: str, subject: str, options: PreprocessingOptions) -> None:
    """Replace all options; also for buttons, as their `on_click`."""
    st.session_state[_state(key)] = subject, options


def forget(key: str, subject: str) -> None:
    """Back to automatic for that picture; what was chosen for another one stays."""
    if st.session_state.get(_state(key), (None,))[0] == subject:
        st.session_state.pop(_state(key))


def show_controls(
    key: str,
    subject: str,
    options: PreprocessingOptions,
    now: PreprocessingOptions,
    auto: PreprocessingOptions,
) -> None:
    """Draw the widgets.

    options: what stands in them
    now, auto: what was decided with these options, and with none
    """
    fixed = options.method in NOT_USED

    def widget(kind, name, label, value, *values, words=None, off=False, help=None, **how) -> None:
        """Draw one; `words`: what was or would be decided automatically, or writes it."""
        if callable(words):
            untouched = getattr(options, name) == getattr(AUTO, name)
            words = words(getattr(now if untouched else auto, name))
        if st.session_state.get(_widget(key, name)) != value:  # what it shows may be newer by now
            st.session_state[_widget(key, name)] = value
        kind(
            f"{label} :gray[:small[auto: {words}]]" if words else label,
            *values,
            key=_widget(key, name),
            on_change=_take,
            args=(key, subject, name),
            disabled=off,
            help=NOT_USED.get(options.method, help) if off else help,
            **how,
        )

    choice = partial(widget, st.segmented_control, required=True)
    choice(
        "method",
        "Preprocessing",
        options.method,
        METHODS,
        format_func=METHOD_NAMES.get,
        help="Published steps: the dataset's makers trimmed thumbnails of product photos by the "
        "colour of their corners, skipped rows and columns, sharpened and negated "
        "(arXiv 1708.07747, section 2). Plain resize: what most programs do.",
    )
    if options.method == "published":
        st.caption("Filling and finding the garment are not among the seven published steps.")
    choice(
        "polarity",
        "Garment and background",
        options.polarity,
        POLARITIES,
        words=str,
        format_func=str.capitalize,
    )
    widget(
        st.selectbox,
        "segment",
        "How the garment is found",
        options.segment,
        SEGMENTS,
        words=lambda way: SEGMENT_WORDS.get(way, way),
        format_func=SEGMENT_NAMES.get,
        off=fixed,
    )
    widget(
        st.select_slider,
        "tolerance",
        "Threshold",
        _nearest(options.tolerance),
        TOLERANCES,
        words=lambda level: "none" if level is None else f"{level:g}",
        # only a plain background and transparency ask how much a pixel differs
        off=options.method == "resize"
        or (options.method == "automatic" and options.segment in ("worn", "grabcut", "none")),
        help="Pixels that differ less than this from the background (0 to 255) are background.",
    )
    filled = next(name for name, fill in FILLS.items() if fill is options.fill)
    choice("fill", "Outlines", filled, [*FILLS], words=FILLED.__getitem__, off=fixed)
    crop = [100 * share for share in options.crop or (0, 0, 1, 1)]
    for at, (name, label) in enumerate(CROPS.items()):
        percent = math.floor(round(crop[at], 3)), math.ceil(round(crop[at + 2], 3))
        widget(st.slider, name, label, percent, 0, 100, words="whole picture", format="%d %%")
    widget(st.toggle, "mirror", "Mirror: swap left and right", options.mirror, words="no")
    st.button(
        "Back to automatic",
        icon=":material/restart_alt:",
        key=_widget(key, "back"),
        on_click=choose,
        args=(key, subject, AUTO),
        disabled=options == AUTO,
    )


def _take(key: str, subject: str, name: str) -> None:
    """A widget was changed: change that choice and leave the others."""
    value = st.session_state.get(_widget(key, name))
    options = chosen(key, subject)
    # what no widget of ours sends changes nothing: the browser is not to be trusted
    with suppress(KeyError, TypeError, ValueError):
        choose(key, subject, replace(options, **_field(name, value, options)))


def _field(name: str, value, options: PreprocessingOptions) -> dict:
    """A widget's value as the field of `PreprocessingOptions` that it stands for."""
    if name == "fill":
        return {"fill": FILLS[value]}
    if name == "tolerance":
        return {"tolerance": None if value == "automatic" else float(value)}
    if name == "mirror":
        return {"mirror": bool(value)}
    if name not in CROPS:
        return {name: value}
    start, end = min(value), max(value)
    if start == end:  # at least one hundredth of the picture
        start, end = (start, end + 1) if end < 100 else (start - 1, end)
    crop = list(options.crop or (0.0, 0.0, 1.0, 1.0))
    at = [*CROPS].index(name)
    crop[at], crop[at + 2] = start / 100, end / 100
    return {"crop": None if crop == [0, 0, 1, 1] else tuple(crop)}


def _nearest(tolerance: float | None):
    """The slider's position for a threshold."""
    if tolerance is None:
        return "automatic"
    return min(LEVELS, key=lambda level: abs(level - tolerance))


def _state(key: str) -> str:
    return f"{key}-options"


def _widget(key: str, name: str) -> str:
    return f"{key}-option-{name}"
