"""The camera: its frames are answered one after another, and one can be held to be looked into."""

import base64
import binascii
import threading
from urllib.parse import urlsplit

import streamlit as st

from fmnist.runs.run import Run
from pages.parts.classify import taught, uploads
from pages.parts.shared.answer_view import choose_second_network, show_answer
from pages.parts.shared.components.component import register_component, sent_value

WIDTH = 356  # pixels; on a narrower screen as much as there is
MAX_FRAME = 1_000_000  # characters; a frame of 640 x 480 pixels takes some 100,000
JPEG = "data:image/jpeg;base64,"
KEY = "camera_stream"  # of the component
FRAME = "camera_frame"  # the number and the bytes of the last frame
ANSWER = "camera_answer"  # the last one that was found
HELD = "camera_held"  # whether that frame is held

# Of all visitors' frames one is answered at a time, so whoever draws waits for no more than one.
_TURN = threading.Semaphore(1)
PATIENCE = 2.0  # seconds to wait for a turn

_component = register_component(__file__)


@st.fragment  # a frame runs only this again
def show(run: Run) -> None:
    """Show what the camera sees beside its answer; a held frame as an uploaded picture."""
    if KEY not in st.session_state and not st.session_state.get(HELD):
        for last in (FRAME, ANSWER):  # of an earlier visit to this way
            st.session_state.pop(last, None)
    number, jpeg = st.session_state.get(FRAME, (0, None))
    held = jpeg is not None and st.session_state.get(HELD, False)
    with st.container(horizontal=True, gap="medium", key="camera_live"):
        tools, beside = st.container(width=WIDTH), st.container(width="stretch")
    if not held:
        with beside:
            _show_live(jpeg, run)
    with tools:
        # after its answer, for this asks for the next frame
        _component(key=KEY, data={"held": held, "answered": number}, on_frame_change=_take)
        st.button(
            "Back to the live picture" if held else "Hold",
            icon=":material/videocam:" if held else ":material/pause:",
            type="secondary" if held else "primary",
            disabled=jpeg is None,
            key="camera_hold",
            on_click=lambda: st.session_state.update({HELD: not held}),
            help=None if held else "Keeps this picture, so that you can ask why and look inside.",
        )
    choose_second_network()
    if held:
        uploads.show_one("", jpeg, run, key="camera")


def _show_live(jpeg: bytes | None, run: Run) -> None:
    if jpeg is None:
        st.info(
            "The answer follows what the camera sees. Frames are looked at in the server's memory "
            "and not kept.",
            title="Hold a garment against a plain background",
            icon=":material/photo_camera:",
        )
        return
    in_time = _TURN.acquire(timeout=PATIENCE)
    if in_time:
        try:
            st.session_state[ANSWER] = taught.answer(jpeg, run)
        finally:
            _TURN.release()
    if (answer := st.session_state.get(ANSWER)) is not None:
        show_answer(answer, key=None)
    if not in_time:
        st.caption("Many cameras are in use now; this answers an earlier picture.")


def _take() -> None:
    """Take a frame that a browser sent, if it is one and none is held."""
    frame = _checked(sent_value(KEY, "frame"))
    if frame is not None and not st.session_state.get(HELD):
        st.session_state[FRAME] = frame


def _checked(sent: object) -> tuple[int, bytes] | None:
    """A number and the bytes of a picture, which may be any; None for what is neither."""
    if not isinstance(sent, list) or len(sent) != 2:
        return None
    number, uri = sent
    if type(number) is not int or not 0 < number < 2**53:
        return None
    if not isinstance(uri, str) or len(uri) > MAX_FRAME:
        return None
    try:
        return number, base64.b64decode(uri.removeprefix(JPEG), validate=True)
    except (binascii.Error, ValueError):
        return None


def hides_camera(url: str | None) -> bool:
    """Whether a browser has no camera for the page at this address: http, and not this computer.

    Source: W3C, "Secure Contexts", section 3.1.
    """
    parts = urlsplit(url or "")
    host = parts.hostname or ""
    here = host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")
    return parts.scheme == "http" and not here
