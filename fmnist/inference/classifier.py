"""Classification through LiteRT: what the web process and the command line answer with.

It starts in a fraction of the time that TensorFlow takes, and a test holds it to Keras' answers on
all 10,000 test images.
"""

import hashlib
import json
import math
from pathlib import Path

import numpy as np

from fmnist.data import scale
from fmnist.errors import RunError
from fmnist.files import read_file, sha256_of, write_json
from fmnist.inference.rejection import UNFITTED, RejectionPolicy, fit_rejection_policy
from fmnist.networks.litert import LiteRT
from fmnist.processes import quiet
from fmnist.runs.library import find_run
from fmnist.runs.run import Run, check_run_file, read_run, write_run_info

BATCH = 100  # larger ones are slower: the first layer's output no longer fits the cache


class Classifier:
    """A network in LiteRT form. May be shared by threads: calls wait for one another."""

    def __init__(self, path: Path, policy: RejectionPolicy = UNFITTED, classes: int = 10):
        """Load a .tflite file. Raises RunError where it cannot be used.

        policy: how the run's answers become verdicts (`fmnist.inference.answer`); not used here
        classes: how many it tells apart
        """
        self._network = LiteRT(path, f"The network {path.name}")
        inputs = self._network.interpreter.get_input_details()
        outputs = sorted(  # the probabilities last; there may be as many features
            self._network.outputs.values(),
            key=lambda detail: ([*detail["shape"]][-1:] == [classes], detail["name"]),
        )
        if len(inputs) != 1 or len(outputs) != 2 or [*outputs[1]["shape"]][-1:] != [classes]:
            raise RunError(
                f"The network {path.name} cannot be loaded (no {classes} probabilities)."
            )
        self._wanted = [outputs[1]["index"], outputs[0]["index"]]
        # the weights twice, for LiteRT packs them; and what a layer gets and gives, of each image
        self._weights = 2 * path.stat().st_size
        self._values = 2 * max(
            math.prod(detail["shape"][1:])
            for detail in self._network.interpreter.get_tensor_details()
        )
        self.policy, self._classes = policy, classes
        self._largest = 0  # batch, whose memory is kept

    @property
    def nbytes(self) -> int:
        """Bytes of memory, about."""
        return int(self._weights + 4 * self._values * self._largest)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classify (N, 28, 28) uint8, light garment on black.

        Returns the softmax probabilities (N, C) of the C classes and the penultimate features
        (N, F), float32.
        """
        if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8:
            raise ValueError(
                f"expected (N, 28, 28) uint8, got {images.shape} {images.dtype} instead"
            )
        if not len(images):
            return np.empty((0, self._classes), np.float32), np.empty((0, 0), np.float32)
        self._largest = max(self._largest, min(len(images), BATCH))
        parts = [
            self._network(scale(images[start : start + BATCH]), self._wanted)
            for start in range(0, len(images), BATCH)
        ]
        probabilities, features = zip(*parts, strict=True)
        return np.concatenate(probabilities), np.concatenate(features)


def load_classifier(run: Run) -> Classifier:
    """The classifier of a run. Raises RunError where it has none or its file was changed.

    The hash is checked first, because LiteRT is native code and a run's folder may be damaged.
    """
    if not run.usable:
        raise RunError(f"The run {run.name!r} has no network to classify with ({run.state}).")
    return _load(run, _policy(run))


def _load(run: Run, policy: RejectionPolicy = UNFITTED) -> Classifier:
    check_run_file(run, "model.tflite")
    return Classifier(run.path / "model.tflite", policy)


def _policy(run: Run) -> RejectionPolicy:
    """What the run's verdict.json says; one that was trained before there were any has none."""
    if "verdict.json" not in run.files:
        return UNFITTED
    path = run.path / "verdict.json"
    try:
        text = read_file(path)
        known = run.files["verdict.json"], read_run(run.path).files.get("verdict.json")
        # either hash: it may have been fitted anew since the run was read
        if hashlib.sha256(text).hexdigest() in known:
            return RejectionPolicy.from_dict(json.loads(text))
    except OSError as error:
        raise RunError(
            f"The run {run.name!r} is gone or cannot be read: verdict.json ({error.strerror})."
        ) from None
    except (ValueError, RecursionError):
        pass
    raise RunError(f"The run {run.name!r} is damaged: verdict.json was changed.")


def fit_rejection(run: Run, images: np.ndarray, labels: np.ndarray) -> None:
    """Fit the run's rejection policy on images it was not trained on; written as verdict.json.

    images (N, 28, 28) uint8, labels (N,). Raises RunError where the run has no network or its
    folder cannot be written.
    """
    if "model.tflite" not in run.files:  # it need not be usable yet: a training calls this, too
        raise RunError(f"The run {run.name!r} has no network to classify with ({run.state}).")
    policy = fit_rejection_policy(_load(run), images, labels)
    try:
        write_json(run.path / "verdict.json", policy.to_dict())
        digest = sha256_of(run.path / "verdict.json")
        write_run_info(run.path, files={**run.files, "verdict.json": digest})
    except OSError as error:
        raise RunError(
            f"The folder of the run {run.name!r} cannot be written ({error.strerror})."
        ) from None


def load_classifier_for_command(name: str) -> Classifier:
    """The classifier of the run of that name, for a command: LiteRT's notices are dropped.

    Raises RunError as `load_classifier` does, and where there is no such run.
    """
    with quiet():
        classifier = load_classifier(find_run(name))
        classifier(np.zeros((1, 28, 28), np.uint8))  # LiteRT says a word on its first call
    return classifier
