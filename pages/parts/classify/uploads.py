"""Uploaded pictures and their answers: one large, or several as a table with one chosen."""

from functools import partial
from zlib import crc32

import streamlit as st

from fmnist.collections.archives import Archive
from fmnist.collections.labels import unknown_subfolders
from fmnist.collections.zips import ZIP
from fmnist.errors import FmnistError
from fmnist.images.decoding import begins_as_picture
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from pages.parts.classify import corrections_view, preprocessing_view, score_view, taught
from pages.parts.classify.answered import MAX_PICTURES, NAME, PICTURE, Answered, Item
from pages.parts.classify.labelling import labels
from pages.parts.shared.answer_view import show_answer, with_second_network
from pages.parts.shared.inside.network_view import show_inside
from pages.parts.shared.widgets import PERCENT_BAR, literal

ARCHIVES = "archives"  # the zip files that are opened, by the ids of their files
KEPT = "uploads_kept"  # the uploaded files, which Streamlit forgets with the page
MAX_TOTAL = 200 * 2**20  # bytes that are worked on at once; Streamlit has them in memory already


def show(files: list, run: Run) -> None:
    """Show the answers for Streamlit's uploaded files; a zip file stands for what is in it."""
    if sum(file.size for file in files) > MAX_TOTAL:
        st.error(f"These files have more than {MAX_TOTAL >> 20} MB together; remove some of them.")
        return
    if len(files) == 1 and not _is_zip(files[0]):
        picture = files[0].getvalue()
        show_one(files[0].name, picture, run, key="upload")
        return
    items = [item for file in files for item in _items(file, alone=len(files) == 1)]
    if not items:
        return  # every zip file was refused, and the reason is shown
    if len(items) > MAX_PICTURES:
        st.warning(
            f"The first {MAX_PICTURES} of {len(items)} pictures are shown and scored; for more, "
            "use `python -m fmnist classify` and `score`."
        )
        items = items[:MAX_PICTURES]
    answered = taught.answer_all(items, run)
    if len(answered) == 1 and answered[0].answer.verdict == "refused":
        show_answer(answered[0].answer, key="upload")  # nothing that a table could compare
        return
    _show_table(answered, run)
    known = labels(answered)
    if any(label_id is not None for label_id in known):
        scored = taught.answer_all(items, run, but_itself=True)
        labelled = [
            (one, label_id)
            for one, label_id in zip(scored, known, strict=True)
            if label_id is not None
        ]
        st.header(f"How many did {quote_run(run)} get right{with_second_network()}?")
        source = files[0].name if len(files) == 1 else f"{len(files)} uploads"
        if (of := taught.set_that_counts()) is not None:
            st.caption(
                f"The set “{taught.name_of(of)}” counts; a picture that is in it is scored without "
                "itself."
            )
        score_view.show(labelled, source, run, key="upload-score")
        corrections_view.offer_to_teach(labelled)


def keep(files: list) -> None:
    """Keep the uploaded files, or none, for the next visit to the page."""
    few = sum(file.size for file in files) <= MAX_TOTAL
    st.session_state[KEPT] = list(files) if few else []


def offer_kept() -> list:
    """The files of an earlier visit to the page, with a button that lets go of them."""
    files = st.session_state.get(KEPT, [])
    if files:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            what = files[0].name[:80] if len(files) == 1 else f"{len(files)} files"
            st.text(f"Still here, until you upload others: {what}", width="content")
            st.button(
                "Remove",
                icon=":material/close:",
                type="tertiary",
                key="uploads_remove",
                on_click=keep,
                args=([],),
            )
    return files


def _is_zip(file) -> bool:
    data = file.getvalue()
    if file.name.lower().endswith(".zip"):  # a damaged one is said to be that
        return not begins_as_picture(data)
    return data.startswith(ZIP)


def _items(file, alone: bool) -> list[Item]:
    if not _is_zip(file):
        return [Item(file.file_id, file.name, file.getvalue)]
    try:
        archive = _archive(file)
    except FmnistError as error:
        st.error(literal(str(error)), title=literal(file.name[:80]), icon=":material/folder_zip:")
        return []
    if archive.unknown:
        st.warning(literal(unknown_subfolders(archive.unknown)))
    return [
        Item(
            f"{file.file_id}/{member.name}",
            member.name if alone else f"{file.name}/{member.name}",
            partial(archive.read, member.name),
            member.label_id,
            member.kind,
        )
        for member in archive.members
    ]


def _archive(file) -> Archive:
    opened = st.session_state.setdefault(ARCHIVES, {})
    if file.file_id not in opened:
        opened[file.file_id] = Archive(file.getvalue())
    return opened[file.file_id]


def forget_others(files: list) -> None:
    """Forget the zip files, up to 100 MB each, that are not among these uploaded files any more."""
    known, shown = st.session_state.get(ARCHIVES, {}), {file.file_id for file in files}
    st.session_state[ARCHIVES] = {key: known[key] for key in known.keys() & shown}


def _show_table(answered: list[Answered], run: Run) -> None:
    """All answers, and below them the chosen one."""
    selection = st.dataframe(
        [
            {
                "picture": one.thumbnail,
                "given": one.given,
                "answer": one.answer.message,
                "probability": one.answer.probability,
                "file": one.item.name,
            }
            for one in answered
        ],
        column_config={
            "picture": PICTURE,
            "given": st.column_config.ImageColumn("28 × 28", width=70),
            "answer": st.column_config.TextColumn("Answer", width="medium"),
            "probability": st.column_config.ProgressColumn("Probability", **PERCENT_BAR),
            "file": NAME,
        },
        row_height=64,
        placeholder="–",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        # a choice is a row's number, so other rows are another table
        key=f"upload_table-{crc32(repr([one.item.key for one in answered]).encode())}",
        alt="The uploaded pictures with their answers",
    )
    chosen = selection["selection"]["rows"]
    at = chosen[0] if chosen and chosen[0] < len(answered) else 0
    st.caption("Choose a row to see that picture's probabilities.")
    item = answered[at].item
    try:
        picture = item.read()
    except FmnistError:  # what a zip file holds may not be readable; the answer says why
        st.text(item.name)
        show_answer(answered[at].answer, key="upload")
    else:
        show_one(item.name, picture, run, key="upload")


@st.fragment  # a control or another box runs only this again
def show_one(name: str, picture: bytes, run: Run, key: str) -> None:
    """Show a picture with the part that was taken, and beside it its answer.

    key: "upload" or "camera"
    """
    original, answered = st.columns([1, 1.5], gap="large")
    answer = taught.answer(picture, run)
    with original:
        if answer.verdict != "refused":
            preprocessing_view.show_picture(picture, run, key)
        st.text(name)  # a file's name is the visitor's: shown as text, never as Markdown
    with answered:
        shown = preprocessing_view.show(picture, run, key)
        corrections_view.offer(answer, picture, run, key)
    show_inside(shown.pixels, run, key)
