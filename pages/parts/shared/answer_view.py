"""How an answer is shown: in words, as the 28x28 picture that was classified, and as ten bars."""

import re

import numpy as np
import streamlit as st

from fmnist.charts.common import probability_spec, probability_table
from fmnist.data import CLASS_NAMES
from fmnist.images.display import enlarge
from fmnist.inference.answer import Answer
from pages.parts.shared.why_view import show_why

HEADLINES = {"confident": "Confident", "unsure": "Not sure", "not_clothing": "Not clothing"}


def show_answer(answer: Answer, key: str) -> None:
    """Show the answer for one picture; a refusal or an empty picture is one sentence."""
    if answer.verdict == "refused":
        st.error(answer.message, icon=":material/block:")
        return
    if answer.verdict == "nothing_found":
        st.info(answer.message, icon=":material/image_search:")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        show_network_view(answer.pixels)
        with st.container(width="content"):
            known = answer.verdict != "not_clothing"
            st.metric(
                HEADLINES[answer.verdict],
                answer.class_name if known else "None of the ten",
                f"{answer.probability:.1%}" if known else f"closest: {answer.class_name}",
                delta_color="off",
                delta_arrow="off",
                help="The probability is calibrated on validation images: of the answers with 80 % "
                "about 80 % are right, for pictures like the dataset's. The Report page says from "
                "which probability on an answer counts as confident.",
            )
    show_agreement(answer)
    st.vega_lite_chart(
        probability_table(answer.probabilities),
        probability_spec(),
        key=f"{key}-bars",
        # the same words for every answer: others would draw the chart anew, not just its data
        alt="Probabilities of the ten classes",
    )
    show_why(answer.pixels, answer.class_id, key)


def literal(text: str) -> str:
    """A sentence that may quote a file, for where Markdown is read: nothing in it means anything.

    Source: CommonMark 0.31, section 2.4: any ASCII punctuation may stand behind a backslash.
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def show_agreement(answer: Answer) -> None:
    """Say in how many TTA variants of the input the answer is the same, where there are several."""
    names = answer.tta.variants
    if len(names) < 2:
        return
    guesses = [CLASS_NAMES[best] for best in answer.tta.by_variant[0].argmax(axis=1)]
    agreeing = round(answer.agreement * len(names))
    others = [
        f"{name}: {guess}"
        for name, guess in zip(names, guesses, strict=True)
        if guess != answer.class_name
    ]
    words = f"same answer in {agreeing} of {len(names)} variants"
    st.caption(
        words + (f" ({'; '.join(others)})" if others else ""),
        help=f"The picture is classified {len(names)} times and the probabilities are "
        f"averaged (test-time augmentation): {', '.join(names)}. Where they differ, the network is "
        "guessing.",
    )


def show_network_view(pixels: np.ndarray) -> None:
    """Show (28, 28) uint8 as the network was given it, pixel by pixel."""
    st.image(
        enlarge(pixels, 5),
        width=140,
        caption="What the network is given: 28 × 28",
        alt="The 28 by 28 pixel picture that the network is given",
    )


def show_test_image(pixels: np.ndarray, row, probabilities: np.ndarray, key: str) -> None:
    """Show one test image large, with its index, its label and the run's ten probabilities.

    row: its row of `mistakes.answers_table`.
    """
    index, true, predicted = int(row["index"]), int(row["true"]), int(row["predicted"])
    picture, bars = st.columns([2, 3], vertical_alignment="center", gap="medium")
    with picture:
        st.image(
            enlarge(pixels, 10),
            width=280,
            alt=f"Test image {index}, labelled {CLASS_NAMES[true]}",
        )
        right = ":green-badge[right]" if true == predicted else ":orange-badge[wrong]"
        st.markdown(
            f"**Test image {index}**  \nLabel: {CLASS_NAMES[true]}  \n"
            f"Answer: {CLASS_NAMES[predicted]} ({row['confidence']:.1%}) {right}  \n"
            f"Loss: {row['loss']:.3f}"
        )
    with bars:
        st.vega_lite_chart(
            probability_table(probabilities, true),
            probability_spec(),
            key=f"{key}-bars",
            alt="Probabilities of the ten classes for the test image beside it",
        )
        st.caption("Teal: the answer. Orange: the true class.")
    show_why(pixels, predicted, key)
