"""The training of the drawing network: its images, its first weights, its thresholds."""

import json
import os

import numpy as np
import pytest

from fmnist.data import load_train_validation
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.drawing_network import DrawingNetwork
from fmnist.runs.library import find_run
from fmnist.training import drawing_network
from tests.conftest import ROOT, run_python


@pytest.fixture(scope="module")
def part():
    """20 training images of each of two classes at least."""
    training, _ = load_train_validation()
    return training.images[:40], training.labels[:40]


def test_a_chunk_has_every_garment_and_a_quarter_of_others(part):
    images, labels = drawing_network.draw_chunk(*part, [0, 0, 0])
    assert images.shape == (50, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert sorted(labels) == sorted([*part[1], *[10] * 10])
    assert not (labels[:40] != 10).all()  # mixed
    again, same = drawing_network.draw_chunk(*part, [0, 0, 0])
    np.testing.assert_array_equal(again, images)
    np.testing.assert_array_equal(same, labels)
    other, _ = drawing_network.draw_chunk(*part, [0, 1, 0])
    assert not np.array_equal(other, images)


def test_what_ships_is_as_right_about_drawings_as_is_said():
    """docs/results.md has these figures."""
    found = drawing_network.measure(DrawingNetwork(), load_classifier(find_run("robust")))
    assert found == pytest.approx(
        {
            "right": 0.923,
            "confident": 0.747,
            "right among the confident": 0.988,
            "called not clothing": 0.0,
            "others not confident": 0.986,
        },
        abs=0.003,
    )


@pytest.mark.slow
def test_a_training_fills_its_folder_and_can_be_gone_on_with(tmp_path):
    code = """
from fmnist.data import Part
from fmnist.training import drawing_network as d
if __name__ == "__main__":
    load = d.load_train_validation
    d.load_train_validation = lambda *given: [Part(p.images[:300], p.labels[:300]) for p in load()]
    d.DRAWN = d.OUTLIERS = 100
    d.main()
"""
    script, folder = tmp_path / "small.py", tmp_path / "network"
    script.write_text(code)
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    first = run_python(script, folder, "--epochs", "1", env=here, check=True).stdout
    assert "epoch 1 of 1" in first
    assert "right among the confident" in first
    again = ("--initial", folder / "model.keras")
    assert "epoch 1 of 1" in run_python(script, folder, "--epochs", "1", *again, env=here).stdout
    said = DrawingNetwork(folder / "model.tflite")(np.zeros((28, 28), np.uint8))
    assert said.shares.shape == (11,)
    done = run_python("-m", "fmnist.training.drawing_network", tmp_path / "no", "--epochs", "0")
    assert (done.returncode, (tmp_path / "no").exists()) == (2, False)


@pytest.mark.slow
def test_it_begins_with_what_robust_knows():
    code = """
import json, numpy as np
from fmnist.networks.architectures import set_up_keras
set_up_keras()
import keras
from fmnist.runs.library import find_run
from fmnist.runs.run import find_keras_file
from fmnist.training.drawing_network import build_drawing_network
start = keras.models.load_model(find_keras_file(find_run("robust")), compile=False)
x = np.random.default_rng(0).random((5, 28, 28, 1)).astype("float32")
before, after = start(x).numpy(), build_drawing_network(start)(x).numpy()
garment = after[:, :10] / after[:, :10].sum(axis=1, keepdims=True)
print(json.dumps([after.shape, float(abs(garment - before).max())]))
"""
    shape, difference = json.loads(run_python("-c", code, check=True).stdout.splitlines()[-1])
    assert shape == [5, 11]
    assert difference < 1e-5
