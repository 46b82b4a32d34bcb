"""How an answer is shown: in words, as the 28x28 picture that was classified, and as ten bars."""

from collections.abc import Callable

import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.images.display import data_uri, enlarge
from fmnist.inference.answer import Answer
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.inside.network_view import offer_inside, show_inside
from pages.parts.shared.why_view import show_why
from pages.parts.shared.widgets import show_bars

HEADLINES = {"confident": "Confident", "unsure": "Not sure", "not_clothing": "Not clothing"}
NAMES = {"photo": "Photo network", "drawing": "Drawing network"}  # by what they are asked about

CALIBRATED = (
    "The probability is calibrated, where a temperature was fitted on the validation images: about "
    "80 % of the answers with 80 % are right, for pictures like the dataset's. “When unsure” in "
    "the report says whether one was, and above which probability an answer is confident."
)
TOGETHER = (
    "The probability of both networks together, which is not calibrated. Of people's photos and "
    "icons 97 % of the confident answers were right, of their doodles 93 %."
)
TAUGHT = (
    "The probability after the taught pictures have counted, which is not calibrated: a picture "
    "that looks like one of them gets a share of its class."
)


def show_answer(
    answer: Answer, key: str | None, brief: bool = False, photo: Callable[[], bytes] | None = None
) -> None:
    """Show the answer for one picture; a refusal or an empty picture is one sentence.

    key: starts the keys of what can be opened below; None where the next answer comes soon
    brief: without what stands below the bars
    photo: gives the picture, as a photo network is shown it
    """
    if answer.verdict == "refused":
        st.error(answer.message, icon=":material/block:")
        return
    if answer.verdict == "nothing_found":
        st.info(answer.message, icon=":material/image_search:")
        return
    factor = 5 if key else 4  # below a camera's picture, a phone has room for the name beside it
    # the name first: on a phone the upper edge is what can be seen while one draws
    with st.container(horizontal=True, gap="small"):
        st.image(
            # in the page itself: the next frame would have its file forgotten on its way
            data_uri(enlarge(answer.pixels, factor)),
            width=28 * factor,
            caption="What the network is given: 28 × 28",
            alt="The 28 by 28 pixel picture that the network is given",
        )
        with st.container(width="content"):
            known = answer.verdict != "not_clothing"
            st.metric(
                HEADLINES[answer.verdict],
                answer.class_name if known else "None of the ten",
                f"{answer.probability:.1%}" if known else f"closest: {answer.class_name}",
                delta_color="off",
                delta_arrow="off",
                help=TAUGHT if answer.untaught else TOGETHER if answer.second else CALIBRATED,
            )
    if key is None:
        show_bars(answer.probabilities, "Probabilities of the ten classes")
        return
    offer_inside(key)  # not beside the picture: on a phone the name would go below it
    if answer.tip:
        st.caption(f"I can't tell: this doesn't look like my training pictures. {answer.tip}")
    show_bars(answer.probabilities, "Probabilities of the ten classes")
    if brief:
        return
    if answer.second:
        _show_both(answer)
    show_agreement(answer)
    asked = answer.second is not None and answer.second.kind == "photo"
    show_why(answer.pixels, answer.class_id, key, photo if asked else None)


def with_second_network() -> str:
    """Words to say that a second network is asked as well; empty where none is."""
    return " with a second network" if loading.asks_second_network() else ""


def choose_second_network() -> None:
    """Offer the switch that leaves the second networks out."""
    st.toggle(
        "Ask a second network, too",
        value=True,
        key=loading.SECOND_NETWORK,
        persist_state="session",
        help="Photos are also shown to EfficientNet-Lite0, which Google trained on the 1.2 million "
        "photographs of ImageNet. It knows kinds of clothing by name and has no word for a shirt; "
        "where a name fits several classes, the Fashion-MNIST network decides between them. "
        "Drawings are also shown to a network that learnt from drawn training images alone. "
        "Neither counts for images of the dataset, enlarged ones included, nor where you choose "
        "another method of preprocessing. The numbers on the other pages are the Fashion-MNIST "
        "network's own.",
    )


