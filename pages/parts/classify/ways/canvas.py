"""The drawing surface: an adapter around streamlit-drawable-canvas 0.13.

The component loses its state with the element (page switch, new key), and its toolbar needs a
mouse. So the session keeps the drawing: the strokes as the component's JSON, and a PNG for each
change, for Undo. A second component, beside this file, removes that toolbar, lays a picture over
the surface, says where it was clicked to fill, and listens for Ctrl+Z. A filled area is one more
stroke. In a visit's first run it says when the surface can be seen: see `is_first_sight`.
"""

import binascii
import contextlib
import json

import cv2
import numpy as np
import streamlit as st
from PIL import Image

from fmnist.collections import examples
from fmnist.errors import DatasetError, FmnistError
from fmnist.images.decoding import decode_image
from fmnist.images.display import encode_image, file_uri
from fmnist.images.drawing import enclosed_area
from pages.parts.shared.components.component import register_component, sent_value

SIDE = 280  # ten canvas pixels for one of the network's; fits a phone of 320 pixels
# The browser sends the whole drawing after each stroke, and the session keeps a picture a stroke.
MAX_STROKES = 500
MAX_DRAWING = 2_000_000  # characters of JSON
MAX_PICTURE = 400_000  # bytes; the surface holds 313,600 bytes of pixels
BRUSH, ERASER = "#ffffff", "#000000"
TOOLS = ("Brush", "Eraser", "Fill")
TOO_MUCH = "The drawing has too many strokes; undo some or clear the canvas."
NO_DRAWING = "The drawing cannot be read; clear the canvas and draw again."

STROKES = "drawing_strokes"  # the component's JSON, or None where nothing was drawn
PICTURES = "drawing_pictures"  # number of strokes -> PNG bytes
MOUNT = "drawing_mount"  # counts up to have the component mounted anew
INITIAL = "drawing_initial"  # what it was mounted with; must not change while it is
CLEARED = "drawing_cleared"  # strokes and pictures that were taken away at once, for Undo
SAID = "drawing_said"  # why nothing was filled, until it is shown
SENT = "drawing_sent"  # set once the surface was sent to this visit
EXAMPLE = "drawing_example"  # which example lies on the empty surface, None for none

_dress = register_component(__file__)


class _TooMuch(Exception):
    """A drawing of more strokes than are kept."""


# The component trusts the browser; what is no drawing changes nothing.
BAD = (LookupError, AttributeError, TypeError, ValueError, RecursionError, binascii.Error)


def is_first_sight() -> bool:
    """Whether this run sends the surface to the visit for the first time.

    What else it sends keeps the browser from drawing the surface. So the least should be drawn: as
    soon as the surface can be seen, the browser has the fragment run again for the rest.
    """
    return SENT not in st.session_state


def draw(stroke_width: int, tool: str, trace: int | None = None) -> bytes | None:
    """Show the surface and return the drawing as PNG bytes, or None while it is empty.

    tool: one of TOOLS
    trace: a class whose mean image shines through, to be traced
    """
    if said := st.session_state.pop(SAID, None):
        st.toast(said, icon=":material/format_color_fill:")
    with st.container(key="surface", gap="xsmall"):
        _show_surface(stroke_width, tool == "Eraser")
        try:
            over = example() if trace is None else examples.mean_image(trace)
        except DatasetError as error:
            st.warning(str(error))
            over = None
        _dress(
            key="canvas_dress",
            data={
                "picture": over and file_uri(over, "PNG"),
                "trace": trace is not None,
                "mount": st.session_state.get(MOUNT, 0),
                "hint": _hint(tool, over is not None and trace is None),
                "fill": tool == "Fill",
                "first": is_first_sight(),
            },
            on_seen_change=lambda: None,  # the run that it causes is all
            on_fill_change=lambda: _fill_at(sent_value("canvas_dress", "fill")),
        )
    st.session_state[SENT] = True
    count = _count(st.session_state.get(STROKES))
    return _pictures().get(count) if count else None


