"""The training loop on renderings, where Keras' own would lose time."""

import contextlib
import threading
from collections.abc import Callable

import numpy as np

from fmnist.data import scale
from fmnist.feeding import RenderedImages
from fmnist.settings import TrainSettings

__all__ = ["VALIDATION_BATCH", "Stopped", "fit_rendered"]

VALIDATION_BATCH = 500


class Stopped(Exception):
    """The user asked the training to end and to keep what it has learnt."""


def fit_rendered(
    model,
    images: np.ndarray,
    labels: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray] | None,
    settings: TrainSettings,
    asked_to_stop: threading.Event,
    progress,
) -> None:
    """What `model.fit` does, on renderings of (T, 28, 28) uint8 that are new in every epoch.

    validation: (V, 28, 28, 1) float32 and (V,) labels, or None; progress: a Keras callback, whose
    epochs and batches are reported. Raises Stopped soon after `asked_to_stop` is set.

    Batch by batch, because one `fit` an epoch makes tf.data anew each time, and waits up to 45 s
    for its idle threads to end (TensorFlow 2.21, in one epoch of three).
    """

    def check():
        if asked_to_stop.is_set():
            raise Stopped

    size = settings.batch_size
    with contextlib.closing(
        RenderedImages(images, labels, settings.seed, settings.epochs)
    ) as rendered:
        for epoch in range(settings.epochs):
            shown, names = rendered.next_epoch(check)
            progress.on_epoch_begin(epoch)
            learnt = _Mean()
            for batch, start in enumerate(range(0, len(shown), size)):
                x, y = scale(shown[start : start + size]), names[start : start + size]
                learnt.add(model.train_on_batch(x, y, return_dict=True), len(y))
                progress.on_train_batch_end(batch, learnt.values)
            logs = learnt.values
            if validation is not None:
                judged = _validate(model, *validation, check)
                logs.update({f"val_{name}": value for name, value in judged.items()})
            progress.on_epoch_end(epoch, logs)


def _validate(
    model, images: np.ndarray, labels: np.ndarray, check: Callable[[], None]
) -> dict[str, float]:
    """Loss and accuracy on (V, 28, 28, 1) float32 and (V,) labels; calls `check` in between."""
    judged = _Mean()
    for start in range(0, len(images), VALIDATION_BATCH):
        check()
        x, y = images[start : start + VALIDATION_BATCH], labels[start : start + VALIDATION_BATCH]
        judged.add(model.test_on_batch(x, y, return_dict=True), len(y))
    return judged.values


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
        return {name: total / self._count for name, total in self._sums.items()}
