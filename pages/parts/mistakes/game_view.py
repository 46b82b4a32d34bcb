"""Beat the network: ten hard images, against the clock and the chosen run."""

import time

import numpy as np
import streamlit as st

from fmnist.collections.game import ROUND, draw_round
from fmnist.collections.label_review import LabelReview
from fmnist.data import CLASS_NAMES
from fmnist.images.display import data_uri, enlarge
from fmnist.runs.library import quote_run, run_title
from fmnist.runs.run import Run
from pages.parts.mistakes.blind_image import ask
from pages.parts.shared import loading
from pages.parts.shared.widgets import number

GAME = "game"  # key of this visitor's round


def show(run: Run) -> None:
    """Show the round of this visitor, or how to begin one."""
    game = st.session_state.get(GAME)
    begin = {"on_click": _begin, "args": (run, loading.predictions(run))}
    if game is None or game["run"] != run.name:
        st.markdown(
            f"{ROUND} images that are hard for {quote_run(run)}; it gets half of them wrong. "
            "Choose one of two classes for each. The clock starts with the first image."
        )
        st.button("Begin", type="primary", key="game-begin", **begin)
        return
    at = len(game["choices"])
    if at < len(game["turns"]):
        _turn(game["turns"][at], at, len(game["turns"]))
    else:
        _result(game, run, begin)


def _begin(run: Run, predictions: np.ndarray) -> None:
    turns = draw_round(predictions, loading.test_part().labels, seed=time.time_ns() % 2**32)
    st.session_state[GAME] = {
        "run": run.name,
        "turns": turns,
        "choices": [],
        "began": time.monotonic(),
        "took": None,
    }


def _turn(turn: LabelReview, at: int, count: int) -> None:
    st.progress(at / count, text=f"Image {at + 1} of {count}")
    keys = {f"game-{at}-{place}": class_id for place, class_id in enumerate(turn.shown)}
    ask(turn.index, keys, _choose, at)


def _choose(class_id: int, at: int) -> None:
    game = st.session_state[GAME]
    if at != len(game["choices"]):
        return  # a second click on the same picture
    game["choices"].append(class_id)
    if len(game["choices"]) == len(game["turns"]):
        game["took"] = time.monotonic() - game["began"]


def _result(game: dict, run: Run, begin: dict) -> None:
    turns, choices = game["turns"], game["choices"]
    mine = sum(turn.label == choice for turn, choice in zip(turns, choices, strict=True))
    its = sum(turn.label == turn.answer for turn in turns)
    winner = "You win." if mine > its else f"{quote_run(run)} wins."
    st.header("A draw." if mine == its else winner)
    with st.container(horizontal=True):
        number("You", f"{mine} of {len(turns)}", f"{game['took']:.1f} seconds")
        number(run_title(run), f"{its} of {len(turns)}", "a few milliseconds")
    images = loading.test_part().images
    st.dataframe(
        [
            {
                "picture": data_uri(enlarge(images[turn.index], 3)),
                "label": CLASS_NAMES[turn.label],
                "you": CLASS_NAMES[choice],
                "run": CLASS_NAMES[turn.answer],
                "index": turn.index,
            }
            for turn, choice in zip(turns, choices, strict=True)
        ],
        column_config={
            "picture": st.column_config.ImageColumn("Picture", width=80),
            "label": "Label",
            "you": "You",
            "run": run_title(run),
            "index": "Test image",
        },
        row_height=72,
        hide_index=True,
        height="content",
        alt="The images of the round with the label and both answers",
    )
    st.button("Another round", type="primary", key="game-again", **begin)
