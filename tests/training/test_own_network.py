"""A network of one's own, trained through the command line and used as any other run."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from fmnist.files import read_json
from fmnist.inference.activations import LayeredNetwork
from fmnist.inference.classifier import load_classifier
from fmnist.inference.epoch_network import EpochNetwork, list_kept_epochs
from fmnist.jobs.resume import resumed_settings
from fmnist.networks.layers import (
    BatchNormalisation,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    MaxPooling,
)
from fmnist.networks.own_network import write_layers
from fmnist.runs.about import rename_run
from fmnist.runs.library import find_run
from fmnist.runs.progress_text import describe_settings
from fmnist.runs.run import read_run
from fmnist.runs.transfer import pack_run
from fmnist.settings import TrainSettings
from tests.conftest import ROOT

LAYERS = (
    *(Convolution(4, kernel=5, stride=2), BatchNormalisation(), MaxPooling(2), Flatten()),
    # batch normalisation of a row, and as many features as there are classes
    *(Dense(10), BatchNormalisation(), Dropout(0.1)),
)
SETTINGS = TrainSettings(network="custom", layers=LAYERS, epochs=1, fraction=0.02, batch_size=32)


@pytest.mark.slow
def test_it_is_trained_kept_and_used_as_any_other(tmp_path, runs_dir, test_part, command):
    file = tmp_path / "layers.json"
    file.write_text(write_layers(LAYERS))
    words = ["--network", "custom", "--layers", file, "--epochs", "1", "--fraction", "0.02"]
    done = subprocess.run(
        [sys.executable, "-m", "fmnist", "train", *map(str, words), "--batch-size", "32"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = runs_dir.glob("custom-*")
    run = read_run(path)
    assert (run.state, run.settings, run.usable) == ("finished", SETTINGS, True)
    assert read_json(path / "run.json")["settings"]["layers"] == json.loads(write_layers(LAYERS))
    title = "Own network, 8 layers, 2,240 parameters"
    assert run.count("parameters") == 2_240
    assert run.summary.startswith(f"{title} · 1 epoch · ")
    assert describe_settings(SETTINGS).startswith(f"{title} · 1 epoch · batch 32")

    probabilities, features = load_classifier(run)(test_part.images)
    right = (probabilities.argmax(axis=1) == test_part.labels).mean()
    assert right == pytest.approx(run.scores["test_accuracy"])
    assert right > 0.15  # 35 steps; by chance it is 0.1
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert features.shape == probabilities.shape
    assert features.max() > 1
    answered = command("classify", ROOT / "docs" / "classify.png", "--run", run.name, "--json")
    assert json.loads(answered.stdout)["verdict"] != "refused"
    finished, learning = LayeredNetwork(run), EpochNetwork(run, 1)
    kinds = "input conv batch_norm max_pool reshape dense dropout dense softmax"
    assert list_kept_epochs(run) == [0, 1]
    for network in (finished, learning):
        assert " ".join(layer.kind for layer in network.layers) == kinds
    for made, same in zip(*(one(test_part.images[0]) for one in (finished, learning)), strict=True):
        np.testing.assert_allclose(made, same, atol=1e-4)
    before = EpochNetwork(run, 0)(test_part.images[0])
    assert np.abs(before[-1] - made).max() > 0.01

    again = resumed_settings(run, 1)
    assert (again.layers, again.epochs) == (LAYERS, 2)
    named = rename_run(run, "mine")
    assert find_run("mine").settings == SETTINGS
    with zipfile.ZipFile(io.BytesIO(pack_run(named))) as packed:
        packed.extractall(runs_dir / "again")
    assert find_run("again").settings == SETTINGS
    assert find_run("again").usable
