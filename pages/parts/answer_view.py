"""How an answer is shown: in words, as the 28x28 picture that was classified, and as ten bars."""

import numpy as np
import streamlit as st

from fmnist.answers import CONFIDENT_FROM, Answer
from fmnist.charts import probability_chart
from fmnist.data import CLASS_NAMES
from fmnist.pictures import enlarge

HEADLINES = {"confident": "Confident", "unsure": "Not sure", "not_clothing": "Not clothing"}


def show_answer(answer: Answer, key: str) -> None:
    """Show what is said about one picture; a refusal or an empty picture is one sentence."""
    if answer.verdict == "refused":
        st.error(answer.message, icon=":material/block:")
        return
    if answer.verdict == "nothing_found":
        st.info(answer.message, icon=":material/image_search:")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        show_network_view(answer.prepared.pixels)
        with st.container(width="content"):
            st.metric(
                HEADLINES[answer.verdict],
                answer.class_name,
                f"{answer.probability:.1%}",
                delta_color="off",
                delta_arrow="off",
                help=f"Called confident from a probability of {CONFIDENT_FROM:.0%} on. The "
                "probabilities are the network's own (softmax) and often too high: they say which "
                "class is more likely, not how often the answer is right.",
            )
    st.altair_chart(
        probability_chart(answer.probabilities),
        key=f"{key}-bars",
        alt=f"Probabilities of the ten classes; {answer.message}",
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
        st.altair_chart(
            probability_chart(probabilities, true=true),
            key=f"{key}-bars",
            alt=f"Probabilities of the ten classes for test image {index}; "
            f"the answer is {CLASS_NAMES[predicted]}, the label {CLASS_NAMES[true]}",
        )
        st.caption("Teal: the answer. Orange: the true class.")
