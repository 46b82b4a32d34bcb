"""One epoch of learning, batch by batch, and the evaluation of what was learnt.

Not `model.fit`: a training can be stopped, paused and told another rate between two batches, goes
on exactly where it was killed, and renders new images for every epoch, for each of which one `fit`
would wait up to 45 s for tf.data's idle threads (TensorFlow 2.21, in one epoch of three).
`train_on_batch` is as fast.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.augmentation.standard import augment_images, shuffle_epoch
from fmnist.data import CLASS_NAMES, scale
from fmnist.runs.library import find_initial_runs
from fmnist.runs.run import find_keras_file
from fmnist.settings import TrainSettings
from fmnist.training.schedules import learning_rate

if TYPE_CHECKING:
    import keras

PREDICTION_BATCH = 500  # images


class Stopped(Exception):
    """The user asked the training to end and to keep what it has learnt."""


def build_training_model(settings: TrainSettings) -> "keras.Model":
    """A new compiled Keras model, with the weights in the order of `strip_training_layers`."""
    import keras

    from fmnist.networks.fused_batch_norm import fuse_batch_norm

    model = settings.architecture.builder()
    if settings.architecture.batch_norm and keras.backend.backend() == "tensorflow":
        model = fuse_batch_norm(model)
    compile_model(model, settings)
    # with all variables made beforehand TensorFlow traces the first step once and not twice
    model.optimizer.build(model.trainable_variables)
    one = np.full((1, len(CLASS_NAMES)), 0.1, np.float32)
    model.compute_metrics(None, encode_targets(np.zeros(1, np.uint8), settings), one)
    model.reset_metrics()
    return model


def compile_model(model: "keras.Model", settings: TrainSettings) -> None:
    """Give a new Keras model the optimizer and the loss that the settings name."""
    from keras import losses, metrics, optimizers

    if settings.optimizer == "sgd":
        decay = settings.weight_decay or None
        optimizer = optimizers.SGD(momentum=0.9, nesterov=True, weight_decay=decay)
    elif settings.weight_decay == 0:
        optimizer = optimizers.Adam()
    else:
        optimizer = optimizers.AdamW(weight_decay=settings.weight_decay)
    if settings.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if settings.label_smoothing:  # its loss cannot reach 0, so cross-entropy is shown beside it
        loss = losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
        shown = metrics.CategoricalCrossentropy(name="cross_entropy")
        model.compile(optimizer, loss, metrics=["accuracy", shown])
    else:
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])


def set_first_weights(model: "keras.Model", settings: TrainSettings, images: np.ndarray) -> None:
    """Set those weights of a new model that are not random: images (N, 28, 28) uint8 to train on.

    They are those of the runs that the settings begin with, or else a first layer that is computed
    from the images. Raises RunError where the runs have other layers or are not there.
    """
    from fmnist.networks.architectures import set_initial_weights
    from fmnist.networks.whitening import whiten_first_layer

    if settings.initial:
        files = [find_keras_file(run) for run in find_initial_runs(settings)]
        set_initial_weights(model, mean_weights(files))
    elif settings.architecture.whitens:
        whiten_first_layer(model, images)


def mean_weights(files: list[Path]) -> list[np.ndarray]:
    """The mean of some networks' weights, layer by layer.

    Networks that were trained on from one another lie in one basin, where the mean of them is
    often better than each (Wortsman et al., "Model soups", arXiv 2203.05482).
    """
    import keras

    each = [keras.models.load_model(file, compile=False).get_weights() for file in files]
    return [np.mean(layer, axis=0) for layer in zip(*each, strict=True)]


def encode_targets(labels: np.ndarray, settings: TrainSettings) -> np.ndarray:
    """(N,) labels as the loss wants them: as they are, or (N, 10) float32 of 0 and 1 to smooth."""
    if not settings.label_smoothing:
        return labels
    return np.eye(len(CLASS_NAMES), dtype=np.float32)[labels]


def augment_epoch(
    images: np.ndarray, labels: np.ndarray, settings: TrainSettings, epoch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle and augment (T, 28, 28) uint8 and (T,) labels for epoch `epoch` (0, 1, ...).

    The seed decides all of it. Returns new arrays of the same shapes. Stylised images are made
    elsewhere (`stylised_epochs`).
    """
    order = shuffle_epoch(len(images), settings.seed, epoch)
    rng = np.random.default_rng([settings.seed, epoch, 1])
    mirror, shift, erasing = settings.mirror, settings.shift, settings.erasing
    return augment_images(images[order], rng, mirror, shift, erasing), labels[order]


