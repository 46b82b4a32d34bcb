"""Corrections: a small control under an answer, and the sets that were saved, which can teach."""

import zlib

import streamlit as st

from fmnist import access
from fmnist.collections import corrections
from fmnist.collections.labels import LABEL_NAMES, Row
from fmnist.data import NOT_CLOTHING
from fmnist.errors import FmnistError
from fmnist.inference.answer import Answer
from fmnist.inference.teaching import make_example
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.classify import taught
from pages.parts.classify.answered import PICTURE, Answered, answer_all, thumbnails, with_progress
from pages.parts.classify.preprocessing_view import marked_part
from pages.parts.shared import loading, visit
from pages.parts.shared.answer_view import with_second_network
from pages.parts.shared.widgets import download, literal

# pictures that were asked to be saved and are not yet; forgotten with the page, see `page_opened`
_ASKED = "corrections-asked"
_OPEN, _LABEL = "corrections", "corrections-label"  # whether the section is open, what it is called


def offer(answer: Answer, picture: bytes, run: Run, kind: str, subject: str | None = None) -> None:
    """Let a visitor save the picture, or the part that was marked, with its true class.

    kind: one of corrections.KINDS, with which the keys of its elements begin
    subject: as in `preprocessing_view.show`
    """
    if answer.verdict == "refused" or not access.may_change():
        return
    with st.expander(
        "Wrong? Correct it", icon=":material/edit:", key=f"{kind}-correct", on_change="rerun"
    ) as box:
        if box.open:
            part = marked_part(picture, kind, subject)
            teaches = make_example(loading.answer(part, run), NOT_CLOTHING) is not None
            _correct(part, kind, teaches)


def _correct(picture: bytes, kind: str, teaches: bool) -> None:
    true = f"{kind}-true-{zlib.crc32(picture)}"
    label_id = st.selectbox(
        "It shows",
        list(LABEL_NAMES),
        index=None,
        format_func=LABEL_NAMES.__getitem__,
        placeholder="Choose a class",
        key=true,
    )
    of = taught.choose_set(f"{kind}-set", new=True)
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
    taught.button(words, f"{kind}-keep", _keep, picture, kind, true, type="primary", disabled=done)
    taught.show_said()
    if before is not None:
        st.success(f"Saved as: {LABEL_NAMES[before.label_id]}.", icon=":material/check:")
        if teaches:
            taught.offer_to_count(of, kind)
        undo = {"icon": ":material/undo:", "type": "tertiary"}
        taught.button("Remove it", f"{kind}-take-back", _remove, [name], of, **undo)
    if not teaches:
        st.caption(taught.TEACHES_NOTHING)
    st.caption(_where())


def _keep(picture: bytes, kind: str, true: str) -> None:
    """Save with what the boxes show now: a change of them may have come with the click."""
    if (label_id := st.session_state[true]) is not None:
        corrections.keep(picture, label_id, kind, taught.take_set(f"{kind}-set"))


def show(run: Run) -> None:
    """All corrections, at the end of a page: sets with what they teach, export and removal.

    Visitors of a public app see none of it.
    """
    if not access.may_change():
        return
    visit.offer_undo(corrections.Removed, "removed", _undo)
    taught.show_said()
    sets = ["", *_named_sets()]
    saved = sum(len(_read(of)[0]) for of in sets)
    label = f"Corrections and teaching ({saved} saved)"
    if st.session_state.get(_LABEL) != label:  # to Streamlit another one, which would begin closed
        st.session_state[_LABEL] = label
        st.session_state[_OPEN] = st.session_state.get(_OPEN, False)
    with st.expander(label, icon=":material/school:", key=_OPEN, on_change="rerun") as section:
        if not section.open:
            return
        corrections.purge_old_corrections()
        st.caption(_where())
        of = taught.choose_set("corrections-set") if len(sets) > 1 else ""
        if of is None:
            return
        rows, trouble = _read(of)
        if trouble:
            st.error(trouble)
        elif not rows:
            others = "None yet in this set, but in another. " * bool(saved)
            st.info(f"{others or 'None yet. '}Below a wrong answer, choose what the picture shows.")
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
        st.write(f"Delete “{taught.name_of(of)}” with its {count_text(count, 'picture')}?")
        # the set that was asked about, whatever was chosen meanwhile
        taught.button("Delete", f"corrections-delete-{of}", _delete, of, type="primary")


def _show_rows(rows: list[Row], of: str, run: Run) -> None:
    items = taught.items_of(rows, of)
    with st.container(horizontal=True, vertical_alignment="center"):
        on = taught.set_that_counts() == of
        # off is how it begins: to be told so as it comes would undo a click made at once
        if st.session_state.get("corrections-teach", False) != on:
            st.session_state["corrections-teach"] = on
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
        taught.button(
            f"Remove {len(chosen)} chosen" if chosen else "Remove the chosen rows",
            "corrections-remove",
            *(_remove, chosen, of),
            icon=":material/delete:",
            disabled=not chosen,
        )
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
            f"How {quote_run(run)} answers these pictures now{with_second_network()}, "
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
    counted = taught.set_that_counts() == of
    _keep_for_undo(corrections.delete_set(of))
    if counted:
        taught.switch(None)
    taught.forget_set()


def offer_to_teach(pictures: list[tuple[Answered, int]]) -> None:
    """Let labelled uploads be added to the chosen set."""
    if not access.may_change():
        return
    teaching = [(one, id_) for one, id_ in pictures if make_example(one.answer, id_) is not None]
    with st.popover("Teach with these pictures", icon=":material/school:"):
        if not teaching:
            st.info(taught.TEACHES_NOTHING)
            return
        of = taught.choose_set("upload-teach-set", new=True)
        if of is None:  # the set that was named with the click cannot be had
            st.session_state.pop(_ASKED, None)
            return
        st.caption(_where())
        st.button(
            f"Save {count_text(len(teaching), 'picture')} in this set",
            key="upload-teach-save",
            on_click=lambda: st.session_state.update({_ASKED: teaching}),
        )
        if _ASKED in st.session_state:
            taught.then_draw_all(_keep_asked, of)


def _keep_asked(of: str) -> None:
    try:
        for one, label_id in with_progress(st.session_state[_ASKED], "Saving"):
            corrections.keep(one.item.read(), label_id, "upload", of)
            taught.switch(of)
    except Exception:
        del st.session_state[_ASKED]
        raise
    del st.session_state[_ASKED]  # not where another click cuts this short: then it is done anew


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
