"""Pieces of a training that need no process of their own; whole ones are in test_jobs."""

import io
import json
import math
import os
import sys
import zipfile

import h5py
import numpy as np
import pytest

from fmnist.cli.text import TrainingDisplay
from fmnist.data import Part
from fmnist.errors import RunError, TrainingDiverged
from fmnist.jobs import resume
from fmnist.runs.library import create_run, find_run
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings
from fmnist.training import loop, request_watcher
from fmnist.training.loop import _validate, _validation_scores, train
from fmnist.training.steps import mean_weights
from tests.conftest import run_python

pytestmark = pytest.mark.slow  # imports TensorFlow


# Keras 3.15 reads a variable through an __array__ that NumPy 2.4 calls outdated
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_mean_of_two_networks_is_taken_layer_by_layer(tmp_path):
    import keras

    file = find_run("robust").path / "model.keras"
    model = keras.models.load_model(file, compile=False)
    weights = model.get_weights()
    model.set_weights([2 * layer for layer in weights])
    model.save(tmp_path / "doubled.keras")
    mean = mean_weights([file, tmp_path / "doubled.keras"])
    assert len(mean) == len(weights)
    for found, layer in zip(mean, weights, strict=True):
        assert found.dtype == layer.dtype
        np.testing.assert_allclose(found, 1.5 * layer, rtol=1e-6)
    for found, layer in zip(mean_weights([file]), weights, strict=True):
        np.testing.assert_array_equal(found, layer)


def test_keras_json_changes_nothing(trained):
    # that training's keras.json asks for float16, channels first and another backend
    with zipfile.ZipFile(trained.runs / "tiny" / "model.keras") as packed:
        layers = json.loads(packed.read("config.json"))["config"]["layers"]
        with h5py.File(io.BytesIO(packed.read("model.weights.h5"))) as weights:
            dtypes = set()
            weights.visititems(lambda _, item: dtypes.add(getattr(item, "dtype", None)))
    formats = {layer["config"].get("data_format", "channels_last") for layer in layers}
    assert formats == {"channels_last"}
    assert dtypes - {None} == {np.dtype("float32")}


def test_a_keras_json_that_keras_refuses_is_named(tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "float8"}')
    places = {"KERAS_HOME": str(tmp_path), "FMNIST_RUNS": str(tmp_path / "runs")}
    command = ("-m", "fmnist", "train", "--fraction", "0.02")
    done = run_python(*command, env={**os.environ, **places})
    assert done.returncode != 0
    assert "correct or delete its file keras.json" in done.stderr
    assert "Traceback" not in done.stderr


class Right:
    """A network that is certain, and right about the first three of every four images."""

    def predict_on_batch(self, x):
        right = (x[:, 0, 0, 0] * 255).round().astype(int)  # the image says its class there
        said = np.where(np.arange(len(x)) % 4 < 3, right, (right + 1) % 10)
        return np.eye(10, dtype=np.float32)[said]


LAST = {"epoch": 3, "val_accuracy": 0.5, "val_loss": 1.0}
OLD = {"validation_accuracy": 0.5, "validation_loss": 1.0}
# two of eight are wrong with a probability of 0, which Keras takes for 1e-7
ANEW = {"validation_accuracy": 0.75, "validation_loss": 4.02952}


@pytest.mark.parametrize(
    ("shifted", "stopped", "last", "expected"),
    [
        (False, False, LAST, OLD),
        (True, False, LAST, ANEW),
        (False, True, LAST, ANEW),  # it has learnt since its last epoch's end
        (False, True, {}, ANEW),  # in its first epoch
    ],
)
def test_a_network_that_predicts_otherwise_than_its_last_epoch_is_evaluated_anew(
    shifted, stopped, last, expected
):
    settings = TrainSettings(shift=1, tta_shift=shifted)
    labels = np.arange(8)
    images = np.zeros((8, 28, 28), np.uint8)
    images[:, 0, 0] = labels
    validation = Part(images, labels)
    assert _validation_scores(Right(), validation, settings, last, stopped) == expected
    # it learns from all images
    assert _validation_scores(Right(), None, settings, last, stopped) == {}


