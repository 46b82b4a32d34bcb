"""Label review: an image and two classes, without saying which one is the label."""

from collections import Counter

import streamlit as st

from fmnist import access
from fmnist.collections import label_review, notes
from fmnist.collections.label_review import LabelReview, adjust_accuracy
from fmnist.collections.notes import CANNOT_TELL, Vote
from fmnist.errors import FmnistError
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from pages.parts.mistakes.blind_image import ask
from pages.parts.shared import loading
from pages.parts.shared.widgets import download, number

LAST = "review_last"  # this visitor's last vote, until it is taken back
SEEN = "review_seen"  # what this visitor has voted on: indices with the answers they stood against


def show(run: Run) -> None:
    """Show the next case and what the votes amount to."""
    st.markdown(
        "The network and the label disagree about this image. Which class do you see? You are not "
        "shown which one is the label. Votes are saved on the computer that runs this studio."
    )
    if not access.may_change():
        st.info("This app is open to the public: only its owner votes here.")
        _result(run)
        return
    seen = st.session_state.setdefault(SEEN, set())
    votes = Counter((vote.index, vote.answer) for vote in notes.votes())
    unseen = [case for case in _cases(run) if (case.index, case.answer) not in seen]
    # of those with the fewest votes the first: who comes back goes on where they were
    case = min(unseen, key=lambda case: votes[case.index, case.answer], default=None)
    if case is None:
        st.success("You have voted on all images of this run. Thank you.")
    else:
        _case(case)
    if LAST in st.session_state:
        st.button("Undo the last vote", icon=":material/undo:", type="tertiary", on_click=_undo)
    _result(run)


def _case(case: LabelReview) -> None:
    # keys of this case alone: a second click meets no other one
    keys = {f"review-{at}-{case.index}": class_id for at, class_id in enumerate(case.shown)}
    ask(case.index, {**keys, f"review-none-{case.index}": CANNOT_TELL}, _vote, case)


def _vote(choice: int, case: LabelReview) -> None:
    if (case.index, case.answer) in st.session_state[SEEN]:
        return
    try:
        st.session_state[LAST] = notes.add_vote(Vote(case.index, case.label, case.answer, choice))
    except FmnistError as error:
        st.toast(str(error))
        return
    st.session_state[SEEN].add((case.index, case.answer))


def _undo() -> None:
    if (vote := st.session_state.get(LAST)) is None:
        return  # a second click
    try:
        notes.take_back_vote(vote)
    except FmnistError as error:
        st.toast(str(error))
        return
    del st.session_state[LAST]
    st.session_state[SEEN].discard((vote.index, vote.answer))


def _result(run: Run) -> None:
    given = notes.votes()
    if not given:
        return
    result = adjust_accuracy(
        loading.predictions(run).argmax(axis=1), loading.test_part().labels, given
    )
    low, high = result.interval
    with st.container(horizontal=True):
        number(
            "Images reviewed",
            f"{result.reviewed:,}",
            f"{count_text(len(given), 'vote')} in total",
        )
        number("For the label", f"{result.for_label:,}", "the network was wrong")
        number("For the network", f"{result.for_answer:,}", "the label was wrong")
        number("Undecided", f"{result.undecided:,}", "still counted as wrong")
        number(
            "Adjusted accuracy",
            f"{result.accuracy:.2%}",
            f"95 % interval {low:.2%} to {high:.2%}",
            "For reviewed images the majority's class counts, for all others the dataset's label. "
            "Only images that the run gets wrong are reviewed, so votes cannot lower it.",
        )
    download("Votes as CSV", notes.votes_csv, "votes.csv", "text/csv")


@loading.cache_of_run("test.npz")
def _cases(run: Run) -> list[LabelReview]:
    return label_review.find_disputed_labels(loading.predictions(run), loading.test_part().labels)
