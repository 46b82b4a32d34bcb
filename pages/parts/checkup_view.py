"""The check-up: what about the 28x28 pixels is unlike the dataset's, with a remedy to click."""

from functools import partial

import streamlit as st

from fmnist import remedies
from fmnist.answers import Answer
from fmnist.checkup import Finding, examine
from fmnist.choices import Choices
from fmnist.images import decode
from fmnist.runs import Run
from pages.parts import hands_controls, loading

HELP = (
    "Compared with the 60,000 training images: black corners, size and place in the frame, which "
    "way shoes point, and what share of its box, what shape and what brightness the answered "
    "class usually has."
)


def show_checkup(
    answer: Answer, picture: bytes, run: Run, key: str, subject: str, choices: Choices
) -> None:
    """Show what is off about the pixels that were classified, and what helps against it."""
    found = _findings(answer, run)
    if found is None:
        return
    if not found:
        text = ":green[:material/check_circle:] **Check-up:** Looks like the dataset's images."
        st.markdown(text, help=HELP)
        return
    st.markdown(":orange[:material/healing:] **Check-up**", help=HELP)
    offered = set()
    for finding in found:
        remedy = _remedy(finding, found, answer, picture, run, choices)
        if remedy is None or remedy.choices in offered:
            st.markdown(finding.sentence)
            continue
        offered.add(remedy.choices)
        then = loading.answer(picture, run, remedy.choices).message
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{finding.sentence} :gray[With the remedy: {then}]", width=320)
            st.button(
                remedy.label,
                icon=":material/healing:",
                key=f"{key}-remedy-{finding.name}",
                on_click=hands_controls.choose,
                args=(key, subject, remedy.choices),
            )


def _findings(answer: Answer, run: Run) -> list[Finding] | None:
    """The findings about an answer; None where there are no pixels to look at."""
    if answer.prepared is None or answer.prepared.pixels is None or answer.class_id is None:
        return None
    return examine(answer.prepared.pixels, answer.class_id, loading.classifier(run))


def _remedy(
    finding: Finding,
    before: list[Finding],
    answer: Answer,
    picture: bytes,
    run: Run,
    choices: Choices,
) -> remedies.Remedy | None:
    proposed = remedies.candidates(finding, choices, answer.prepared, _size(picture))
    return remedies.first_that_helps(
        finding, proposed, before, partial(_findings_with, picture, run)
    )


def _findings_with(picture: bytes, run: Run, choices: Choices) -> list[Finding] | None:
    return _findings(loading.answer(picture, run, choices), run)


@st.cache_data(max_entries=16, show_spinner=False, scope="session")
def _size(picture: bytes) -> tuple[int, int]:
    """Width and height of the decoded picture."""
    return decode(picture).size
