"""Test images as a gallery with pages, and the chosen one large beside its ten probabilities."""

import zlib

import pandas as pd
import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.mistakes import describe
from fmnist.runs import Run
from pages.parts import loading
from pages.parts.answer_view import show_test_image
from pages.parts.gallery import gallery

PAGE_SIZE = 48


def show(rows: pd.DataFrame, run: Run, key: str, *, same_classes: bool = False) -> None:
    """Show rows of `mistakes.answers_table`, the first of them chosen until another is clicked.

    Pictures are captioned with their classes, or with the confidence where those are the same.
    """
    if rows.empty:
        st.info("No test image passes these filters; widen them to see some.")
        return
    pages = -(-len(rows) // PAGE_SIZE)
    page = 1
    detail = st.container()
    if pages > 1:
        # its key carries what is shown: other filters begin at the first page again
        shown_id = zlib.crc32(rows["index"].to_numpy().tobytes())
        page = st.pagination(pages, key=f"{key}-page-{shown_id}", persist_state="session")
    shown = rows.iloc[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    images = loading.test_part().images
    ids = [int(index) for index in shown["index"]]
    chosen = gallery(
        images[ids],
        ids=ids,
        captions=[
            f"{row.confidence:.0%}"
            if same_classes
            else f"{CLASS_NAMES[row.true]} → {CLASS_NAMES[row.predicted]}"
            for row in shown.itertuples()
        ],
        labels=[describe(row) for _, row in shown.iterrows()],
        key=f"{key}-gallery",
    )
    index = ids[0] if chosen is None else chosen
    with detail.container(border=True):
        probabilities = loading.predictions(run)[index]
        show_test_image(images[index], shown.loc[index], probabilities, key=key)
