"""What pages need of a trained network, written into its run's folder."""

from pathlib import Path

import numpy as np

from fmnist import runs, storage
from fmnist.classifier import Classifier, fit_rejection
from fmnist.data import load, split
from fmnist.quiet import quiet

__all__ = ["export", "export_litert"]

EXPORTED = ("model.tflite", "test.npz")


def export(path: Path, model, source: str) -> None:
    """Give the run at `path` what pages need of its network: model.tflite, test.npz, verdict.json.

    The verdicts are fitted on the validation images, which a training on all 60,000 has seen: its
    calibration is then too good.

    Adds their hashes and the test scores to run.json. TensorFlow's backend only.
    """
    storage.replace_file(path / "model.tflite", lambda part: export_litert(model, part))
    test = load("test", source)
    with quiet():
        probabilities, _ = Classifier(path / "model.tflite")(test.images)
    storage.replace_file(
        path / "test.npz", lambda part: np.savez_compressed(part, probabilities=probabilities)
    )
    right = probabilities[np.arange(len(test.labels)), test.labels]
    run = runs.read(path)
    runs.write_info(
        path,
        scores={
            **run.scores,
            "test_accuracy": float((probabilities.argmax(axis=1) == test.labels).mean()),
            # the floor keeps a probability that rounded to 0 from making the mean infinite
            "test_loss": float(-np.log(np.maximum(right, 1e-7)).mean()),
        },
        files={
            **run.files,
            **{name: storage.sha256_of(path / name) for name in EXPORTED},
        },
    )
    part = load("train", source)
    held_out = split(part.labels)[1]
    with quiet():
        fit_rejection(runs.read(path), part.images[held_out], part.labels[held_out])


def export_litert(model, path: Path) -> None:
    """Write `model` as .tflite with two outputs: probabilities (B, 10) and features (B, F)."""
    import keras

    outputs = {
        "probabilities": model.outputs[0],
        "features": model.get_layer("features").output,
    }
    with quiet():
        keras.Model(model.inputs, outputs).export(path, format="litert", verbose=False)