def test_a_training_that_diverges_says_so_and_what_would_help(runs_dir, monkeypatch):
    settings = TrainSettings(fraction=0.01, epochs=2)
    path = create_run("wild", settings)
    monkeypatch.setattr(loop, "fit_epoch", diverging)
    with pytest.raises(TrainingDiverged, match="In epoch 1 the loss became NaN or infinite"):
        train(path, settings)
    failed = read_run(path)
    assert failed.state == "failed"
    assert "lower learning rate" in failed.reason
    with pytest.raises(RunError, match="would do so again; train another one"):
        resume.resumed_settings(failed)
    assert json.loads((path / "history.jsonl").read_text().splitlines()[-1])["event"] == "error"


def test_a_training_that_is_interrupted_at_once_says_so_and_no_more(runs_dir, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    path = create_run("cut", TrainSettings(fraction=0.01, epochs=2))
    monkeypatch.setattr(loop, "fit_epoch", interrupted)
    with TrainingDisplay("cut", sys.stderr) as display, pytest.raises(KeyboardInterrupt):
        train(path, TrainSettings(fraction=0.01, epochs=2), display)
    assert read_run(path).reason == "The training was interrupted."
    assert read_last_words(read_run(path)) == "The training was interrupted."
    said = "cut: loading TensorFlow and the images\nThe training was interrupted.\n"
    assert capsys.readouterr().err == said


def test_nothing_of_answers_that_are_no_numbers_is_kept(tmp_path):
    with pytest.raises(TrainingDiverged, match="In epoch 3 "):
        _validate(tmp_path, np.full((8, 10), np.nan, np.float32), np.arange(8), 2)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_no_numbers_after_the_last_step_are_said_without_validation(
    runs_dir, monkeypatch
):
    def broken(model, *_):
        model.set_weights([weight * math.nan for weight in model.get_weights()])
        return {"accuracy": 0.1, "loss": 2.3}

    settings = TrainSettings(holdout=False, epochs=1)
    path = create_run("wild", settings)
    monkeypatch.setattr(loop, "fit_epoch", broken)
    with pytest.raises(TrainingDiverged, match="In epoch 1 the loss became NaN or infinite"):
        train(path, settings)
    assert not (path / "checkpoint.npz").exists()


def test_a_finished_run_that_was_to_have_more_is_finished_where_that_is_stopped_at_once(
    own_run, monkeypatch
):
    run = own_run("done", settings=TrainSettings(epochs=2).to_dict(), epochs_done=2)
    saved = {"exported_epochs": 2, "files": {"model.keras": "its hash"}}
    write_run_info(run.path, state="starting", **saved)
    monkeypatch.setattr(request_watcher.os, "_exit", lambda status: None)
    request_watcher.RequestWatcher(run.path, lambda *_, **__: None)._end_at_once()
    left = read_run(run.path)
    assert (left.state, left.settings.epochs, left.count("epochs_done")) == ("finished", 2, 2)
    # killed as it was saved, and of an earlier state: there is something left to do
    for left_as in ({"epochs_done": 1}, {"files": {}}, {"exported_epochs": 1}):
        write_run_info(run.path, state="starting", epochs_done=2, **saved)
        write_run_info(run.path, **left_as)
        request_watcher.RequestWatcher(run.path, lambda *_, **__: None)._end_at_once()
        assert read_run(run.path).state == "stopped"


def diverging(model, images, labels, settings, epoch, after_batch):
    after_batch(0, {"accuracy": 0.1, "loss": 2.3}, 1.0)
    after_batch(1, {"accuracy": 0.1, "loss": math.nan}, 1.0)
    raise AssertionError("it went on")