def fit_epoch(
    model: "keras.Model",
    images: np.ndarray,
    labels: np.ndarray,
    settings: TrainSettings,
    epoch: int,
    after_batch: Callable[[int, dict[str, float], float], None] = lambda *_: None,
) -> dict[str, float]:
    """Learn from (T, 28, 28) uint8 and (T,) labels in their order; epoch: 0, 1, ...

    Returns accuracy and loss (cross-entropy, without smoothing) over the epoch, as they were
    before each batch was learnt from. Calls `after_batch(batch, values so far, rate)`; what that
    raises ends the epoch.
    """
    size = settings.batch_size
    steps = -(-len(images) // size)
    learnt = _Mean()
    for batch, start in enumerate(range(0, len(images), size)):
        rate = learning_rate(settings, epoch * steps + batch, steps)
        model.optimizer.learning_rate = rate
        x = scale(images[start : start + size])  # (B, 28, 28, 1) float32
        y = labels[start : start + size]
        values = model.train_on_batch(x, encode_targets(y, settings), return_dict=True)
        learnt.add(values, len(y))
        after_batch(batch, learnt.values, rate)
    return learnt.values


def strip_training_layers(model: "keras.Model", settings: TrainSettings) -> "keras.Model":
    """The network to save: Keras' own layers in 32 bits, no optimizer, with TTA where it is set."""
    import keras

    from fmnist.networks.architectures import with_tta

    keras.mixed_precision.set_global_policy("float32")
    network = settings.architecture.builder()
    network.set_weights(model.get_weights())
    if not settings.uses_tta:
        return network
    return with_tta(network, settings.tta_flip, settings.tta_shift_pixels)


def predict_probabilities(
    model: "keras.Model",
    images: np.ndarray,
    check: Callable[[], None] = lambda: None,
    *,
    tta_flip: bool = False,
) -> np.ndarray:
    """Predict (N, 10) float32 of (N, 28, 28) uint8; calls `check` before each batch.

    tta_flip: average with the mirrored images, as `architectures.with_tta` does.
    `model.predict` would build its pipeline anew each time.
    """
    parts = []
    for start in range(0, len(images), PREDICTION_BATCH):
        check()
        x = scale(images[start : start + PREDICTION_BATCH])  # (B, 28, 28, 1) float32
        probabilities = model.predict_on_batch(x)  # (B, 10)
        if tta_flip:  # a mean of logits is a geometric mean of probabilities
            flipped = model.predict_on_batch(np.ascontiguousarray(x[:, :, ::-1]))
            probabilities = np.sqrt(probabilities * flipped)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        parts.append(probabilities)
    return np.concatenate(parts)


def evaluate_predictions(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy and loss (mean cross-entropy in nats) of (N, 10) probabilities and (N,) labels."""
    true = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        # Keras' own floor, which keeps a probability of 0 from making the mean infinite
        "loss": float(-np.log(np.maximum(true, 1e-7)).mean()),
    }


class _Mean:
    """Keras gives each batch's own values; this averages them over the images seen."""

    def __init__(self):
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, values: dict[str, float], count: int) -> None:
        self._count += count
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value) * count

    @property
    def values(self) -> dict[str, float]:
        means = {name: total / self._count for name, total in self._sums.items()}
        loss = means.pop("cross_entropy", means["loss"])
        return {"accuracy": means["accuracy"], "loss": loss}
