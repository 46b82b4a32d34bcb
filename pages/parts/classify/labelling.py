"""True classes that are chosen by hand, for pictures without one or with a wrong one."""

import zlib

import streamlit as st

from fmnist.collections.labels import LABEL_NAMES
from pages.parts.classify.answered import NAME, PICTURE, Answered

LABEL_IDS = {name: label_id for label_id, name in LABEL_NAMES.items()}


def labels(answered: list[Answered]) -> list[int | None]:
    """Show the labels to be changed and return them, one per picture; None where none is given."""
    known = sum(one.item.label_id is not None for one in answered)
    title = f"True classes ({known} known)" if known else "Choose their true classes"
    with st.expander(title, icon=":material/label:", key="upload_labels"):
        st.caption("Pictures with a true class are scored below. The classes are not saved.")
        fill = st.selectbox(
            "All pictures without a class show",
            list(LABEL_IDS),
            index=None,
            placeholder="Choose a class",
            key="upload_fill",
            help="Or choose a class for each row of the table. A choice here resets the table.",
        )
        # other pictures, or another class for all, are another table
        shown = zlib.crc32(repr([fill, *(one.item.key for one in answered)]).encode())
        table = st.data_editor(
            {
                "picture": [one.thumbnail for one in answered],
                "true": [LABEL_NAMES.get(one.item.label_id, fill) for one in answered],
                "file": [one.item.name for one in answered],
            },
            column_config={
                "picture": PICTURE,
                "true": st.column_config.SelectboxColumn(
                    "True class",
                    options=list(LABEL_IDS),
                    width="medium",
                    help="Double-click to choose a class",
                ),
                "file": NAME,
            },
            disabled=["picture", "file"],
            row_height=64,
            hide_index=True,
            placeholder="–",
            key=f"upload_labels-{shown}",
            alt="The uploaded pictures with their true classes",
        )
    # an edit is the browser's word: what is no class is no label
    given = list(table["true"])[: len(answered)]
    return [LABEL_IDS.get(name) if isinstance(name, str) else None for name in given]
