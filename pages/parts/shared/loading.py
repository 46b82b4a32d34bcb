"""What a page needs of a run, loaded once and shared by all sessions.

Every cache is keyed by the run's folder and by the files that the answer depends on, so that a run
that was trained again is read again. What is returned is shared between sessions: do not change it.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL.Image import Image

from fmnist import data
from fmnist.analysis import mistakes
from fmnist.analysis import training_distance as distances
from fmnist.analysis.dataset.catalogue import Catalogue, load_catalogue
from fmnist.analysis.neighbours import NearestImages, TrainingFeatures
from fmnist.analysis.training_distance import TrainingDistance
from fmnist.collections.examples import is_example
from fmnist.data import Part
from fmnist.errors import BadImage, FmnistError, ServerBusy
from fmnist.images.decoding import decode_image
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.images.pipeline import Step, preprocess_image
from fmnist.inference import classifier as classifiers
from fmnist.inference.answer import Answer, answer_image
from fmnist.inference.classifier import Classifier
from fmnist.inference.second_networks.networks import NONE, load_second_networks
from fmnist.metrics import report
from fmnist.metrics.report import Evaluation
from fmnist.runs.library import list_usable_runs
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

SECOND_NETWORK = "second_network_asked"  # the key of the switch that leaves it out
# more pictures answered at once only share the cores, and all of them are late
TURNS = threading.BoundedSemaphore(max(4, 2 * (os.cpu_count() or 1)))
PATIENCE = 10.0  # seconds that a picture waits for its turn
RUNS_KEPT = 8  # predictions and table take 1 MB; what is larger is `bounded`
DISTANCES_KEPT = 32  # of networks; 0.1 MB each
MOST_BYTES = 200 * 2**20  # of networks and features together, unless one run alone has more
# what is large: its size and how to forget it, the one used last at the end
_large: "OrderedDict[tuple, tuple[int, Callable[[], None]]]" = OrderedDict()
_large_lock = threading.Lock()


def cache_of_run(
    *files: str, entries: int = RUNS_KEPT, spinner: bool | str = False, scope: str = "global"
) -> Callable:
    """Remember what a function loads of the run, or runs, among its arguments.

    It is loaded again where one of `files` has changed: by its hash in run.json, or by its time and
    size for a file that has none there. An argument whose name begins with "_" is not looked at.
    """

    def identify(run: Run) -> tuple:
        return str(run.path), *(run.files.get(name) or stamp(run.path / name) for name in files)

    return st.cache_resource(
        max_entries=entries, show_spinner=spinner, scope=scope, hash_funcs={Run: identify}
    )


def bounded(load: Callable) -> Callable:
    """Let a function that caches things of a run with `nbytes` forget those used longest ago.

    They, and those of all such functions, have at most MOST_BYTES together. What belongs to the
    same run stays: a page would load it again at every click.
    """

    @wraps(load)
    def load_bounded(run: Run):
        # what was loaded before the run was trained on counts as another run's
        found, key = load(run), (load.__name__, str(run.path), run.files.get("model.tflite"))
        with _large_lock:
            _large[key] = found.nbytes, partial(load.clear, run)
            _large.move_to_end(key)
            for old in [one for one in _large if one[1:] != key[1:]]:
                if sum(size for size, _ in _large.values()) > MOST_BYTES:
                    _large.pop(old)[1]()
        return found

    return load_bounded


def forget_large() -> None:
    """Forget all networks and features, as nobody is there any more."""
    with _large_lock:
        while _large:
            _large.popitem()[1][1]()


def stamp(file: Path) -> tuple[int, int] | None:
    """What changes when a file does: its time and size; None without one."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def or_stop(load: Callable) -> Callable:
    """Stop the page with one sentence where something cannot be loaded."""

    @wraps(load)
    def load_or_stop(*args):
        try:
            return load(*args)
        except FmnistError as error:
            st.error(str(error))
            st.stop()

    return load_or_stop


@or_stop
def test_part() -> Part:
    """The 10,000 test images and labels."""
    return data.load("test")


@st.cache_resource(max_entries=1, show_spinner=False)
def load_validation() -> Part:
    """The 5,000 validation images and labels. Raises DatasetError."""
    return data.load_validation()


@or_stop
def catalogue() -> Catalogue:
    """All 70,000 images and labels."""
    return load_catalogue()


@or_stop
@bounded
@cache_of_run("model.tflite", "verdict.json")
def classifier(run: Run) -> Classifier:
    """The run's network, ready to classify."""
    return classifiers.load_classifier(run)


