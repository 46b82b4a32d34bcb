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
from pages.parts.shared.components.gallery import gallery
from pages.parts.shared.widgets import ASKED, choose_page

PAGE_SIZE = 200
BESIDE = 24  # on a page whose subject is something else


def confidence_text(row) -> str:
    """A caption where all pictures have the same classes."""
    return f"{row.confidence:.0%}"


def _classes_text(row) -> str:
    return f"{CLASS_NAMES[row.true]} → {CLASS_NAMES[row.predicted]}"


@st.fragment  # another image is shown without going through the rest of the page
def show(
    rows: pd.DataFrame,
    run: Run,
    key: str,
    *,
    more: bool = False,
    first: bool = True,
    caption: Callable[[object], str] | None = None,
    detail: Callable[[pd.Series], None] | None = None,
) -> None:
    """Show rows of `answers_table`, the first of them chosen until another is clicked.

    The chosen one stands beside the gallery, or below it where that would be too narrow
    (frame.css).

    more: whether the chosen one can be tagged and its details opened; first: whether the first one
    is chosen where nothing was clicked; caption: text under a picture, by default its classes;
    detail: shows the chosen row instead of the run's answer
    """
    asked = st.session_state.pop(ASKED, None)
    if rows.empty:
        st.info("No test image passes these filters.")
        return
    size = PAGE_SIZE if more else BESIDE
    both = st.container(key=f"{key}-beside")
    with both.container(key=f"{key}-list"):
        # its key carries what is shown: other filters begin at the first page again
        shown_id = zlib.crc32(rows["index"].to_numpy().tobytes())
        shown = rows.iloc[choose_page(len(rows), size, f"{key}-page-{shown_id}")]
        ids = [int(index) for index in shown["index"]]
        chosen = gallery(
            loading.test_part().images[ids],
            ids=ids,
            captions=[(caption or _classes_text)(row) for row in shown.itertuples()],
            labels=[describe_answer(row) for row in shown.to_dict("records")],
            key=f"{key}-gallery",
            asked=asked,
        )
    if chosen is None and not first:
        return
    index = ids[0] if chosen is None else chosen
    with both.container(border=True, key=f"{key}-detail"):
        if detail:
            detail(shown.loc[index])
            return
        show_test_image(shown.loc[index], run, key)
        if more:
            image_view.show_tags(index, key)
            image_view.show_more(index, shown.loc[index], run, key)
