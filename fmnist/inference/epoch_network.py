"""A network as it was after one epoch of its training: `weights-0007.npz` in its run's folder.

The training writes its layers with their weights, epoch 0 being before the first step. They are
computed with NumPy here, so that a page can follow a picture through a network that still learns.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from fmnist.errors import RunError
from fmnist.files import read_arrays, save_arrays
from fmnist.inference.activations import compute_outputs
from fmnist.inference.graph import GraphLayer
from fmnist.inference.training_layers import training_layers
from fmnist.runs.run import Run

NAME = re.compile(r"weights-(\d{4})\.npz")
MOST_EPOCHS = 60  # that are kept of a run, about
MOST_BYTES = 2**25  # that they take together, about; a larger network keeps none
# of all layers' outputs together, and of the windows of one: no network of one's own has as many
MOST_LAYERS, MOST_NUMBERS = 200, 50_000_000
LISTS = ("inputs", "shape", "size", "stride", "padding")
FIELDS = ("kind", "relu", *LISTS)
NO_NETWORK = "The network after this epoch cannot be read; choose another epoch."


class EpochNetwork:
    """A network whose layers can be looked at, as `activations.LayeredNetwork`, after one epoch."""

    def __init__(self, run: Run, epoch: int):
        """Load it. Raises RunError where the run did not keep it, or where it is damaged."""
        self.name = run.settings.network if run.settings else ""
        self._last: tuple[bytes, list[np.ndarray]] = b"", []  # a page asks once a second
        try:
            layers = _read_layers(epoch_file(run.path, epoch))
            self.layers = training_layers(layers, run.settings) if run.settings else layers
            self(np.zeros((28, 28), np.uint8))  # weights that do not fit are found now
        except (OSError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
                TypeError, ValueError):  # fmt: skip
            raise RunError(NO_NETWORK) from None

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """The output of each layer for (28, 28) uint8: float32, (H, W, C) or (N,)."""
        last, key = self._last, pixels.tobytes()
        if last[0] != key:
            last = self._last = key, compute_outputs(self.layers, pixels)
        return last[1]


def epoch_file(path: Path, epoch: int) -> Path:
    """Where the run at `path` keeps its network after an epoch, 0 for before the first."""
    return path / f"weights-{epoch:04}.npz"


def list_kept_epochs(run: Run) -> list[int]:
    """The epochs that a run has kept its network of, in their order. Never raises."""
    try:
        found = [NAME.fullmatch(path.name) for path in run.path.iterdir()]
    except OSError:
        return []
    return sorted(int(name[1]) for name in found if name)


def keep_every(epochs: int, weights: int) -> int:
    """Every how many epochs a training of so many keeps its `weights` numbers; 0 for never."""
    size = 4 * weights
    if size > MOST_BYTES:
        return 0
    return max(1, math.ceil(epochs / MOST_EPOCHS), math.ceil(epochs * size / MOST_BYTES))


def write_layers(file: Path, layers: tuple[GraphLayer, ...]) -> None:
    """Keep layers with their weights, all or none. Raises OSError."""
    arrays = {
        f"{name}{at}": value
        for at, layer in enumerate(layers)
        for name in ("kernel", "bias")
        if (value := getattr(layer, name)) is not None
    }
    told = [{name: getattr(layer, name) for name in FIELDS} for layer in layers]
    save_arrays(file, layers=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)


def _read_layers(file: Path) -> tuple[GraphLayer, ...]:
    """What `write_layers` kept. Raises OSError, ValueError, TypeError or LookupError."""
    arrays = read_arrays(file)
    layers: list[GraphLayer] = []
    numbers = 0
    for at, told in enumerate(json.loads(arrays["layers"].tobytes())):
        values: dict[str, Any] = {
            name: tuple(told[name]) if name in LISTS else told[name] for name in FIELDS
        }
        kernel, bias = (arrays.get(f"{name}{at}") for name in ("kernel", "bias"))
        for array in (kernel, bias):
            if array is not None and (array.dtype != np.float32 or not np.isfinite(array).all()):
                raise ValueError("weights are finite 32-bit numbers")
        layer = GraphLayer(**values, operation="", tensors=(), kernel=kernel, bias=bias)
        places = (*layer.size, *layer.stride, *layer.padding)
        numbers += math.prod(layer.shape)
        windows = 0
        if len(layer.shape) == 3 and layer.inputs:
            deep = max(layers[source].shape[-1] for source in layer.inputs)
            windows = math.prod((*layer.shape[:2], *layer.size, deep))
        large = at == MOST_LAYERS or max(numbers, windows) > MOST_NUMBERS
        if large or not all(0 <= place <= 28 for place in places):
            raise ValueError("no network is as large")
        layers.append(layer)
    return tuple(layers)
