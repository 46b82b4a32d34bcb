"""One epoch of learning, batch by batch, and judging what was learnt.

Not `model.fit`: a training can be stopped, paused and told another rate between two batches, goes
on exactly where it was killed, and renders new images for every epoch, for each of which one `fit`
would wait up to 45 s for tf.data's idle threads (TensorFlow 2.21, in one epoch of three).
`train_on_batch` is as fast.
"""

from collections.abc import Callable

import numpy as np

from fmnist.data import CLASS_NAMES, scale
from fmnist.schedules import learning_rate
from fmnist.settings import TrainSettings
from fmnist.standard_augmentation import augment, epoch_order

__all__ = [
    "Stopped",
    "answers",
    "bare",
    "compile_model",
    "epoch_images",
    "fit_epoch",
    "judge",
    "learner",
    "targets",
]

AT_ONCE = 500  # images that are answered together


class Stopped(Exception):
    """The user asked the training to end and to keep what it has learnt."""


def learner(settings: TrainSettings):
    """A new Keras model that can learn as the settings say; its weights are those of `bare`."""
    import keras

    from fmnist.architectures import NETWORKS, build
    from fmnist.fused_batch_norm import fused

    model = build(settings.network)
    if NETWORKS[settings.network].normalised and keras.backend.backend() == "tensorflow":
        model = fused(model)
    compile_model(model, settings)
    return model


def compile_model(model, settings: TrainSettings) -> None:
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


def targets(labels: np.ndarray, settings: TrainSettings) -> np.ndarray:
    """(N,) labels as the loss wants them: as they are, or (N, 10) float32 of 0 and 1 to smooth."""
    if not settings.label_smoothing:
        return labels
    return np.eye(len(CLASS_NAMES), dtype=np.float32)[labels]


def epoch_images(
    images: np.ndarray, labels: np.ndarray, settings: TrainSettings, epoch: int
) -> tuple[np.ndarray, np.ndarray]:
    """What epoch `epoch` (0, 1, ...) learns from, in its order; the seed decides all of it.

    images (T, 28, 28) uint8, labels (T,): the training images. Returns new arrays of the same
    shapes. Renderings are made elsewhere (`feeding`).
    """
    order = epoch_order(len(images), settings.seed, epoch)
    rng = np.random.default_rng([settings.seed, epoch, 1])
    shown = augment(images[order], rng, settings.mirror, settings.shift, settings.erasing)
    return shown, labels[order]


def fit_epoch(
    model,
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
        values = model.train_on_batch(x, targets(y, settings), return_dict=True)
        learnt.add(values, len(y))
        after_batch(batch, learnt.values, rate)
    return learnt.values


def bare(model, settings: TrainSettings):
    """The network to keep: what `model` has learnt, in 32 bits, not compiled.

    So it is saved without the optimizer's moments. It looks as often as the settings say.
    """
    import keras

    from fmnist.architectures import build, looking_again

    keras.mixed_precision.set_global_policy("float32")
    network = build(settings.network)
    network.set_weights(model.get_weights())
    if not settings.looks_again:
        return network
    return looking_again(network, settings.second_look, settings.looks_shift)


def answers(
    model,
    images: np.ndarray,
    check: Callable[[], None] = lambda: None,
    *,
    second_look: bool = False,
) -> np.ndarray:
    """The probabilities (N, 10) float32 of (N, 28, 28) uint8; calls `check` now and then.

    second_look: as `architectures.looking_again` answers with mirrored looks

    `model.predict` would build its pipeline anew each time.
    """
    said = []
    for start in range(0, len(images), AT_ONCE):
        check()
        x = scale(images[start : start + AT_ONCE])
        one = model.predict_on_batch(x)
        if second_look:  # a mean of logits is a geometric mean of probabilities
            one = np.sqrt(one * model.predict_on_batch(np.ascontiguousarray(x[:, :, ::-1])))
            one /= one.sum(axis=1, keepdims=True)
        said.append(one)
    return np.concatenate(said)


def judge(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy and loss (mean cross-entropy in nats) of (N, 10) probabilities, (N,) labels."""
    true = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        # Keras' own floor, which keeps a probability of 0 from making the mean infinite
        "loss": float(-np.log(np.maximum(true, 1e-7)).mean()),
    }


class _Mean:
    """Keras gives each batch's own values; this averages them over the images seen."""

    def __init__(self):
        self._sums, self._count = {}, 0

    def add(self, values: dict[str, float], count: int) -> None:
        self._count += count
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value) * count

    @property
    def values(self) -> dict[str, float]:
        means = {name: total / self._count for name, total in self._sums.items()}
        loss = means.pop("cross_entropy", means.get("loss"))
        return {"accuracy": means["accuracy"], "loss": loss}
