"""What a page needs of a run, loaded once and shared by all sessions.

Every cache is keyed by folder and file hash, so that a run that was trained again is read again.
What is returned is shared between sessions: do not change it.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist import (
    charts,
    court,
    curves,
    data,
    evaluation,
    landscape,
    mistakes,
    report_charts,
    runs,
)
from fmnist import classifier as classifiers
from fmnist import novelty as novelties
from fmnist import slices as slicing
from fmnist.answer import Answer, answer_bytes
from fmnist.calibration import reliability
from fmnist.classifier import Classifier
from fmnist.court import Case
from fmnist.data import Part
from fmnist.decoding import decode_image
from fmnist.display import contact_sheet, photo_uri
from fmnist.errors import FmnistError
from fmnist.evaluation import Evaluation
from fmnist.neighbours import TrainingFeatures
from fmnist.novelty import Novelty
from fmnist.options import AUTO, PreprocessingOptions
from fmnist.pipeline import preprocess_image
from fmnist.pipeline_state import Step
from fmnist.rejection import apply_temperature, fit_temperature
from fmnist.relations import Relations
from fmnist.runs import Run
from fmnist.slices import Slice

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
    part = test_part()
    known = novelty(run)
    distances = None if known is None else known.distances
    # which runs there are is asked at every click, what they said only when that has changed
    key = *sorted(other.files["test.npz"] for other in runs.usable_runs()), known is not None
    stored = predictions(run)
    return _answers_table(str(run.path), run.files["test.npz"], key, stored, part, distances)


def duplicates(run: Run) -> list[int] | None:
    """Test images that are in the training part too; None before `novelty` is measured."""
    known = novelty(run)
    if known is None:
        return None
    images = test_part().images
    return _duplicates(str(run.path), run.files["model.tflite"], known.nearest, images)


def novelty(run: Run) -> Novelty | None:
    """How far each test image is from what the run learnt from; None before it is measured."""
    measured, network = _measured_novelty(), run.files["model.tflite"]
    if network not in measured:
        kept = novelties.read(run, len(test_part().labels))
        if kept is None:
            return None
        measured[network] = kept
    return measured[network]


def keep_novelty(run: Run, found: Novelty) -> None:
    """Remember what was measured, here and in the run's cache."""
    _measured_novelty()[run.files["model.tflite"]] = found
    novelties.write(run, found)


def training_features(run: Run) -> TrainingFeatures:
    """The features of what a run learnt from, computed or not; see `TrainingFeatures.advance`."""
    return _training_features(str(run.path), run.files["model.tflite"], classifier(run), run)


def _known_predictions() -> list[tuple[Run, np.ndarray]]:
    """Every usable run with its stored predictions; one that is damaged is left out."""
    known = []
    for run in runs.usable_runs():
        try:
            known.append((run, _predictions(str(run.path), run.files["test.npz"], run)))
        except FmnistError:
            continue
    return known


def slices(run: Run) -> list[Slice]:
    """The slices of the test images with what the run gets right; see `slices.slices`."""
    part = test_part()
    return _slices(str(run.path), run.files["test.npz"], predictions(run), part)


def confidence_specs(run: Run) -> dict[str, dict]:
    """Vega-Lite specifications of the charts "reliability" and "confidences"; see `report_charts`.

    The reliability is shown as the network says it and after its temperature.
    """
    stored, labels = predictions(run), test_part().labels
    return _confidence_specs(str(run.path), run.files["test.npz"], stored, calibrated(run), labels)


def temperature(run: Run) -> float:
    """The temperature of the run's own probabilities, fitted on the validation images.

    Not that of its rejection policy, which is for the mean of several TTA variants.
    """
    return _temperature(str(run.path), run.files["model.tflite"], classifier(run))


def calibrated(run: Run) -> np.ndarray:
    """The stored probabilities (10000, 10) after the temperature above."""
    return apply_temperature(predictions(run), temperature(run))


def slice_specs(run: Run) -> dict[str, dict]:
    """Vega-Lite specifications of the slices' charts by measure; see `report_charts`."""
    found, overall = slices(run), evaluate(run).accuracy
    return _slice_specs(str(run.path), run.files["test.npz"], found, overall)


def people_spec(first: Run, second: Run) -> dict:
    """Vega-Lite specification of `report_charts.people_chart` for two runs."""
    right = {
        run.name: predictions(run).argmax(axis=1) == test_part().labels for run in (first, second)
    }
    return _people_spec([(str(run.path), run.files["test.npz"]) for run in (first, second)], right)


def relations(run: Run) -> Relations:
    """The features of the test images and what is near what; see `relations.Relations`."""
    images = test_part().images
    return _relations(str(run.path), run.files["model.tflite"], classifier(run), images)


def pca(run: Run) -> np.ndarray:
    """The test images in two dimensions at once, (10000, 2) float32, -1..1."""
    return _pca(str(run.path), run.files["model.tflite"], relations(run))


def cases(run: Run) -> list[Case]:
    """The cases of the label court; see `court.cases`."""
    labels = test_part().labels
    return _cases(str(run.path), run.files["test.npz"], predictions(run), labels)


