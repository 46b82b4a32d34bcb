"""What the first layer looks for: its filters, and what they make of one validation image.

`lens.npz` in a run's folder, replaced after each epoch, so that a page can show it without Keras.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.files import replace_file
from fmnist.runs.run import Run

__all__ = [
    "FEATURE_MAPS_FILE",
    "SHOWN_IMAGE",
    "FeatureMaps",
    "load_feature_maps",
    "save_feature_maps",
]

FEATURE_MAPS_FILE = "lens.npz"
SHOWN_IMAGE = 6  # which validation image is looked at: an ankle boot
MAX_FILTERS = 64  # filters that are kept


@dataclass(frozen=True)
class FeatureMaps:
    """The first convolution.

    filters: (F, K, K) float32 weights; activations: (F, H, W) float32, at least 0 (after ReLU),
    without what comes behind the convolution (batch normalisation)
    """

    filters: np.ndarray
    activations: np.ndarray


def save_feature_maps(path: Path, model, image: np.ndarray) -> None:
    """Write the first convolution of a Keras model and its view of (28, 28) uint8.

    Nothing where a network begins otherwise.
    """
    import keras

    from fmnist.data import scale

    first = next((layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)), None)
    if first is None or first.kernel.shape[2] != 1:
        return
    # called as a layer: a network of its own for it would be traced anew after every epoch
    made = first(scale(image[np.newaxis]))  # (1, H, W, F)
    made = keras.ops.convert_to_numpy(keras.ops.cast(made, "float32"))[0]
    kernel = keras.ops.convert_to_numpy(first.kernel.value)[:, :, 0]  # (K, K, F)
    arrays = {
        "filters": kernel.transpose(2, 0, 1)[:MAX_FILTERS].astype(np.float32),
        "activations": np.maximum(made, 0).transpose(2, 0, 1)[:MAX_FILTERS].astype(np.float32),
    }
    replace_file(path / FEATURE_MAPS_FILE, lambda part: np.savez(part, **arrays))


def load_feature_maps(run: Run) -> FeatureMaps | None:
    """What the run's folder holds; None where there is nothing, or nothing sound."""
    try:
        with (
            (run.path / FEATURE_MAPS_FILE).open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            maps = FeatureMaps(stored["filters"], stored["activations"])
    except Exception:  # zipfile, zlib, KeyError, ValueError, OSError: nothing to show
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
