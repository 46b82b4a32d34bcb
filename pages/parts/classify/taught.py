"""Taught pictures: the set whose labels count during this visit, and what it changes."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from fmnist.collections import corrections
from fmnist.collections.labels import Row
from fmnist.errors import FmnistError
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.inference import teaching
from fmnist.inference.answer import Answer
from fmnist.inference.teaching import Example, make_examples, teach_answer
from fmnist.runs.run import Run
from pages.parts.classify.answered import Answered, Item
from pages.parts.classify.answered import answer_all as answer_untaught
from pages.parts.shared import loading
from pages.parts.shared.widgets import number, or_say

UNNAMED = "Corrections"  # what the set without a name is called
TEACHES_NOTHING = "Pictures of 28 × 28 pixels, and those in which nothing is found, do not teach."
_SET = "corrections_set"  # the set that is looked at and saved to
_TIMES = "corrections_set_times"  # how often another one was chosen
_SAID = "corrections_said"  # why a click changed nothing, or a set counts no longer
_LIKE_TEXT = {"type": "tertiary", "icon": ":material/school:"}
_KNOWN = "taught_examples"  # what they were made of, and the examples
_ON = "taught_set"  # the set that counts; not there while none does


def name_of(of: str) -> str:
    """What a set is called on the page."""
    return of or UNNAMED


def set_that_counts() -> str | None:
    """The set whose pictures count in this visit's answers; None while none does.

    One that somebody has deleted meanwhile counts no longer.
    """
    of = st.session_state.get(_ON)
    if of and not corrections.directory(of).is_dir():
        switch(None)
        st.session_state[_SAID] = f"The set “{of}” is gone, so it does not teach any more."
        return None
    return of


def switch(of: str | None) -> None:
    """Let a set count, or none."""
    if of is None:
        st.session_state.pop(_ON, None)
    else:
        st.session_state[_ON] = of


def items_of(rows: list[Row], of: str) -> list[Item]:
    """The pictures of a set."""
    return [
        Item(
            f"{of}/{row.path}",
            row.path,
            lambda row=row: corrections.picture_of(row, of),
            row.label_id,
            row.kind,
        )
        for row in rows
    ]


def answer(picture: bytes, run: Run, options: PreprocessingOptions = AUTO) -> Answer:
    """The answer for a picture's bytes, with the pictures of the set that counts."""
    return teach_answer(loading.answer(picture, run, options), examples(run))


def answer_all(items: list[Item], run: Run, but_itself: bool = False) -> list[Answered]:
    """The same for many; shows a bar while that takes time.

    but_itself: leave out the taught picture that is the same, as a score has to
    """
    known = examples(run)
    if not known:
        return answer_untaught(items, run)
    return [
        replace(one, answer=teach_answer(one.answer, known, but_itself))
        for one in answer_untaught(items, run)
    ]


def examples(run: Run) -> list[Example]:
    """What the set that counts has taught; none where it cannot be read.

    All answers of a page ask for it, so it is kept until the set, the run or the switch differs.
    """
    of = set_that_counts()
    if of is None:
        return []
    try:
        rows = corrections.kept(of)
    except FmnistError:
        return []
    known_of = run.path, run.files, of, rows, loading.asks_second_network()
    kept_of, known = st.session_state.get(_KNOWN, (None, []))
    if kept_of == known_of:
        return known
    answers = [one.answer for one in answer_untaught(items_of(rows, of), run)]
    known = make_examples(answers, [row.label_id for row in rows])
    if all(one.verdict != "refused" for one in answers):  # a server that was busy
        st.session_state[_KNOWN] = known_of, known
    return known


def show_what_counts(answer: Answer, key: str) -> None:
    """Say that taught pictures count, what they changed in this answer, and offer to stop it."""
    of = set_that_counts()
    if of is None:
        st.empty()  # what follows keeps its place
        return
    or_say(corrections.kept, of)
    words = "No picture in it is like this one."
    if answer.untaught is not None:
        before = answer.untaught
        said = f"{before.class_name} {before.probability:.0%}"
        if before.verdict == "not_clothing":
            said = f"not clothing, the closest is {before.class_name}"
        words = f"Without it: {said}."
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-taught"):
        st.markdown(
            f":violet-badge[:material/school: The set “{name_of(of)}” counts] {words}",
            width="content",
        )
        button("Switch off", f"{key}-untaught", switch, None, **_LIKE_TEXT)