def _hint(tool: str, is_example: bool) -> str:
    if tool == "Fill":
        return "Click inside a closed outline: it is filled."
    if not is_example:
        return "Closed outlines are filled before the drawing is classified."
    if CLEARED in st.session_state:
        return "An example: Undo brings your drawing back."
    return "An example: your first stroke replaces it."


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
        st.warning(TOO_MUCH)
    except BAD:
        st.warning(NO_DRAWING)


def _keep_sent() -> None:
    """Keep the stroke that came with a click: its surface is replaced before it would be drawn."""
    from streamlit_drawable_canvas import CanvasResult

    with contextlib.suppress(_TooMuch, *BAD):
        sent = st.session_state[f"canvas-{st.session_state.get(MOUNT, 0)}"]["drawing"]
        result = CanvasResult(sent["raw"], sent["data"], return_image_data=True)
        _keep(result.json_data, result.image_bytes)


def example() -> bytes | None:
    """The example that lies on the surface, as PNG bytes; None once something was drawn."""
    which = st.session_state.setdefault(EXAMPLE, 0)
    return None if which is None else examples.draw_example(which)


def show_next_example() -> None:
    """Take everything back and lay another example on the surface."""
    which = st.session_state.get(EXAMPLE)
    clear()
    st.session_state[EXAMPLE] = 0 if which is None else which + 1


def fill(at: tuple[int, int] | None = None) -> None:
    """Fill what the outlines enclose, at one point of the surface alone or everywhere.

    Says what would help where there is nothing to fill.
    """
    _keep_sent()
    strokes = st.session_state.get(STROKES)
    if not _count(strokes):
        st.session_state[SAID] = (
            "Draw a closed outline first."
            if example() is None
            else "This is an example; draw an outline of your own first."
        )
        return
    try:
        picture = decode_image(_pictures()[_count(strokes)]).convert("L").resize((SIDE, SIDE))
        area = enclosed_area(np.asarray(picture), at)
        if not area.any():
            st.session_state[SAID] = "Nothing to fill here: click inside a closed outline."
            return
        filled = Image.fromarray(np.where(area, np.uint8(255), picture))
        more = {**strokes, "objects": [*strokes["objects"], _trace_area(area)]}
        _keep(more, encode_image(filled, "PNG"))
    except _TooMuch:
        st.session_state[SAID] = TOO_MUCH
    except (FmnistError, LookupError, TypeError):  # it came from a browser
        st.session_state[SAID] = NO_DRAWING
    else:
        _mount_anew()


def _fill_at(sent: object) -> None:
    """Fill where a browser says that the surface was clicked: two shares of its sides."""
    if isinstance(sent, list) and len(sent) == 2:
        x, y = sent
        if all(isinstance(share, int | float) and 0 <= share < 1 for share in sent):
            fill((int(SIDE * x), int(SIDE * y)))


def _trace_area(area: np.ndarray) -> dict:
    """(H, W) bool as a path of Fabric.js, its holes left out."""
    rings, _ = cv2.findContours(area.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    path = []
    for ring in rings:
        corners = (ring[:, 0] + 0.5).tolist()  # the middles of pixels
        path += [["M", *corners[0]], *(["L", *corner] for corner in corners[1:]), ["Z"]]
    return {"type": "Path", "path": path, "fill": BRUSH, "stroke": None, "fillRule": "evenodd"}


def undo() -> None:
    """Take the last change back; where there is none, bring back what was cleared."""
    _keep_sent()
    strokes = st.session_state.get(STROKES)
    if not _count(strokes) and CLEARED in st.session_state:
        st.session_state[STROKES], st.session_state[PICTURES] = st.session_state.pop(CLEARED)
        st.session_state[EXAMPLE] = None
    elif _count(strokes):
        # quick strokes come as one change, with one picture: they are taken back as one
        left = max((n for n in _pictures() if n < _count(strokes)), default=0)
        st.session_state[STROKES] = {**strokes, "objects": strokes["objects"][:left]}
    _mount_anew()  # always: the browser waits for another surface


def clear() -> None:
    """Take everything back, an example too; Undo brings back what was drawn."""
    _keep_sent()
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