@cache_of_run("test.npz")
def _stored_predictions(run: Run) -> np.ndarray:
    """The run's stored probabilities (10000, 10)."""
    probabilities = load_predictions(run)
    probabilities.flags.writeable = False
    return probabilities


predictions = or_stop(_stored_predictions)


def readable_predictions(runs: list[Run]) -> Iterator[tuple[Run, np.ndarray]]:
    """The runs with their predictions; damaged ones are left out."""
    for run in runs:
        with suppress(FmnistError):
            yield run, _stored_predictions(run)


@cache_of_run("test.npz")
def evaluate(run: Run) -> Evaluation:
    """The run's metrics on the test images, from its stored predictions."""
    return report.evaluate_probabilities(predictions(run), test_part().labels)


def answers_table(run: Run) -> "pd.DataFrame":
    """One row per test image: see `mistakes.answers_table`."""
    # which runs there are is asked at every click, what they answered only when that has changed
    return _answers_table(run, list_usable_runs(), training_distance(run) is not None)


@cache_of_run("test.npz")
def _answers_table(run: Run, others: list[Run], measured: bool) -> "pd.DataFrame":
    answers = [stored.argmax(axis=1) for _, stored in readable_predictions(others)]
    to_training = training_distance(run).distances if measured else None
    return mistakes.answers_table(predictions(run), test_part(), answers, to_training)


def training_distance(run: Run) -> TrainingDistance | None:
    """The distance of each test image to the run's training images; None before it is measured."""
    known = _known_distance(run)
    if not known and (kept := distances.read_training_distance(run, len(test_part().labels))):
        known.append(kept)
    return known[0] if known else None


def store_training_distance(run: Run, found: TrainingDistance) -> None:
    """Store what was measured, in memory and in the run's cache."""
    _known_distance(run)[:] = [found]
    distances.write_training_distance(run, found)


@cache_of_run("model.tflite", entries=DISTANCES_KEPT)
def _known_distance(run: Run) -> list[TrainingDistance]:
    """One distance, or none before it is measured."""
    return []


@or_stop
@bounded
@cache_of_run("model.tflite", spinner="Reading the training images")
def training_features(run: Run) -> TrainingFeatures:
    """The features of what a run learnt from, computed or not; see `TrainingFeatures.advance`."""
    return TrainingFeatures(run, classifier(run))


@bounded
@cache_of_run("model.tflite", spinner="Classifying the test images for their features")
def relations(run: Run) -> NearestImages:
    """The features of the test images, and the nearest of them."""
    return NearestImages(classifier(run)(test_part().images)[1])


def asks_second_network() -> bool:
    """Whether a second network is asked as well, or the visitor leaves it out."""
    return bool(st.session_state.get(SECOND_NETWORK, True))


def answer(picture: bytes, run: Run, options: PreprocessingOptions = AUTO) -> Answer:
    """The answer for a picture's bytes, without the steps, remembered during the visit.

    One of the app's own examples, the first thing that visitors see, is answered once for all.
    """
    remembered = _answer_example if is_example(picture) else _answer
    try:
        return remembered(picture, run, options, asks_second_network())
    except ServerBusy as error:
        return Answer("refused", str(error))


# a visitor's pictures are forgotten with the visit
@cache_of_run("model.tflite", "verdict.json", entries=128, scope="session")
def _answer(picture: bytes, run: Run, options: PreprocessingOptions, both: bool) -> Answer:
    try:
        image = _decoded(picture)
    except BadImage as error:
        return Answer("refused", str(error))
    return answer_in_turn(image, run, options, both)


@cache_of_run("model.tflite", "verdict.json", entries=16)
def _answer_example(picture: bytes, run: Run, options: PreprocessingOptions, both: bool) -> Answer:
    return answer_in_turn(decode_image(picture), run, options, both)


def answer_in_turn(image: Image, run: Run, options: PreprocessingOptions, both: bool) -> Answer:
    """The answer for an upright picture, without the steps, which are seldom looked at.

    Raises ServerBusy where so many others ask that it would take too long.
    """
    if not TURNS.acquire(timeout=PATIENCE):
        raise ServerBusy("The server is busy with other pictures; try again in a moment.")
    try:
        second = load_second_networks() if both else NONE
        return answer_image(image, classifier(run), options, second).without_steps()
    finally:
        TURNS.release()


@or_stop
@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def steps(picture: bytes, options: PreprocessingOptions = AUTO) -> tuple[Step, ...]:
    """The steps from a picture that was answered to its 28x28 pixels."""
    return preprocess_image(_decoded(picture), options).steps


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")  # 1 MB each
def _decoded(picture: bytes) -> Image:
    """A picture that was answered, upright."""
    return decode_image(picture)


decoded = or_stop(_decoded)