def usable_runs() -> list[Run]:
    """The runs that can classify, in the order of the picker."""
    return runs.usable_runs()


def answer(picture: bytes, run: Run, options: PreprocessingOptions = AUTO) -> Answer:
    """The answer for a picture's bytes, remembered during the visit; without the steps."""
    return _answer(picture, str(run.path), network_key(run), options, classifier(run))


def network_key(run: Run) -> str:
    """What changes when the run answers differently: its network's hash and its verdicts'."""
    return run.files["model.tflite"] + run.files.get("verdict.json", "")


def learning_specs(runs: list[Run], epochs: int, *, by_run: bool = False) -> dict[str, dict]:
    """Vega-Lite specifications of the accuracy and loss charts of some runs; see `charts`.

    While a training runs, every viewer's page asks once a second, and only the first one's request
    after the history has grown does the work.
    """
    return _learning_specs(tuple(history_size(run) for run in runs), epochs, by_run, runs)


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


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _classifier(path: str, network: str, _run: Run) -> Classifier:
    return classifiers.load_classifier(_run)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _predictions(path: str, sha256: str, _run: Run) -> np.ndarray:
    probabilities = runs.load_predictions(_run)
    probabilities.flags.writeable = False
    return probabilities


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _evaluation(path: str, sha256: str, _probabilities, _labels) -> Evaluation:
    return evaluation.evaluate(_probabilities, _labels)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _answers_table(
    path: str, sha256: str, known: tuple, _probabilities, _part: Part, _distances
) -> pd.DataFrame:
    answers = [probabilities.argmax(axis=1) for _, probabilities in _known_predictions()]
    return mistakes.answers_table(_probabilities, _part, answers, _distances)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _duplicates(path: str, network: str, _nearest, _images) -> list[int]:
    return novelties.duplicates(_images, data.load("train").images, _nearest).tolist()


@st.cache_resource(show_spinner=False)
def _measured_novelty() -> dict[str, Novelty]:
    return {}


# 60 MB each
@st.cache_resource(max_entries=2, show_spinner="Reading the training images")
def _training_features(
    path: str, network: str, _classifier: Classifier, _run: Run
) -> TrainingFeatures:
    return TrainingFeatures(_run, _classifier)


@st.cache_resource(max_entries=2, show_spinner="Classifying the test images for their features")
def _relations(path: str, network: str, _classifier: Classifier, _images) -> Relations:
    return Relations(_classifier(_images)[1])


@st.cache_resource(max_entries=2, show_spinner=False)
def _pca(path: str, network: str, _relations: Relations) -> np.ndarray:
    return landscape.unit(landscape.pca(_relations.features))


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _cases(path: str, sha256: str, _probabilities, _labels) -> list[Case]:
    return court.cases(_probabilities, _labels)


@st.cache_resource(show_spinner=False)
def sheet() -> tuple[str, int]:
    """The test images as one picture, a data URI, and how many stand in a row."""
    columns = 100
    return photo_uri(contact_sheet(test_part().images, columns)), columns


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _slices(path: str, sha256: str, _probabilities, _part: Part) -> list[Slice]:
    right = _probabilities.argmax(axis=1) == _part.labels
    return slicing.slices(_part.images, right)


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _confidence_specs(path: str, sha256: str, _stored, _calibrated, _labels) -> dict[str, dict]:
    before, after = reliability(_stored, _labels), reliability(_calibrated, _labels)
    return {
        "reliability": report_charts.reliability_chart(before, after).to_dict(),
        "confidences": report_charts.confidence_chart(before).to_dict(),
    }


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner="Classifying the validation images")
def _temperature(path: str, network: str, _classifier: Classifier) -> float:
    part = data.load("train")
    held_out = data.split(part.labels)[1]
    probabilities, _ = _classifier(part.images[held_out])
    return fit_temperature(probabilities, part.labels[held_out])


@st.cache_resource(max_entries=RUNS_KEPT, show_spinner=False)
def _slice_specs(path: str, sha256: str, _slices: list[Slice], _overall: float) -> dict[str, dict]:
    return {
        name: report_charts.slices_chart(
            [part for part in _slices if part.measure == name], _overall
        ).to_dict()
        for name in slicing.MEASURES
    }


@st.cache_resource(max_entries=RUNS_KEPT**2, show_spinner=False)
def _people_spec(runs_compared: list[tuple[str, str]], _right: dict[str, np.ndarray]) -> dict:
    return report_charts.people_chart(_right).to_dict()


# a visitor's pictures are forgotten with the visit
@st.cache_resource(max_entries=128, show_spinner=False, scope="session")
def _answer(
    picture: bytes, path: str, network: str, options: PreprocessingOptions, _classifier: Classifier
) -> Answer:
    return answer_bytes(picture, _classifier, options).without_steps()  # seldom looked at


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def steps(picture: bytes, options: PreprocessingOptions = AUTO) -> tuple[Step, ...]:
    """The steps from a picture that was answered to its 28x28 pixels."""
    return preprocess_image(decode_image(picture), options).steps
