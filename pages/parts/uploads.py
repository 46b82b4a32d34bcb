"""Uploaded pictures and their answers: one large, or several as a table with one chosen."""

import streamlit as st
from PIL import Image

from fmnist.answers import Answer
from fmnist.errors import BadImage
from fmnist.images import decode
from fmnist.pictures import data_uri, enlarge
from fmnist.runs import Run
from pages.parts import hands_view, loading

MAX_FILES = 100  # more are answered by `python -m fmnist classify`
THUMBNAIL = (96, 96)


def show(files: list, run: Run) -> None:
    """Show the answers for Streamlit's uploaded files."""
    if len(files) > MAX_FILES:
        st.warning(
            f"The first {MAX_FILES} of {len(files)} pictures are shown; for more there is "
            "`python -m fmnist classify`."
        )
        files = files[:MAX_FILES]
    pictures = [file.getvalue() for file in files]
    answers = []
    bar = st.progress(0.0, text="Classifying")
    for at, picture in enumerate(pictures):
        bar.progress(at / len(pictures), text=f"Classifying {at + 1} of {len(pictures)}")
        answers.append(loading.answer(picture, run))
    bar.empty()
    if len(files) == 1:
        _show_one(files[0].name, pictures[0], answers[0], run)
        return
    rows = [
        _row(file.name, picture, answer)
        for file, picture, answer in zip(files, pictures, answers, strict=True)
    ]
    selection = st.dataframe(
        rows,
        column_config={
            "picture": st.column_config.ImageColumn("Picture", width=70),
            "given": st.column_config.ImageColumn("28 × 28", width=70),
            "answer": st.column_config.TextColumn("Answer", width="medium"),
            "probability": st.column_config.ProgressColumn(
                "Probability", format="percent", min_value=0.0, max_value=1.0
            ),
            "file": st.column_config.TextColumn("File"),
        },
        row_height=64,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="upload_table",
        alt="The uploaded pictures with their answers",
    )
    chosen = selection["selection"]["rows"]
    at = chosen[0] if chosen and chosen[0] < len(files) else 0
    st.caption("Choose a row to see that picture's probabilities.")
    _show_one(files[at].name, pictures[at], answers[at], run)


def _row(name: str, picture: bytes, answer: Answer) -> dict:
    found = answer.prepared is not None and answer.prepared.pixels is not None
    return {
        "picture": _thumbnail(picture),
        "given": data_uri(enlarge(answer.prepared.pixels, 2)) if found else None,
        "answer": answer.message,
        "probability": answer.probability,
        "file": name,
    }


@st.cache_data(max_entries=MAX_FILES, show_spinner=False, scope="session")
def _thumbnail(picture: bytes) -> str | None:
    """A small PNG of the upright picture as a data URI; None where it cannot be decoded."""
    try:
        image = decode(picture)
    except BadImage:
        return None
    image.thumbnail(THUMBNAIL, Image.Resampling.BOX)
    return data_uri(image)


@st.cache_data(max_entries=8, show_spinner=False, scope="session")
def _display(picture: bytes):
    return decode(picture)


def _show_one(name: str, picture: bytes, answer: Answer, run: Run) -> None:
    original, said = st.columns([1, 1.5], gap="large")
    with original:
        if answer.verdict == "refused":
            st.text(name)  # a file's name is the visitor's: shown as text, never as Markdown
        else:
            st.image(_display(picture), width=280, alt="The uploaded picture, upright")
            st.text(name)
    with said:
        hands_view.show(picture, run, key="upload")
