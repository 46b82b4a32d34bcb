"""Classify: draw, upload, photograph or pick a picture and see what the network says."""

import random

import streamlit as st

from fmnist.collections import examples
from fmnist.collections.zips import MAX_ZIP_BYTES
from fmnist.data import CLASS_NAMES
from fmnist.errors import DatasetError
from fmnist.images.decoding import READ
from pages.parts.classify import (
    corrections_view,
    preprocessing_controls,
    preprocessing_view,
)
from pages.parts.classify.below import card, second
from pages.parts.classify.ways import canvas
from pages.parts.shared import answer_view, frame, loading, model_picker
from pages.parts.shared.inside.network_view import show_inside
from pages.parts.shared.widgets import choose_one, choose_test_image, leave_if_gone, set_choice

NO_TRACE = "Nothing"
TOOLS_WIDTH = 356  # pixels; on a narrower screen as much as there is
EMPTIED = "uploads_emptied"  # how often the uploader was emptied for an example
EXAMPLE = "upload_example"  # the kind of file that is shown where nothing was uploaded
FILES = {"photo": examples.render_photo, "zip": examples.pack_test_images}
EXAMPLES = {
    "a drawing": ("Draw",),
    "a photo": ("Upload", "photo"),
    "a test image": ("Test image",),
    "a zip file": ("Upload", "zip"),
}

run = frame.open_page(
    "What is this garment?",
    "Draw one or show a photo: a small neural network says what it is, and why.",
    "Fashion-MNIST is 70,000 grey pictures of garments, 28 × 28 pixels each, in ten classes. "
    "Networks are trained on 55,000 of them, checked on 5,000 and tested on 10,000. Every picture "
    "is reduced to 28 × 28 pixels for the network. A second network, for photos or for drawings, "
    "has a say too. The answer is one probability for each class, and the app says when it is not "
    "sure.",
    picture=examples.tile_ten_classes,
    terms="Class, Softmax, TTA, Calibration, OOD, Convolution, Kernel, Feature map, "
    "Stride, ReLU, Pooling, Logit",
    picker_waits=st.query_params.get("way", "Draw") == "Draw" and canvas.is_first_sight(),
)


@st.fragment
def draw():
    """Canvas and answer; a stroke runs only this fragment again."""
    first = canvas.is_first_sight()
    leave_if_gone(run)
    if model_picker.waits() and not first:
        st.rerun()  # the canvas can be seen: now the head's picker, too
    with st.container(horizontal=True, gap="medium", key="draw"):
        with st.container(width=TOOLS_WIDTH):
            picture, traced = _draw_picture()
        with st.container(width="stretch"):
            shown = None
            if picture is None:
                preprocessing_controls.forget("drawing", "drawing")
            brief = first and picture is None
            drawing = picture or (None if traced else canvas.example())
            if drawing is not None:
                # an example's options are its own: the first stroke begins without them
                subject = "drawing" if picture else None
                shown = preprocessing_view.show(
                    drawing, run, key="drawing", subject=subject, brief=brief
                )
            else:
                st.info(
                    "Draw a garment on the black square. The answer is updated after each stroke.",
                    title="Nothing drawn yet",
                    icon=":material/draw:",
                )
            if picture:
                corrections_view.offer(shown, picture, run, "drawing", subject)
            if shown is not None and not brief:
                answer_view.choose_second_network()
    if shown is not None:
        show_inside(shown.pixels, run, "drawing")


