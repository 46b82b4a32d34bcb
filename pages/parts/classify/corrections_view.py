"""Corrections: a small control under an answer, and the sets that were saved, which can teach."""

import zlib

import streamlit as st

from fmnist import access
from fmnist.collections import corrections
from fmnist.collections.labels import LABEL_NAMES, Row
from fmnist.errors import FmnistError
from fmnist.inference.answer import Answer
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from pages.parts.classify import taught
from pages.parts.classify.answered import PICTURE, Answered, answer_all, thumbnails, with_progress
from pages.parts.shared import loading, visit
from pages.parts.shared.widgets import download, literal

_SET = "corrections_set"  # the set that is looked at and saved to
_CHANGED = "corrections_set_changed"


def offer(answer: Answer, picture: bytes, kind: str) -> None:
    """Let a visitor save the picture with its true class; `kind` is one of corrections.KINDS."""
    if answer.verdict == "refused" or not access.may_change():
        return
    with st.expander(
        "Wrong? Correct it", icon=":material/edit:", key=f"{kind}-correct", on_change="rerun"
    ) as box:
        if box.open:
            _correct(picture, kind)


def _correct(picture: bytes, kind: str) -> None:
    label_id = st.selectbox(
        "It shows",
        list(LABEL_NAMES),
        index=None,
        format_func=LABEL_NAMES.__getitem__,
        placeholder="Choose a class",
        key=f"{kind}-true-{zlib.crc32(picture)}",
    )
    of = _choose_set(f"{kind}-set", new=True)
    if of is None:
        return
    try:
        name = _name_of(picture)
        before = next((row for row in corrections.kept(of) if row.path == name), None)
    except FmnistError as error:
        st.error(str(error))
        return
    words = "Save the picture with this class" if before is None else "Change the class"
    done = label_id is None or (before is not None and before.label_id == label_id)
    if st.button(words, type="primary", disabled=done, key=f"{kind}-keep"):
        _change(corrections.keep, picture, label_id, kind, of)
    if before is not None:
        st.success(f"Saved as: {LABEL_NAMES[before.label_id]}.", icon=":material/check:")
        taught.offer_to_count(of, kind)
        if st.button("Remove it", icon=":material/undo:", type="tertiary", key=f"{kind}-take-back"):
            _change(_remove, [name], of)
    st.caption(_where())


def _choose_set(key: str, new: bool = False) -> str | None:
    """Let a set be chosen, or with `new` a name for another; None, with the reason, for a bad one.

    The choice is the same in all places of the page.
    """
    try:
        names = corrections.list_sets()
    except FmnistError as error:
        st.error(str(error))
        return None
    chosen = st.session_state.get(_SET, "")
    known = sorted({*names, chosen} - {""})
    options = [taught.UNNAMED, *known]
    st.session_state[key] = taught.name_of(chosen)

    def take() -> None:
        name = (st.session_state[key] or "").strip()
        st.session_state[_SET] = "" if name == taught.UNNAMED else name
        st.session_state[_CHANGED] = True

    st.selectbox(
        "Set",
        options,
        key=key,
        on_change=take,
        accept_new_options=new,
        help="Type a name to begin a set of your own." if new else None,
    )
    if st.session_state.pop(_CHANGED, False):
        st.rerun()  # the whole page: the same set is looked at in all places
    try:
        corrections.directory(chosen)
    except FmnistError as error:
        st.error(str(error))
        st.session_state.pop(_SET)
        return None
    return chosen


def show(run: Run) -> None:
    """All corrections, at the end of a page: sets with what they teach, export and removal.

    Visitors of a public app see none of it.
    """
    if not access.may_change():
        return
    visit.offer_undo(corrections.Removed, "removed", _undo)
    sets = ["", *_named_sets()]
    saved = sum(len(_read(of)[0]) for of in sets)
    with st.expander(
        f"Corrections and teaching ({saved} saved)",
        icon=":material/school:",
        key="corrections",
        on_change="rerun",
    ) as section:
        if not section.open:
            return
        corrections.purge_old_corrections()
        st.caption(_where())
        of = _choose_set("corrections-set") if len(sets) > 1 else ""
        if of is None:
            return
        rows, trouble = _read(of)
        if trouble:
            st.error(trouble)
        elif not rows:
            st.info("None yet. Below a wrong answer, choose what the picture shows.")
        else:
            _show_rows(rows, of, run)
        if rows or of in sets[1:]:
            _offer_to_delete(of, len(rows))


