"""The exported script: what it shows a network, step by step, and the weights it ends with."""

import dataclasses
import functools
import os
import re
import shutil
import subprocess
import sys
import zipfile
from unittest.mock import MagicMock

import h5py
import numpy as np
import pytest

from fmnist import data
from fmnist.errors import SettingsError
from fmnist.files import read_json_lines
from fmnist.inference.classifier import load_classifier
from fmnist.networks.architectures import NETWORKS
from fmnist.networks.own_network import PRESETS
from fmnist.runs.library import find_run
from fmnist.settings import TrainSettings, arguments
from fmnist.training.interop import script
from fmnist.training.interop.script import generate_script
from fmnist.training.recipes import RECIPES
from fmnist.training.steps import augment_epoch, compile_model, fit_epoch
from tests.conftest import ROOT

ACCURATE = RECIPES["accurate"].settings
TABLE = {
    "specification": TrainSettings(fraction=0.02, epochs=2),
    "accurate": dataclasses.replace(ACCURATE, fraction=0.02, epochs=1, shift=2, erasing=0.5),
    "looks": TrainSettings(
        network="quick",
        fraction=0.02,
        epochs=2,
        schedule="one-cycle",
        weight_decay=0.05,
        label_smoothing=0.1,
        mirror=True,
        shift=1,
        tta_shift=True,
        erasing=0.1,
    ),
    "ten looks": TrainSettings(
        network="quick",
        fraction=0.01,
        epochs=1,
        mirror=True,
        tta_flip=True,
        shift=2,
        tta_shift=True,
    ),
    "quick": dataclasses.replace(RECIPES["quick"].settings, fraction=0.01, epochs=2, seed=9),
    "own layers": TrainSettings(
        network="custom", layers=PRESETS["deep"].layers, fraction=0.01, epochs=1, batch_size=500
    ),
    "robust": TrainSettings(network="robust", fraction=0.01, epochs=2, erasing=1.0),
    "sgd": TrainSettings(
        optimizer="sgd", learning_rate=1, weight_decay=0.1, schedule="step", fraction=0.01
    ),
    "all": TrainSettings(holdout=False, batch_size=4096, epochs=1, mirror=True, deterministic=True),
    "rates": TrainSettings(
        rate_changes=((3, 0.01), (2, 0.05)), continued=(1,), epochs=4, fraction=0.01
    ),
    "cycles": TrainSettings(
        schedule="one-cycle", continued=(1, 4), epochs=6, fraction=0.01, label_smoothing=0.2
    ),
    "everything": TrainSettings(
        schedule="step",
        continued=(3, 4),
        rate_changes=((1, 0.5), (4, 0.25)),
        epochs=7,
        fraction=0.01,
        batch_size=7,
        optimizer="sgd",
    ),
}


class Recorder:
    """A network that learns nothing and remembers what it was shown."""

    name, inputs, outputs = "recorder", (), ()
    whitening = MagicMock(kernel_size=(6, 6), strides=(2, 2), filters=24)
    get_layer = __call__ = MagicMock(return_value=whitening)

    def __init__(self):
        self.steps, self.judged = [], []

    def compile(self, optimizer, loss, metrics=()):
        self.optimizer, self.loss = optimizer, loss

    def train_on_batch(self, x, y, return_dict=False):
        self.steps.append((float(self.optimizer.learning_rate), x, y))
        return {"accuracy": 0.0, "loss": 0.0}

    def predict_on_batch(self, x):
        self.judged.append(len(x))
        return np.eye(10)[np.zeros(len(x), int)]

    def get_weights(self):
        return []

    def set_weights(self, weights):
        assert weights == []

    def save(self, path):
        assert path == "model.keras"


class Optimizer:
    """Remembers how it was made, but for what means nothing."""

    def __init__(self, kind, learning_rate=None, **options):
        self.learning_rate = learning_rate
        self.made = [kind, {name: value for name, value in options.items() if value is not None}]

    def exclude_from_weight_decay(self, var_names):
        self.made.append(var_names)


def run_recorded(settings, monkeypatch) -> tuple[MagicMock, list[Recorder]]:
    """Run the script with the real images and a Keras of which only the calls are seen."""
    keras, made = MagicMock(), []

    def build(*parts, **named):
        made.append(Recorder())
        return made[-1]

    keras.Sequential = keras.Model = build
    keras.models.clone_model = lambda model, clone_function: model
    for name in ("Adam", "AdamW", "SGD"):
        setattr(keras.optimizers, name, functools.partial(Optimizer, name))
    train, test = data.load("train"), data.load("test")
    keras.datasets.fashion_mnist.load_data.return_value = (
        (train.images, train.labels),
        (test.images, test.labels),
    )
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, "tensorflow", keras.tensorflow)
    exec(compile(generate_script(settings), script.SCRIPT_FILE, "exec"), {})
    return keras, made


