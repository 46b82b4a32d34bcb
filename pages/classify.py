"""Classify: draw, upload, photograph or pick a picture and see what the network says."""

import random

import streamlit as st

from fmnist.collections.zips import MAX_ZIP_BYTES
from pages.parts.classify import (
    canvas,
    corrections_view,
    preprocessing_controls,
    preprocessing_view,
    uploads,
)
from pages.parts.shared import answer_view, frame, loading
from pages.parts.shared.widgets import choose_one

run = frame.open_page()
st.title("What is this garment?")


@st.fragment
def draw():
    """Canvas and answer; a stroke runs only this fragment again."""
    surface, answer = st.columns([1, 1.5], gap="large")
    with surface:
        with st.container(horizontal=True, vertical_alignment="bottom", width=canvas.SIDE):
            tools = ("Brush", "Eraser")
            tool = choose_one("Tool", tools, "tool", bind=None, persist_state="session")
            width = st.slider(
                "Width", 6, 60, 22, key="brush_width", persist_state="session", width=110
            )
        picture = canvas.draw(width, erase=tool == "Eraser")
        with st.container(horizontal=True, width=canvas.SIDE, key="canvas_buttons"):
            st.button("Undo", icon=":material/undo:", on_click=canvas.undo, width="stretch")
            st.button("Clear", icon=":material/delete:", on_click=canvas.clear, width="stretch")
        st.caption("Closed outlines are filled before the drawing is classified.")
    with answer:
        if picture is None:
            preprocessing_controls.forget("drawing")
            st.info(
                "Draw a garment on the black square. The answer is updated after each stroke.",
                title="Nothing drawn yet",
                icon=":material/draw:",
            )
        else:
            preprocessing_view.show_alone(picture, run, key="drawing", subject="drawing")
            corrections_view.offer(loading.answer(picture, run), picture, "drawing")


def upload():
    """One file is shown at once; of several, a table, and the chosen one below it."""
    files = st.file_uploader(
        "Pictures of garments",
        accept_multiple_files=True,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        key="uploads",
        help="PNG, JPEG, WebP, AVIF, BMP or GIF. Dark on light, light on dark and transparent all "
        "work. A zip file of pictures works too; with a labels.csv or one subfolder per class it "
        "is scored. Pictures stay in memory; none is saved unless you save it below an answer.",
    )
    answer_view.choose_photo_network()
    if not files:
        st.info(
            "Best: a single garment, entirely in the picture, on a background of another colour.",
            title="Upload one or several pictures, or a zip file of them",
            icon=":material/upload:",
        )
        return
    uploads.show(files, run)


def camera():
    """A photo from the webcam or the phone's camera."""
    photo = st.camera_input("Hold a garment against a plain background", key="camera", width=480)
    answer_view.choose_photo_network()
    if photo is not None:
        uploads.show_one("", photo.getvalue(), run, key="camera")


def test_image():
    """One of the 10,000, by index or at random."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = st.number_input(
            "Index in the test set", 0, 9_999, key="test_image", bind="query-params", width=200
        )
        st.button(
            "Surprise me",
            icon=":material/casino:",
            on_click=lambda: st.session_state.update(test_image=random.randrange(10_000)),
        )
    table = loading.answers_table(run)
    index = min(max(int(index), 0), len(table) - 1)  # the browser's limits are not the server's
    answer_view.show_test_image(table.iloc[index], run, "test-image")


WAYS = {"Draw": draw, "Upload": upload, "Camera": camera, "Test image": test_image}
WAYS[choose_one("Where the picture comes from", WAYS, "way")]()
corrections_view.show(run)