def _named_sets() -> list[str]:
    try:
        return corrections.list_sets()
    except FmnistError:  # saving says why
        return []


def _read(of: str) -> tuple[list[Row], str | None]:
    """The pictures of a set, or why they cannot be read."""
    try:
        return corrections.kept(of), None
    except FmnistError as error:
        return [], str(error)


def _offer_to_delete(of: str, count: int) -> None:
    with st.popover("Delete the set", icon=":material/delete_forever:", type="tertiary"):
        st.write(f"Delete “{taught.name_of(of)}” with its {count} pictures?")
        # the set that was asked about, whatever was chosen meanwhile
        key = f"corrections-delete-{of}"
        if st.button("Delete", type="primary", key=key):
            _change(_delete, of)


def _show_rows(rows: list[Row], of: str, run: Run) -> None:
    items = taught.items_of(rows, of)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.session_state["corrections-teach"] = taught.set_that_counts() == of
        st.toggle(
            "Let these pictures teach",
            key="corrections-teach",
            on_change=lambda: taught.switch(of if st.session_state["corrections-teach"] else None),
            help="While this is on, a picture that looks like one of these to both networks gets a "
            "share of its class. It counts in your visit only, and the networks are not changed.",
        )
        scored = st.toggle("Score my corrections", key="corrections-score")
    if taught.set_that_counts() == of:
        taught.show_effect(rows, of, run)
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
        key=f"corrections-{zlib.crc32(repr((of, rows)).encode())}",
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
            _change(_remove, chosen, of)
        download(
            "Export as a zip file",
            lambda: corrections.export(of),
            f"{of or 'corrections'}.zip",
            "application/zip",
            key="corrections-export",
            help="Upload it again above, or unpack it for `python -m fmnist score`.",
        )
    if scored:
        from pages.parts.classify import score_view  # seldom asked for

        st.caption(
            f"How {quote_run(run)} answers these pictures now{loading.with_photo_network()}, "
            "without what they teach. They were saved because an answer was wrong, so this score "
            "says nothing about pictures in general."
        )
        answered = answer_all(items, run)
        score_view.show(
            [(one, row.label_id) for one, row in zip(answered, rows, strict=True)],
            "corrections",
            run,
            key="corrections-score",
        )


def _remove(names: list[str], of: str) -> None:
    _keep_for_undo(corrections.remove(names, of))


def _keep_for_undo(removed: corrections.Removed) -> None:
    if removed.paths:
        visit.trash().add(removed)


def _undo(removed: corrections.Removed) -> None:
    try:
        visit.trash().undo(removed)
    except FmnistError as error:
        st.toast(literal(str(error)), icon=":material/error:")


def _delete(of: str) -> None:
    _keep_for_undo(corrections.delete_set(of))
    if taught.set_that_counts() == of:
        taught.switch(None)
    st.session_state.pop(_SET, None)


def offer_to_teach(pictures: list[tuple[Answered, int]]) -> None:
    """Let labelled uploads be added to the chosen set."""
    if not access.may_change():
        return
    with st.popover("Teach these pictures", icon=":material/school:"):
        of = _choose_set("upload-teach-set", new=True)
        if of is None:
            return
        st.caption(_where())
        if st.button(f"Save {len(pictures)} pictures in this set", key="upload-teach"):
            _change(_keep_all, pictures, of)


def _keep_all(pictures: list[tuple[Answered, int]], of: str) -> None:
    teaching = [(one, label_id) for one, label_id in pictures if one.answer.pixels is not None]
    for one, label_id in with_progress(teaching, "Saving"):
        corrections.keep(one.item.read(), label_id, "upload", of)
        taught.switch(of)


def _change(change, *arguments) -> None:
    """Change the corrections and draw the whole page again, or show why not."""
    try:
        change(*arguments)
    except FmnistError as error:
        st.error(str(error))
    else:
        st.rerun()  # not the fragment alone: their number stands at the end of the page


def _where() -> str:
    who = " Everybody who opens this studio can see, use and remove it."
    if access.keeps_own():
        who = " On the page, only you see it."
    elif access.is_public():
        who = ""
    return (
        "A picture is saved only if you choose to: on the computer that runs this studio, in its "
        f"folder `corrections`, until somebody removes it.{who}"
    )


@st.cache_data(max_entries=8, show_spinner=False, scope="session")
def _name_of(picture: bytes) -> str:
    return corrections.name_of(picture)
