"""Batches of freshly rendered training images, made in other processes while the network learns."""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor

import keras
import numpy as np

from fmnist.data import scale
from fmnist.renderings import end_with, render_seeded

__all__ = ["RenderedImages"]

BATCHES_A_CHUNK = 8  # rendered at a time; enough that sending them costs little


class RenderedImages(keras.utils.PyDataset):
    """The training images in a new order and new renderings in every epoch.

    The same seed gives the same batches, however many processes render. Close it after use.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, batch_size: int, seed: int):
        """images (N, 28, 28) uint8, labels (N,) uint8."""
        super().__init__(workers=1)
        self._images, self._labels = images, labels
        self._batch_size, self._seed = batch_size, seed
        # spawn, because TensorFlow's threads do not survive a fork
        self._pool = ProcessPoolExecutor(
            max_workers=max(1, (os.cpu_count() or 1) - 1),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=end_with,
            initargs=(os.getpid(),),
        )
        self._epoch = 0
        self._chunks = self._submit(0)
        self._next = self._submit(1)

    def __len__(self) -> int:
        return -(-len(self._images) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `index` of the running epoch: (B, 28, 28, 1) float32, (B,) uint8."""
        images, labels = self._chunks[index // BATCHES_A_CHUNK].result()
        start = index % BATCHES_A_CHUNK * self._batch_size
        part = slice(start, start + self._batch_size)
        return scale(images[part]), labels[part]

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's renderings and have those after them begun."""
        self._epoch += 1
        self._chunks, self._next = self._next, self._submit(self._epoch + 1)

    def close(self) -> None:
        """End the rendering processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, epoch: int) -> list[Future]:
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._images))
        size = BATCHES_A_CHUNK * self._batch_size
        return [
            self._pool.submit(
                render_seeded, self._images[part], self._labels[part], [self._seed, epoch, start]
            )
            for start in range(0, len(order), size)
            for part in [order[start : start + size]]
        ]