def _show_both(answer: Answer) -> None:
    """Show what each network says, what they say together, and what teaching makes of it."""
    second = answer.second
    # of what it takes for clothing, as the others know nothing else
    share = second.probability / max(second.clothing, 1e-9)
    words = f"{second.class_name} {share:.0%} | clothing: {second.clothing:.0%}"
    rows = [
        ("Fashion-MNIST network", _guess(answer.alone)),
        (NAMES[second.kind], words),
        ("**Together**", _guess(answer.untaught or answer)),
    ]
    if answer.untaught:
        rows.append(("**With what was taught**", _guess(answer)))
    lines = [f"| {who} | {said} |" for who, said in rows]
    st.markdown("\n".join(["| Network | Best guess | How sure |", "| --- | --- | --- |", *lines]))


def _guess(said: Answer) -> str:
    return f"{said.class_name} {said.probability:.0%} | {HEADLINES[said.verdict].lower()}"


def show_agreement(answer: Answer) -> None:
    """Say in how many TTA variants of the input the Fashion-MNIST network says the same."""
    names = answer.tta.variants
    if len(names) < 2:
        return
    said = answer.alone.class_name
    guesses = [CLASS_NAMES[best] for best in answer.tta.by_variant[0].argmax(axis=1)]
    agreeing = round(answer.agreement * len(names))
    others = [
        f"{name}: {guess}" for name, guess in zip(names, guesses, strict=True) if guess != said
    ]
    more = answer.second or answer.untaught
    words = f"Fashion-MNIST network: {said}" if more else "same answer"
    words += f" in {agreeing} of {len(names)} variants"
    st.caption(
        words + (f" ({'; '.join(others)})" if others else ""),
        help=f"The picture is classified {len(names)} times and the probabilities are "
        f"averaged (test-time augmentation): {'; '.join(names)}. Where the variants differ, the "
        "answer is uncertain.",
    )


def show_picture(row, factor: int, answered: str, more: str = "", confidence: str = "") -> None:
    """Show a test image enlarged, with its index, label and answer.

    row: of `answers_table`; answered: what stands before the answer, `confidence` behind it; more:
    what stands below.
    """
    index, true, predicted = int(row["index"]), int(row["true"]), int(row["predicted"])
    st.image(
        # in the page itself: the next image would have its file forgotten while it is on its way
        data_uri(enlarge(loading.test_part().images[index], factor)),
        width=28 * factor,
        alt=f"Test image {index}, labelled {CLASS_NAMES[true]}",
    )
    right = ":green-badge[right]" if true == predicted else ":orange-badge[wrong]"
    st.markdown(
        f"**Test image {index}**  \nLabel: {CLASS_NAMES[true]}  \n"
        f"{answered}: {CLASS_NAMES[predicted]}{confidence} {right}{more}"
    )


def show_test_image(row, run: Run, key: str) -> None:
    """Show one test image large with the run's ten probabilities; row of `answers_table`."""
    index, true, predicted = int(row["index"]), int(row["true"]), int(row["predicted"])
    picture, bars = st.columns([1, 2], vertical_alignment="center")
    with picture:
        confidence = f" ({row['confidence']:.1%})"
        show_picture(row, 10, "Answer", f"  \nLoss: {max(0, row['loss']):.3f}", confidence)
        offer_inside(key)
    with bars:
        alt = "Probabilities of the ten classes for the test image beside it"
        show_bars(loading.predictions(run)[index], alt, true)
        same = true == predicted
        st.caption("Teal: the correct answer." if same else "Teal: the answer. Orange: the label.")
    pixels = loading.test_part().images[index]
    show_inside(pixels, run, key)
    show_why(pixels, predicted, key)
