"""A first layer that is computed from the images instead of learnt.

Its filters are the directions in which the images' patches differ most, each scaled to unit power
and once with either sign, so that the layer after it gets evenly distributed inputs from the first
step on (Jordan, "94% on CIFAR-10 in 3.29 seconds", arXiv 2404.00498, section 3.2). What is not
learnt needs no gradients, neither its own nor those of its inputs, and no batch normalisation: a
quarter of a small network's step.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def whiten_first_layer(model: "keras.Model", images: np.ndarray) -> None:
    """Give the convolution named "whitening" its filters: for (N, 28, 28) uint8 training images.

    It has to be the first layer, on one channel and without padding or bias, with an even number of
    filters: those of the second half are those of the first with the other sign.
    """
    layer = model.get_layer("whitening")
    (size, _), step, half = layer.kernel_size, layer.strides[0], layer.filters // 2
    some = images[:2000].astype(np.float32) / 255  # enough for a matrix of 36x36
    windows = np.lib.stride_tricks.sliding_window_view(some, (size, size), axis=(1, 2))
    patches = windows[:, ::step, ::step].reshape(-1, size * size)
    power, directions = np.linalg.eigh(patches.T @ patches / len(patches))  # ascending
    filters = (directions / np.sqrt(power + 5e-4))[:, : -half - 1 : -1]
    kernel = np.concatenate([filters, -filters], axis=1)
    layer.set_weights([kernel.reshape(size, size, 1, 2 * half)])