def offer_to_count(of: str, key: str) -> None:
    """A button that lets a set count from the next picture on, while it does not."""
    if set_that_counts() != of:
        button("Let it teach from now on", f"{key}-teach", switch, of, **_LIKE_TEXT)


def show_effect(rows: list[Row], of: str, run: Run) -> None:
    """How many of the taught pictures, each left out in turn, and of the test images are right."""
    answered = answer_untaught(items_of(rows, of), run)
    answers, labels = [one.answer for one in answered], [row.label_id for row in rows]
    n, before, after = teaching.leave_one_out(answers, labels)
    if not n:
        st.caption(TEACHES_NOTHING)
        return
    untaught = loading.evaluate(run)
    with st.container(horizontal=True):
        number(
            f"Taught pictures (n = {n})",
            f"{before} → {after} right",
            words="Each is left out in turn and answered with what the others teach. They were "
            "saved because an answer was wrong, so this says little about other pictures.",
        )
        number(
            f"Test images (n = {untaught.n:,})",
            f"{untaught.accuracy:.2%}, unchanged",
            words="The network is not changed, and images of the dataset neither teach nor are "
            "taught.",
        )


def forget_set() -> None:
    """Look at the set without a name again."""
    _look_at("")


def take_set(key: str, box: str | None = None) -> str:
    """The set that the box of that key shows, from now on in all places of the page.

    box: the key under which it was drawn, which is a former one where a name was refused since
    """
    chosen = st.session_state.get(_SET, "")
    # None once the set has changed, from here or elsewhere
    shown = st.session_state.get(box or _box(key))
    if isinstance(shown, str) and shown != name_of(chosen):
        name = shown.strip()
        chosen = "" if name == UNNAMED else name
        _look_at(chosen)
    return chosen


def _look_at(of: str) -> None:
    """Look at a set, in boxes that show it from the start.

    A box that is told what to show while it is drawn may not hear of it, where a click ends that
    run of the page.
    """
    st.session_state.update({_SET: of, _TIMES: st.session_state.get(_TIMES, 0) + 1})


def _box(key: str) -> str:
    return f"{key}-{st.session_state.get(_TIMES, 0)}"


def choose_set(key: str, new: bool = False) -> str | None:
    """Let a set be chosen, or with `new` a name for another; None, with the reason, for a bad one.

    The choice is the same in all places of the page.
    """
    if (names := or_say(corrections.list_sets)) is None:
        return None
    chosen = st.session_state.get(_SET, "")
    options = [UNNAMED, *sorted({*names, chosen} - {""})]
    st.selectbox(
        "Set",
        options,
        options.index(name_of(chosen)),
        key=_box(key),
        on_change=then_draw_all,
        args=(take_set, key, _box(key)),
        accept_new_options=new,
        help="Type a name to begin a set of your own." if new else None,
    )
    if or_say(corrections.directory, chosen) is None:
        forget_set()
        return None
    return chosen


def button(label: str, key: str, change: Callable, *arguments, **how) -> None:
    """Show a button that calls `change` before the page is drawn, and then draws all of it.

    Another change that comes with the click or soon after it ends that run of the page; what is
    done only where the page reaches the button would then be forgotten.
    """
    st.button(label, key=key, on_click=then_draw_all, args=(change, *arguments), **how)


def then_draw_all(change: Callable, *arguments) -> None:
    """Do it, or leave why not, and draw the whole page: sets and numbers stand elsewhere, too."""
    try:
        change(*arguments)
    except FmnistError as error:
        st.session_state[_SAID] = str(error)
    st.rerun()


def show_said() -> None:
    """Show once why the last click changed nothing."""
    if said := st.session_state.pop(_SAID, ""):
        st.error(said)
