"""What pages need of a trained network, written into its run's folder."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.data import load, load_validation
from fmnist.errors import RunError
from fmnist.files import replace_file, sha256_of
from fmnist.inference.classifier import Classifier, fit_rejection
from fmnist.processes import quiet
from fmnist.runs.run import read_run, write_run_info
from fmnist.training.steps import evaluate_predictions

if TYPE_CHECKING:
    import keras

EXPORTED = ("model.tflite", "test.npz")
LEAST_FITTED = 500  # validation images


def export_run(path: Path, model: "keras.Model", source: str) -> None:
    """Give the run at `path` what pages need of its network: model.tflite, test.npz, verdict.json.

    The verdicts are fitted on the validation images, which a training on all 60,000 has seen: its
    calibration is then too good. A demonstration on a part of the images fits on as large a part
    of these, or it would wait longer for its verdicts than for its epochs.

    Adds their hashes and the test scores to run.json. TensorFlow's backend only.
    """
    replace_file(path / "model.tflite", lambda part: export_litert(model, part))
    test = load("test", source)
    with quiet():
        probabilities, _ = Classifier(path / "model.tflite")(test.images)
    replace_file(
        path / "test.npz", lambda part: np.savez_compressed(part, probabilities=probabilities)
    )
    scores = evaluate_predictions(probabilities, test.labels)
    run = read_run(path)
    write_run_info(
        path,
        scores={**run.scores, **{f"test_{name}": value for name, value in scores.items()}},
        files={**run.files, **{name: sha256_of(path / name) for name in EXPORTED}},
    )
    validation = load_validation(source)
    share = run.settings.fraction if run.settings else 1.0
    number = max(LEAST_FITTED, round(share * len(validation.labels)))
    with quiet():
        fit_rejection(read_run(path), validation.images[:number], validation.labels[:number])


def export_litert(model: "keras.Model", path: Path) -> None:
    """Write `model` as .tflite with two outputs: probabilities (B, 10) and features (B, F)."""
    import keras

    outputs = {
        "probabilities": model.outputs[0],
        "features": model.get_layer("features").output,
    }
    with quiet():
        keras.Model(model.inputs, outputs).export(path, format="litert", verbose=False)


def export_onnx(model: "keras.Model", path: Path) -> None:
    """Write `model` as ONNX: images (B, 28, 28, 1) float32, 0..1, to probabilities (B, 10).

    Raises RunError where the packages are missing that Keras does it with.
    """
    if importlib.util.find_spec("tf2onnx") is None:
        raise RunError("ONNX needs two more packages: pip install tf2onnx onnx")
    model(np.zeros((1, 28, 28, 1), np.float32))  # Keras exports what has been called
    with quiet():
        replace_file(path, lambda part: model.export(part, format="onnx", verbose=False))