def _draw_picture() -> tuple[bytes | None, bool]:
    """Show tools and canvas; return the drawing, None for none, and whether a class is traced."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", key="canvas_buttons"
    ):
        tool = choose_one("Tool", canvas.TOOLS, "tool", bind=None, persist_state="session")
        st.button("Undo", on_click=canvas.undo, key="canvas_undo", help="Ctrl+Z")
        st.button("Clear", on_click=canvas.clear, key="canvas_clear")
        with st.popover("Pen", help="Width of the brush, and a class to trace"):
            width = st.slider("Width", 6, 60, 22, key="brush_width", persist_state="session")
            traced = st.selectbox(
                "Trace the mean image of",
                [NO_TRACE, *CLASS_NAMES],
                key="trace",
                persist_state="session",
            )
    trace = None if traced == NO_TRACE else CLASS_NAMES.index(traced)
    drawing = canvas.draw(width, tool, trace)
    if tool == "Fill":  # from the keyboard, too
        st.button("Fill all outlines", on_click=canvas.fill, help="Or click inside one of them.")
    return drawing, trace is not None


def upload():
    """One file is shown at once; of several, a table, and the chosen one below it."""
    from pages.parts.classify import uploads  # which nobody needs who draws
    from pages.parts.classify.ways import paste

    files = st.file_uploader(
        "Pictures of garments",
        accept_multiple_files=True,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        key=_uploader(),
        on_change=lambda: uploads.keep(st.session_state[_uploader()]),
        help=f"{READ}. Dark on light, light on dark and "
        "transparent all work. A zip file of pictures works too; with a labels.csv or one "
        "subfolder per class it is scored. Pictures stay in memory; none is saved unless you save "
        "it below an answer.",
    )
    paste.offer()
    answer_view.choose_second_network()
    if files or (files := uploads.offer_kept()):
        st.session_state.pop(EXAMPLE, None)
    elif (example := st.session_state.get(EXAMPLE)) in FILES:
        try:
            files = [_example_file(example)]
        except DatasetError as error:
            st.error(str(error))
        else:
            st.caption("An example. Your own pictures replace it.")
    uploads.forget_others(files)
    if not files:
        st.info(
            "Best: a single garment, entirely in the picture, on a background of another colour.",
            title="Upload one or several pictures, or a zip file of them",
            icon=":material/upload:",
        )
        return
    uploads.show(files, run)


def _uploader() -> str:
    """The uploader's key: another one after it was emptied, which Streamlit cannot do."""
    times = st.session_state.get(EMPTIED, 0)
    return f"uploads-{times}" if times else "uploads"


def photograph():
    """What a webcam or a phone's camera sees."""
    from pages.parts.classify.ways import camera

    if camera.hides_camera(st.context.url):
        st.info(
            "Browsers give the camera to https pages and to localhost only, and this page is "
            "neither. Uploading a photo works.",
            icon=":material/no_photography:",
        )
        return
    camera.show(run)


def test_image():
    """One of the 10,000, by index or at random."""
    table = loading.answers_table(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = choose_test_image("test_image", len(table))
        st.button(
            "Surprise me",
            icon=":material/casino:",
            on_click=lambda: st.session_state.update(test_image=random.randrange(10_000)),
        )
    if index is not None:
        answer_view.show_test_image(table.iloc[index], run, "test-image")
        card.offer_test_image(table.iloc[index], run, "test-image")
        second.offer_test_image(index, run, "test-image")


@st.cache_resource(max_entries=2, show_spinner=False)
def _example_file(kind: str) -> examples.ExampleFile:
    return FILES[kind]()


def _show_example(way: str, kind: str = "") -> None:
    """Answer an example: a click on its button."""
    set_choice("way", way)
    st.session_state[EXAMPLE] = kind
    if kind:
        from pages.parts.classify import uploads  # as above

        uploads.keep([])
        if st.session_state.get(_uploader()):
            st.session_state[EMPTIED] = st.session_state.get(EMPTIED, 0) + 1
    if way == "Draw":
        canvas.show_next_example()
    if way == "Test image":
        st.session_state["test_image"] = random.randrange(10_000)


WAYS = {"Draw": draw, "Upload": upload, "Camera": photograph, "Test image": test_image}
with st.container(horizontal=True, vertical_alignment="center", key="ways"):
    way = choose_one("Where the picture comes from", WAYS, "way")
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="examples"
    ):
        st.caption("Try", width="content")
        for words, example in EXAMPLES.items():
            st.button(f":primary[{words}]", type="tertiary", on_click=_show_example, args=example)
WAYS[way]()
corrections_view.show(run)
