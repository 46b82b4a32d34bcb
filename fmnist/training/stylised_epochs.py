"""Epochs of freshly stylised training images, made in other processes while the network learns.

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

from fmnist.augmentation.standard import shuffle_epoch
from fmnist.augmentation.stylised import stylise_images
from fmnist.machine import available_cores
from fmnist.processes import exit_with_parent

CHUNK = 1_024  # stylised at a time; enough that sending them costs little
# makes images and labels of a chunk's, by random numbers from a seed
MakeChunk = Callable[[np.ndarray, np.ndarray, list[int]], tuple[np.ndarray, np.ndarray]]


def _own_cores() -> int:
    """The cores of this training; a sweep, which trains several at once, gives each a part."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(available_cores(), int(given)) if given.isdecimal() else available_cores()


class StylisedEpochs:
    """The training images in a new order and stylised anew in every epoch.

    The same seed gives the same epochs, however many processes work. Close it after use.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        seed: int,
        epochs: int,
        first: int = 0,
        make: "MakeChunk | None" = None,
    ):
        """images (N, 28, 28) uint8, labels (N,) uint8.

        epochs: how many the training has; first: the one (0, 1, ...) that is asked for first
        make: a function of a module, as `stylise_chunk`, which it is by itself
        """
        self._images, self._labels, self._seed = images, labels, seed
        self._epochs, self._make = epochs, make or stylise_chunk
        # spawn, because TensorFlow's threads do not survive a fork
        self._pool = ProcessPoolExecutor(
            max_workers=max(1, _own_cores() - 1),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=exit_with_parent,
            initargs=(os.getpid(),),
        )
        self._epoch = first
        with _without_ctrl_c():
            self._chunks = self._submit(first)

    def next_epoch(
        self, while_waiting: Callable[[], None] = lambda: None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next epoch, in order: (N, 28, 28) uint8, (N,) uint8; the one after it is begun.

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
        """End the processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, epoch: int) -> list[Future]:
        order = shuffle_epoch(len(self._images), self._seed, epoch)
        return [
            self._pool.submit(
                self._make, self._images[part], self._labels[part], [self._seed, epoch, start]
            )
            for start in range(0, len(order), CHUNK)
            for part in [order[start : start + CHUNK]]
        ]


def stylise_chunk(
    images: np.ndarray, labels: np.ndarray, seed: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """`stylise_images` with random numbers of its own; returns the labels, too."""
    return stylise_images(images, labels, np.random.default_rng(seed)), labels


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes started in here never see Ctrl-C, which a terminal sends to all of them.

    What it means is the training's to say; a process of the pool that ends would break the epoch.
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
