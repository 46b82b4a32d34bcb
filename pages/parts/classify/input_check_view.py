"""The input check: how the 28x28 pixels differ from the dataset's, and what helps."""

import numpy as np
import streamlit as st

from fmnist.images.input_check import InputIssue, check_input
from fmnist.images.options import PreprocessingOptions
from fmnist.images.suggestions import find_helpful_suggestion, suggest_options
from fmnist.inference.answer import Answer
from fmnist.runs.run import Run
from pages.parts.classify import preprocessing_controls, taught
from pages.parts.shared import loading

HELP = (
    "Compared with the published training part: black corners, size and place in the frame, which "
    "way shoes point, and the usual area, shape and brightness of the predicted class."
)


def show_input_check(
    answer: Answer, picture: bytes, run: Run, key: str, subject: str, options: PreprocessingOptions
) -> None:
    """Show what is unusual about the pixels that were classified, and what helps against it."""

    def issues_with(options: PreprocessingOptions) -> list[InputIssue] | None:
        return _issues(taught.answer(picture, run, options), run)

    issues = _issues(answer, run)
    if issues is None:
        return
    if not issues:
        words = "**Input check:** no problem found in the 28 × 28 pixels."
        st.markdown(f":green[:material/check_circle:] {words}", help=HELP)
        return
    st.markdown(":orange[:material/healing:] **Input check**", help=HELP)
    offered, size = set(), loading.decoded(picture).size
    for issue in issues:
        proposed = suggest_options(issue, options, answer.preprocessed, size)
        suggestion = find_helpful_suggestion(issue, proposed, issues, issues_with)
        if suggestion is None or suggestion.options in offered:
            st.markdown(issue.sentence)
            continue
        offered.add(suggestion.options)
        then = _in_short(taught.answer(picture, run, suggestion.options))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{issue.sentence} :gray[if {suggestion.condition}: {then}]", width=320)
            st.button(
                suggestion.label,
                icon=":material/healing:",
                key=f"{key}-suggestion-{issue.name}",
                on_click=preprocessing_controls.choose,
                args=(key, subject, suggestion.options),
            )


def _in_short(answer: Answer) -> str:
    if answer.verdict == "not_clothing":
        return f"none of the ten, closest is {answer.class_name}"
    guess = f"{answer.class_name} {answer.probability:.0%}".replace("%", " %")
    return guess if answer.verdict == "confident" else f"{guess}, else {answer.second_class_name}"


def _issues(answer: Answer, run: Run) -> list[InputIssue] | None:
    """The issues with an answer's pixels; None where there are no pixels."""
    if answer.pixels is None:
        return None
    mirrored, _ = loading.classifier(run)(np.ascontiguousarray(answer.pixels[np.newaxis, :, ::-1]))
    return check_input(answer.pixels, answer.class_id, int(mirrored[0].argmax()))
