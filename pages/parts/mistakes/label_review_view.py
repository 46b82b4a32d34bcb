"""The review of labels: an image and two classes, without saying which is whose."""

import streamlit as st

from fmnist.collections import label_review, notes
from fmnist.collections.label_review import LabelReview, adjust_accuracy
from fmnist.collections.notes import CANNOT_TELL, Vote
from fmnist.data import CLASS_NAMES
from fmnist.errors import NotesError
from fmnist.runs.run import Run
from pages.parts.mistakes.blind_image import WIDTH, blind_image
from pages.parts.shared import loading
from pages.parts.shared.numbers import number

SEEN = "court_seen"  # what this visitor has voted on: indices with the answers they stood against


def show(run: Run) -> None:
    """Show the next case and what the votes amount to."""
    st.markdown(
        "Where network and label disagree, one of them is wrong. What do you see? You are not told "
        "which class is the label's. Votes are kept on the computer that runs this studio."
    )
    seen = st.session_state.setdefault(SEEN, set())
    case = next((case for case in _cases(run) if (case.index, case.answer) not in seen), None)
    if case is None:
        st.success("You have voted on every image that this run contradicts. Thank you.")
    else:
        _case(case)
    _result(run)


def _case(case: LabelReview) -> None:
    with st.container(horizontal=True, gap="medium"):  # at the top, so that no button moves
        blind_image(case.index)
        with st.container(width=WIDTH):
            for at, class_id in enumerate(case.shown):
                st.button(
                    CLASS_NAMES[class_id],
                    key=f"court-{at}-{case.index}",  # a second click meets no other case
                    width="stretch",
                    on_click=_vote,
                    args=(case, class_id),
                )
            st.button(
                "Can't tell",
                key=f"court-none-{case.index}",
                width="stretch",
                on_click=_vote,
                args=(case, CANNOT_TELL),
            )


def _vote(case: LabelReview, choice: int) -> None:
    if (case.index, case.answer) in st.session_state[SEEN]:
        return
    try:
        notes.add_vote(Vote(case.index, case.label, case.answer, choice))
    except NotesError as error:
        st.toast(str(error))
        return
    st.session_state[SEEN].add((case.index, case.answer))


def _result(run: Run) -> None:
    given = notes.votes()
    if not given:
        return
    answers = loading.predictions(run).argmax(axis=1)
    result = adjust_accuracy(answers, loading.test_part().labels, given)
    low, high = result.interval
    with st.container(horizontal=True):
        number(
            "Images reviewed",
            f"{result.reviewed:,}",
            f"{len(given):,} vote{'s' * (len(given) != 1)} in total",
        )
        number("For the label", f"{result.for_label:,}", "the network was wrong")
        number("For the network", f"{result.for_answer:,}", "the label was wrong")
        number("Undecided", f"{result.undecided:,}", "they stay mistakes")
        number(
            "Adjusted accuracy",
            f"{result.accuracy:.2%}",
            f"95 % interval {low:.2%} to {high:.2%}",
            "Reviewed images count as people decided, all others as the dataset labels them. Only "
            "images that the run contradicts are reviewed, so votes can raise it, never lower it.",
        )
    st.download_button(
        "Votes as CSV",
        notes.votes_csv,
        "votes.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


@loading.cache_of_run("test.npz")
def _cases(run: Run) -> list[LabelReview]:
    """The images for the review of labels; see `label_review.find_disputed_labels`."""
    return label_review.find_disputed_labels(loading.predictions(run), loading.test_part().labels)
