"""Epochs of freshly rendered training images, made in other processes while the network learns.

A whole epoch is handed over as arrays. As a `keras.utils.PyDataset`, one of `robust` took twice as
long on two cores (180 s against 92 s), nearly all of the difference inside the kernel.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import resource_tracker

import numpy as np

from fmnist.standard_augmentation import epoch_order
from fmnist.stylised import end_with, render_seeded

__all__ = ["RenderedImages"]

CHUNK = 1_024  # rendered at a time; enough that sending them costs little


class RenderedImages:
    """The training images in a new order and new renderings in every epoch.

    The same seed gives the same epochs, however many processes render. Close it after use.
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, seed: int, epochs: int, first: int = 0
    ):
        """images (N, 28, 28) uint8, labels (N,) uint8.

        epochs: how many the training has; first: the one (0, 1, ...) that is asked for first
        """
        self._images, self._labels, self._seed = images, labels, seed
        self._epochs = epochs
        # spawn, because TensorFlow's threads do not survive a fork
        self._pool = ProcessPoolExecutor(
            max_workers=max(1, (os.cpu_count() or 1) - 1),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=end_with,
            initargs=(os.getpid(),),
        )
        self._epoch = first
        with _without_ctrl_c():
            self._chunks = self._submit(first)

    def next_epoch(
        self, while_waiting: Callable[[], None] = lambda: None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next epoch, in order: (N, 28, 28) uint8, (N,) as given; the one after it is begun.

        Calls `while_waiting` after each chunk; what it raises ends the wait.
        """
        made = []
        for chunk in self._chunks:
            made.append(chunk.result())
            while_waiting()
        self._epoch += 1
        self._chunks = self._submit(self._epoch) if self._epoch < self._epochs else []
        images, labels = zip(*made, strict=True)
        return np.concatenate(images), np.concatenate(labels)

    def close(self) -> None:
        """End the rendering processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, epoch: int) -> list[Future]:
        order = epoch_order(len(self._images), self._seed, epoch)
        return [
            self._pool.submit(
                render_seeded, self._images[part], self._labels[part], [self._seed, epoch, start]
            )
            for start in range(0, len(order), CHUNK)
            for part in [order[start : start + CHUNK]]
        ]


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes started in here never see Ctrl-C, which a terminal sends to all of them.

    What it means is the training's to say; a rendering process that ends would break the epoch.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would unblock the signal when it is first started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
