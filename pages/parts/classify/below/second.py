"""Two networks on one picture: their answers side by side, and where they differ."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from fmnist.data import CLASS_NAMES
from fmnist.inference.answer import Answer
from fmnist.metrics.comparison import describe_two_answers
from fmnist.runs.library import list_usable_runs, quote_run, run_title
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.answer_view import NAMES
from pages.parts.shared.model_picker import choose_run
from pages.parts.shared.widgets import literal, show_bars, show_pixels

# what a run was given and what it answers, (28, 28) uint8 and (10,), or two None and why not
Answered = tuple[np.ndarray | None, np.ndarray | None, str]


def offer_answer(answer: Answer, picture: bytes, run: Run, key: str) -> None:
    """Offer to answer a picture by another network as well; nothing where there is no answer."""
    if answer.pixels is None:
        return

    def ask(of: Run) -> Answered:
        # with the options that the answer was found with, so that both see the same
        alone = (answer if of is run else loading.answer(picture, of, answer.options)).alone
        return alone.pixels, alone.probabilities, alone.message

    left_out = [f"the {NAMES[answer.second.kind].lower()}"] if answer.second else []
    left_out += ["taught pictures"] if answer.untaught else []
    _offer(ask, run, key, f"Neither answer uses {' or '.join(left_out)}." if left_out else "")


def offer_test_image(index: int, run: Run, key: str) -> None:
    """Offer to answer test image `index` by another network as well."""
    pixels = loading.test_part().images[index]
    _offer(lambda other: (pixels, loading.predictions(other)[index], ""), run, key)


def _offer(ask: Callable[[Run], Answered], run: Run, key: str, note: str = "") -> None:
    with st.expander("Compare with another network", key=f"{key}-second", on_change="rerun") as box:
        if not box.open:
            return
        others = [other for other in list_usable_runs() if other.name != run.name]
        if not others:
            st.info("There is no other network yet; train one.")
            return
        other = choose_run("The other network", others, key="second_network")
        answered = [ask(run), ask(other)]
        first, second = (probabilities for _, probabilities, _ in answered)
        if first is not None and second is not None:
            names = quote_run(run), quote_run(other)
            st.markdown(describe_two_answers(first, second, names, CLASS_NAMES))
        for place, of, (pixels, probabilities, message) in zip(
            st.columns(2), (run, other), answered, strict=True
        ):
            with place:
                st.markdown(f"**{literal(run_title(of))}**")
                if pixels is None or probabilities is None:
                    st.info(message)
                    continue
                show_pixels(pixels, 3, "What this network is given")
                show_bars(probabilities, f"Probabilities of the ten classes by {quote_run(of)}")
        if note:
            st.caption(note)
