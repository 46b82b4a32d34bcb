"""The drawing surface: an adapter around streamlit-drawable-canvas 0.13.

The component loses its state with the element (page switch, new key), and its toolbar needs a
mouse. So the session keeps the drawing: the strokes as the component's JSON, and one PNG per number
of strokes, for Undo. A second component, beside this file, removes that toolbar, lays a picture
over the surface and listens for Ctrl+Z.
"""

import binascii
import json

import streamlit as st

from fmnist.collections import examples
from fmnist.errors import DatasetError
from fmnist.images.display import file_uri
from pages.parts.shared.component import register_component

SIDE = 280  # ten canvas pixels for one of the network's; fits a phone of 320 pixels
# The browser sends the whole drawing after each stroke, and the session keeps a picture a stroke.
MAX_STROKES = 500
MAX_DRAWING = 2_000_000  # characters of JSON
MAX_PICTURE = 400_000  # bytes; the surface holds 313,600 bytes of pixels
BRUSH, ERASER = "#ffffff", "#000000"

STROKES = "drawing_strokes"  # the component's JSON, or None where nothing was drawn
PICTURES = "drawing_pictures"  # number of strokes -> PNG bytes
MOUNT = "drawing_mount"  # counts up to have the component mounted anew
INITIAL = "drawing_initial"  # what it was mounted with; must not change while it is
CLEARED = "drawing_cleared"  # strokes and pictures that were taken away at once, for Undo
EXAMPLE = "drawing_example"  # which example lies on the empty surface, None for none

_dress = register_component(__file__)


class _TooMuch(Exception):
    """A drawing of more strokes than are kept."""


def draw(stroke_width: int, erase: bool, trace: int | None = None) -> bytes | None:
    """Show the surface and return the drawing as PNG bytes, or None while it is empty.

    trace: a class whose mean image shines through, to be traced
    """
    with st.container(key="surface", gap="xsmall"):
        _show_surface(stroke_width, erase)
        try:
            over = example() if trace is None else examples.mean_image(trace)
        except DatasetError as error:
            st.warning(str(error))
            over = None
        hints = (
            "An example: your first stroke replaces it."
            if CLEARED not in st.session_state
            else "An example: Undo brings your drawing back.",
            "Closed outlines are filled before the drawing is classified.",
        )
        _dress(
            key="canvas_dress",
            data={
                "picture": over and file_uri(over, "PNG"),
                "trace": trace is not None,
                "mount": st.session_state.get(MOUNT, 0),
                "hint": hints[over is None or trace is not None],
            },
        )
    count = _count(st.session_state.get(STROKES))
    return _pictures().get(count) if count else None


def _show_surface(stroke_width: int, erase: bool) -> None:
    # Imported here: outside a running page the package refuses to be imported.
    from streamlit_drawable_canvas import st_canvas

    key = f"canvas-{st.session_state.get(MOUNT, 0)}"
    if key not in st.session_state:  # about to be mounted: a new key, or back from another page
        st.session_state[INITIAL] = st.session_state.get(STROKES)
    try:
        result = st_canvas(
            key=key,
            initial_drawing=st.session_state[INITIAL],
            stroke_width=stroke_width,
            stroke_color=ERASER if erase else BRUSH,
            background_color=ERASER,
            height=SIDE,
            width=SIDE,
            return_image_data=True,
        )
        _keep(result.json_data, result.image_bytes)
    except _TooMuch:
        st.warning("The drawing has too many strokes; undo some or clear the canvas.")
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError, binascii.Error):
        # The component trusts the browser; what is no drawing changes nothing.
        st.warning("The drawing cannot be read; clear the canvas and draw again.")


def example() -> bytes | None:
    """The example that lies on the surface, as PNG bytes; None once something was drawn."""
    which = st.session_state.setdefault(EXAMPLE, 0)
    return None if which is None else examples.draw_example(which)


def show_next_example() -> None:
    """Take everything back and lay another example on the surface."""
    which = st.session_state.get(EXAMPLE)
    clear()
    st.session_state[EXAMPLE] = 0 if which is None else which + 1


def undo() -> None:
    """Take the last stroke back; where there is none, bring back what was cleared."""
    strokes = st.session_state.get(STROKES)
    if not _count(strokes) and CLEARED in st.session_state:
        st.session_state[STROKES], st.session_state[PICTURES] = st.session_state.pop(CLEARED)
        st.session_state[EXAMPLE] = None
        _mount_anew()
    elif _count(strokes):
        st.session_state[STROKES] = {**strokes, "objects": strokes["objects"][:-1]}
        _mount_anew()


def clear() -> None:
    """Take everything back, an example too; Undo brings back what was drawn."""
    if _count(strokes := st.session_state.get(STROKES)):
        st.session_state[CLEARED] = strokes, _pictures()
    st.session_state[EXAMPLE] = st.session_state[STROKES] = None
    st.session_state[PICTURES] = {}
    _mount_anew()


def _mount_anew() -> None:
    st.session_state[MOUNT] = st.session_state.get(MOUNT, 0) + 1


def _count(strokes) -> int:
    return len(strokes["objects"]) if strokes else 0


def _keep(strokes: object, picture: bytes | None) -> None:
    """Remember what the browser sent, if it is a drawing with a picture."""
    if picture is None:  # nothing was drawn since it was mounted
        return
    objects = strokes["objects"]
    if not isinstance(objects, list) or len(picture) > MAX_PICTURE:
        raise ValueError("not a list of strokes with a picture of them")
    if len(objects) > MAX_STROKES or len(json.dumps(strokes)) > MAX_DRAWING:
        raise _TooMuch
    pictures = {n: png for n, png in _pictures().items() if n < len(objects)}
    st.session_state[PICTURES] = {**pictures, len(objects): picture}
    st.session_state[STROKES] = strokes
    st.session_state[EXAMPLE] = None


def _pictures() -> dict:
    return st.session_state.get(PICTURES, {})
