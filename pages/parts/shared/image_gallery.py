"""Test images as a gallery with pages, and the chosen one large beside its ten probabilities."""

import zlib
from collections.abc import Callable

import pandas as pd
import streamlit as st

from fmnist.analysis.mistakes import describe_answer
from fmnist.data import CLASS_NAMES
from fmnist.runs.run import Run
from pages.parts.shared import image_view, loading
from pages.parts.shared.answer_view import show_test_image
from pages.parts.shared.gallery import gallery

PAGE_SIZE = 200
BESIDE = 24  # on a page whose subject is something else
SCROLLED = 48  # more images than these scroll in a window of their own, below the chosen one
HEIGHT = 560  # px, of that window


@st.fragment  # another image is shown without going through the rest of the page
def show(
    rows: pd.DataFrame,
    run: Run,
    key: str,
    *,
    same_classes: bool = False,
    more: bool = False,
    first: bool = True,
    caption: Callable[[object], str] | None = None,
    detail: Callable[[pd.Series], None] | None = None,
) -> None:
    """Show rows of `mistakes.answers_table`, the first of them chosen until another is clicked.

    Pictures are captioned with their classes, or with the confidence where those are the same.
    more: whether all that is known about the chosen one can be opened, and it can be tagged;
    first: whether the first one is chosen where nothing was clicked; caption: what stands under a
    picture, of its row; detail: shows the chosen one's row instead of what the run says of it now
    """
    if rows.empty:
        st.info("No test image passes these filters; widen them to see some.")
        return
    size = PAGE_SIZE if more else BESIDE
    pages = -(-len(rows) // size)
    page = 1
    place = st.container()
    if pages > 1:
        # its key carries what is shown: other filters begin at the first page again
        shown_id = zlib.crc32(rows["index"].to_numpy().tobytes())
        page = st.pagination(pages, key=f"{key}-page-{shown_id}", persist_state="session")
    shown = rows.iloc[(page - 1) * size : page * size]
    images = loading.test_part().images
    ids = [int(index) for index in shown["index"]]
    long = len(shown) > SCROLLED
    with st.container(height=HEIGHT if long else "content", border=False, key=f"{key}-window"):
        chosen = gallery(
            images[ids],
            ids=ids,
            captions=[
                caption(row)
                if caption
                else f"{row.confidence:.0%}"
                if same_classes
                else f"{CLASS_NAMES[row.true]} → {CLASS_NAMES[row.predicted]}"
                for row in shown.itertuples()
            ],
            labels=[describe_answer(row) for row in shown.to_dict("records")],
            key=f"{key}-gallery",
        )
    if chosen is None and not first:
        return
    index = ids[0] if chosen is None else chosen
    with place.container(border=True):
        if detail:
            detail(shown.loc[index])
            return
        probabilities = loading.predictions(run)[index]
        show_test_image(images[index], shown.loc[index], probabilities, key=key)
        if more:
            image_view.show_tags(index, key)
            image_view.show_more(index, shown.loc[index], run, key)
