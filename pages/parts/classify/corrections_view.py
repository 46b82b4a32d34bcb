"""Corrections: a small control under an answer, and all that were saved."""

import zlib

import streamlit as st

from fmnist.collections import corrections
from fmnist.collections.labels import LABEL_NAMES, Row
from fmnist.errors import FmnistError
from fmnist.inference.answer import Answer
from fmnist.runs.run import Run
from pages.parts.classify import score_view
from pages.parts.classify.answered import PICTURE, Item, answer_all, thumbnails, with_progress
from pages.parts.shared import loading
from pages.parts.shared.widgets import download


def offer(answer: Answer, picture: bytes, kind: str) -> None:
    """Let a visitor save the picture with its true class; `kind` is one of corrections.KINDS."""
    if answer.verdict == "refused":
        return
    with st.popover(
        "Wrong? Correct it",
        icon=":material/edit:",
        type="tertiary",
        key=f"{kind}-correct",
        on_change="rerun",
    ) as box:
        if box.open:
            with st.container(width=300):  # as wide as its words otherwise
                _correct(picture, kind)


def _correct(picture: bytes, kind: str) -> None:
    try:
        name = _name_of(picture)
        before = next((row for row in corrections.kept() if row.path == name), None)
    except FmnistError as error:
        st.error(str(error))
        return
    if before is not None:
        st.success(f"Saved as: {LABEL_NAMES[before.label_id]}.", icon=":material/check:")
        if st.button("Remove it", icon=":material/undo:", key=f"{kind}-take-back"):
            _change(corrections.remove, [name])
    label_id = st.selectbox(
        "It shows",
        list(LABEL_NAMES),
        index=None,
        format_func=LABEL_NAMES.__getitem__,
        placeholder="Choose a class",
        key=f"{kind}-true-{zlib.crc32(picture)}",
    )
    words = "Save the picture with this class" if before is None else "Change the class"
    done = label_id is None or (before is not None and before.label_id == label_id)
    if st.button(words, type="primary", disabled=done, key=f"{kind}-keep"):
        _change(corrections.keep, picture, label_id, kind)
    st.caption(_where())


def show(run: Run) -> None:
    """All corrections, at the end of a page: a table with export, score and removal."""
    try:
        rows, trouble = corrections.kept(), None
    except FmnistError as error:
        rows, trouble = [], str(error)
    with st.expander(
        f"Corrections ({len(rows)} saved)",
        icon=":material/inventory_2:",
        key="corrections",
        on_change="rerun",
    ) as section:
        if not section.open:
            return
        st.caption(_where())
        if trouble:
            st.error(trouble)
        elif not rows:
            st.info("None yet. Below a wrong answer, choose what the picture shows.")
        else:
            _show_rows(rows, run)


def _show_rows(rows: list[Row], run: Run) -> None:
    items = [
        Item(
            row.path, row.path, lambda row=row: corrections.picture_of(row), row.label_id, row.kind
        )
        for row in rows
    ]
    selection = st.dataframe(
        {
            "picture": thumbnails(with_progress(items, "Reading")),
            "true": [LABEL_NAMES[row.label_id] for row in rows],
            "kind": [row.kind for row in rows],
        },
        column_config={"picture": PICTURE, "true": "True class", "kind": "Kind"},
        row_height=64,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        # rows are chosen by position: another list is another table
        key=f"corrections-{zlib.crc32(repr(rows).encode())}",
        alt="The saved pictures with their true classes",
    )
    chosen = [rows[at].path for at in selection["selection"]["rows"] if at < len(rows)]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Remove {len(chosen)} chosen" if chosen else "Remove the chosen rows",
            icon=":material/delete:",
            disabled=not chosen,
            key="corrections-remove",
        ):
            _change(corrections.remove, chosen)
        download(
            "Export as a zip file",
            corrections.export,
            "corrections.zip",
            "application/zip",
            key="corrections-export",
            help="Upload it again above, or unpack it for `python -m fmnist score`.",
        )
        scored = st.toggle("Score my corrections", key="corrections-score")
    if scored:
        st.caption(
            f"How {run.name} answers these pictures now{loading.with_photo_network()}. They were "
            "saved because an answer was wrong, so this score says nothing about pictures in "
            "general."
        )
        answered = answer_all(items, run)
        score_view.show(
            [(one, row.label_id) for one, row in zip(answered, rows, strict=True)],
            "corrections",
            run,
            key="corrections-score",
        )


def _change(change, *arguments) -> None:
    """Change the corrections and draw the whole page again, or show why not."""
    try:
        change(*arguments)
    except FmnistError as error:
        st.error(str(error))
    else:
        st.rerun()  # not the fragment alone: their number stands at the end of the page


def _where() -> str:
    return (
        "A picture is saved only if you choose to: on the computer that runs this studio, in its "
        f"folder `{corrections.directory().name}`, until somebody removes it. Everybody who opens "
        "this studio can see, use and remove it."
    )


@st.cache_data(max_entries=8, show_spinner=False, scope="session")
def _name_of(picture: bytes) -> str:
    return corrections.name_of(picture)
