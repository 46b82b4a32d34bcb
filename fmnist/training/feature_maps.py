"""What the first layer looks for: its filters, and what they make of one validation image.

`feature_maps.npz` in a run's folder, replaced after each epoch, so that a page can show it
without Keras.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist.data import scale
from fmnist.files import read_arrays, save_arrays
from fmnist.runs.run import Run

if TYPE_CHECKING:
    import keras

FEATURE_MAPS_FILE = "feature_maps.npz"
FORMER_FILE = "lens.npz"  # of runs that were trained with an earlier version
SHOWN_IMAGE = 6  # the validation image that is shown: an ankle boot
MAX_FILTERS = 64  # filters that are kept


@dataclass(frozen=True)
class FeatureMaps:
    """The first convolution.

    filters: (F, K, K) float32 weights; activations: (F, H, W) float32, at least 0 (after ReLU),
    without what comes behind the convolution (batch normalisation)
    """

    filters: np.ndarray
    activations: np.ndarray


def save_feature_maps(path: Path, model: "keras.Model", image: np.ndarray) -> None:
    """Write the first convolution of a Keras model and its activations for (28, 28) uint8.

    Nothing where a network begins otherwise.
    """
    import keras

    unchanged = keras.layers.InputLayer | keras.layers.Dropout
    first = next(layer for layer in model.layers if not isinstance(layer, unchanged))
    if not isinstance(first, keras.layers.Conv2D):
        return
    # called as a layer: a network of its own for it would be traced anew after every epoch
    made = first(scale(image[np.newaxis]))  # (1, H, W, F)
    made = keras.ops.convert_to_numpy(keras.ops.cast(made, "float32"))[0]
    kernel = keras.ops.convert_to_numpy(first.kernel.value)[:, :, 0]  # (K, K, F)
    filters = kernel.transpose(2, 0, 1)[:MAX_FILTERS].astype(np.float32)
    activations = np.maximum(made, 0).transpose(2, 0, 1)[:MAX_FILTERS].astype(np.float32)
    save_arrays(path / FEATURE_MAPS_FILE, filters=filters, activations=activations)


def load_feature_maps(run: Run) -> FeatureMaps | None:
    """What the run's folder holds; None where there is nothing, or nothing sound."""
    file = run.path / FEATURE_MAPS_FILE
    if not file.exists():
        file = run.path / FORMER_FILE
    try:
        maps = FeatureMaps(**read_arrays(file, "filters", "activations"))
    except (OSError, ValueError):
        return None
    sound = (
        maps.filters.ndim == maps.activations.ndim == 3
        and 0 < len(maps.filters) == len(maps.activations) <= MAX_FILTERS
        and maps.filters.size + maps.activations.size < 1_000_000
        and maps.filters.dtype == maps.activations.dtype == np.float32
        and np.isfinite(maps.filters).all()
        and np.isfinite(maps.activations).all()
    )
    return maps if sound else None