@pytest.mark.parametrize("settings", TABLE.values(), ids=TABLE)
def test_every_step_is_that_of_a_training(settings, monkeypatch, capsys):
    keras, made = run_recorded(settings, monkeypatch)
    found = made[0]

    if settings.holdout:
        part, _ = data.load_train_validation(fraction=settings.fraction)
    else:
        part = data.load("train")
    expected = Recorder()
    compile_model(expected, settings)
    assert found.optimizer.made == expected.optimizer.made
    assert found.loss == expected.loss
    for epoch in range(settings.epochs):
        images, labels = augment_epoch(part.images, part.labels, settings, epoch)
        fit_epoch(expected, images, labels, settings, epoch)
    assert len(found.steps) == len(expected.steps)
    for (rate, x, y), (my_rate, my_x, my_y) in zip(found.steps, expected.steps, strict=True):
        assert rate == my_rate
        assert (x.dtype, y.dtype) == (my_x.dtype, my_y.dtype)
        np.testing.assert_array_equal(x, my_x)
        np.testing.assert_array_equal(y, my_y)

    said = capsys.readouterr().out.splitlines()
    shares = [line.split()[-1] for line in said]
    # one class of ten is always right by chance, in validation and in test
    assert shares == ["10.00%" if settings.holdout else "done"] * settings.epochs + ["10.00%"]
    keras.utils.set_random_seed.assert_called_once_with(settings.seed)
    half = settings.precision == "bfloat16"
    assert [call.args for call in keras.mixed_precision.set_global_policy.call_args_list] == (
        [("mixed_bfloat16",), ("float32",)] if half else []
    )
    # the one that learnt and, where that was not of Keras' own layers, the one that is saved
    again = settings.architecture.batch_norm
    assert len(made) == 1 + again + 2 * (settings.tta_flip or settings.tta_shift)
    determinism = keras.tensorflow.config.experimental.enable_op_determinism
    assert determinism.call_count == settings.deterministic


@pytest.mark.parametrize("settings", TABLE.values(), ids=TABLE)
def test_it_reads_as_if_written_by_hand(settings):
    text = generate_script(settings)
    for work in (["check", "--isolated", "--select", "B,E,F,I,PIE,SIM,UP,W"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *work, "--line-length", "100", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_only_what_the_settings_use_is_in_it():
    plain = generate_script(TrainSettings())
    unused = ("augment_images", "targets", "SMOOTHING", "learning_rate(", "AdamW")
    for word in (*unused, "shift_images", "tensorflow as tf"):
        assert word not in plain
    everything = generate_script(TABLE["accurate"])
    for word in ("augment_images", "targets", "SMOOTHING", "learning_rate(", "AdamW", "bfloat16"):
        assert word in everything
    assert "def split(" not in generate_script(TrainSettings(holdout=False))


def test_the_docstring_counts_the_lines():
    lines = generate_script(TrainSettings()).splitlines()
    filled = sum(bool(line.strip()) for line in lines)
    assert f"makes {len(lines)} lines, {filled} of them" in " ".join(script.__doc__.split())


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_has_a_builder_that_stands_alone(network, monkeypatch):
    settings = TrainSettings(network=network, fraction=0.01, epochs=1, batch_size=4096)
    _, made = run_recorded(settings, monkeypatch)
    assert len(made[0].steps) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stylised": True}, "Stylised images need"),
        ({"initial": "robust"}, "no weights of robust"),
    ],
)
def test_what_needs_more_than_a_script_is_refused(values, words):
    with pytest.raises(SettingsError) as caught:
        generate_script(TrainSettings(**values))
    assert words in str(caught.value)
    assert "use the command" in str(caught.value)


def weights(file) -> dict[str, np.ndarray]:
    """Every weight in a .keras file by its place, without the optimizer's moments."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            found[name] = item[()]

    with (
        zipfile.ZipFile(file) as packed,
        packed.open("model.weights.h5") as stored,
        h5py.File(stored) as opened,
    ):
        opened.visititems(visit)
    return found


@pytest.mark.slow
def test_the_script_ends_with_the_weights_of_a_training(tmp_path, runs_dir):
    settings = dataclasses.replace(TABLE["looks"], epochs=1, fraction=0.01, deterministic=True)
    shutil.copytree(data.BUNDLED_DIR, tmp_path / "datasets" / "fashion-mnist")
    (tmp_path / script.SCRIPT_FILE).write_text(generate_script(settings))
    # isolated, in another folder and with another home: nothing of ours is in reach
    alone = subprocess.Popen(
        [sys.executable, "-I", script.SCRIPT_FILE],
        cwd=tmp_path,
        env={**os.environ, "KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"},
        stdout=subprocess.PIPE,
        text=True,
    )
    subprocess.run(
        [sys.executable, "-m", "fmnist", "train", "--name", "mine", *arguments(settings)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=600,
    )
    said, _ = alone.communicate(timeout=600)
    assert alone.returncode == 0

    run = find_run("mine")
    found, expected = weights(tmp_path / "model.keras"), weights(run.path / "model.keras")
    assert found.keys() == expected.keys()
    assert len(found) > 7
    for place, layer in expected.items():
        np.testing.assert_array_equal(found[place], layer, err_msg=place)
    shares = [float(share) for share in re.findall(r"([\d.]+)%", said)]
    events = read_json_lines(run.path / "history.jsonl")
    judged = [event["val_accuracy"] for event in events if event["event"] == "epoch"]
    assert shares == pytest.approx(
        [100 * x for x in [*judged, run.scores["test_accuracy"]]], abs=0.02
    )
    # TTA shift has no weights: the answers say whether it is there
    part = data.load("train")
    held_out = data.split(part.labels)[1]
    probabilities, _ = load_classifier(run)(part.images[held_out])
    right = (probabilities.argmax(axis=1) == part.labels[held_out]).mean()
    assert run.scores["validation_accuracy"] == pytest.approx(right, abs=2e-4)
    assert abs(right - judged[-1]) > 0.002


def test_the_layers_of_an_own_network_stay_in_one_piece():
    settings = TrainSettings(network="custom", layers=PRESETS["deep"].layers)
    assert arguments(settings)[-1] in generate_script(settings)
