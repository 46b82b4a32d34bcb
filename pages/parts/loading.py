"""What a page needs of a run, loaded once and shared by all sessions.

Every cache is keyed by folder and file hash, so that a run that was trained again is read again.
What is returned is shared between sessions: do not change it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fmnist import charts, curves, data, evaluation, history, mistakes, runs
from fmnist import classifier as classifiers
from fmnist.answers import Answer, answer_bytes
from fmnist.choices import AUTO, Choices
from fmnist.classifier import Classifier
from fmnist.data import Part
from fmnist.errors import FmnistError
from fmnist.evaluation import Evaluation
from fmnist.images import decode
from fmnist.preparation import Step, prepare
from fmnist.runs import Run

RUNS_KEPT = 8  # a network takes some 5 MB, predictions and table 1 MB


def test_part() -> Part:
    """The 10,000 test images and labels; stops the page with one sentence where they are not."""
    try:
        return data.load("test")
    except FmnistError as error:
        st.error(str(error))
        st.stop()


def classifier(run: Run) -> Classifier:
    """The run's network, ready to classify; stops the page with one sentence where it is not."""
    try:
        return _classifier(str(run.path), network_key(run), run)
    except FmnistError as error:
        st.error(str(error))
        st.stop()


def predictions(run: Run) -> np.ndarray:
    """The run's stored probabilities (10000, 10); stops the page where they are damaged."""
    try:
        return _predictions(str(run.path), run.files["test.npz"], run)
    except FmnistError as error:
        st.error(str(error))
        st.stop()


def evaluate(run: Run) -> Evaluation:
    """The run judged by its stored predictions."""
    labels = test_part().labels
    return _evaluation(str(run.path), run.files["test.npz"], predictions(run), labels)


def answers_table(run: Run) -> pd.DataFrame:
    """One row per test image: see `mistakes.answers_table`."""
    labels = test_part().labels
    return _answers_table(str(run.path), run.files["test.npz"], predictions(run), labels)


def answer(picture: bytes, run: Run, choices: Choices = AUTO) -> Answer:
    """The answer for a picture's bytes, remembered during the visit; without the steps."""
    return _answer(picture, str(run.path), network_key(run), choices, classifier(run))


def network_key(run: Run) -> str:
    """What changes when the run answers differently: its network's hash and its verdicts'."""
    return run.files["model.tflite"] + run.files.get("verdict.json", "")


def learning_specs(runs: list[Run], epochs: int, *, by_run: bool = False) -> dict[str, dict]:
    """Vega-Lite specifications of the accuracy and loss charts of some runs; see `charts`.

    While a training runs, every viewer's page asks once a second, and only the first one's request
    after the history has grown does the work.
    """
    return _learning_specs(tuple(history_size(run) for run in runs), epochs, by_run, runs)


def progress(run: Run) -> dict | None:
    """The newest progress event of a run; see `history.latest_progress`."""
    return _progress(history_size(run), run)


def history_size(run: Run) -> tuple[str, int]:
    """Folder and length of a run's history: what tells that there is something new in it."""
    path = run.path / "history.jsonl"
    return str(path), path.stat().st_size if path.is_file() else 0


@st.cache_resource(max_entries=32, show_spinner=False)
def _learning_specs(sizes: tuple, epochs: int, by_run: bool, _runs: list[Run]) -> dict[str, dict]:
    table = curves.curves_table(_runs)
    if table.empty:
        return {}
    return {
        measure: charts.learning_chart(table, measure, epochs, by_run).to_dict()
        for measure in ("accuracy", "loss")
    }


@st.cache_resource(max_entries=32, show_spinner=False)
def _progress(size: tuple, _run: Run) -> dict | None:
    return history.latest_progress(_run)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _classifier(path: str, network: str, _run: Run) -> Classifier:
    return classifiers.for_run(_run)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _predictions(path: str, sha256: str, _run: Run) -> np.ndarray:
    probabilities = runs.load_predictions(_run)
    probabilities.flags.writeable = False
    return probabilities


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _evaluation(path: str, sha256: str, _probabilities, _labels) -> Evaluation:
    return evaluation.evaluate(_probabilities, _labels)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _answers_table(path: str, sha256: str, _probabilities, _labels) -> pd.DataFrame:
    return mistakes.answers_table(_probabilities, _labels)


# a visitor's pictures are forgotten with the visit
@st.cache_resource(max_entries=128, show_spinner=False, scope="session")
def _answer(
    picture: bytes, path: str, network: str, choices: Choices, _classifier: Classifier
) -> Answer:
    answer = answer_bytes(picture, _classifier, choices)
    if answer.prepared is None:
        return answer
    # the pictures of the steps are a hundred times larger than the rest, and seldom looked at
    return replace(answer, prepared=replace(answer.prepared, steps=()))


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def steps(picture: bytes, choices: Choices = AUTO) -> tuple[Step, ...]:
    """The steps from a picture that was answered to its 28x28 pixels."""
    return prepare(decode(picture), choices).steps
