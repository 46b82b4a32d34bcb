"""What every layer of a network makes of one picture, and the sums that it is made of.

The values are LiteRT's own. It joins ReLU with the layer before; what was there before ReLU is
computed again with NumPy, from the layer's input, kernel and bias.
"""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fmnist.data import scale
from fmnist.inference.graph import GraphLayer, read_graph
from fmnist.inference.training_layers import training_layers
from fmnist.networks.litert import LiteRT
from fmnist.runs.run import Run, check_run_file


class LayeredNetwork:
    """A network whose layers can be looked at. May be shared by threads."""

    def __init__(self, run: Run):
        """Load a run's network. Raises RunError where it has none or its file was changed."""
        check_run_file(run, "model.tflite")  # LiteRT is native code
        path = run.path / "model.tflite"
        self.name = run.settings.network if run.settings else ""  # in `NETWORKS`
        layers = read_graph(path)
        self.layers = training_layers(layers, run.settings) if run.settings else layers
        name = f"The network {path.name}"
        # every layer's output is kept on purpose; for good, as filters for a while suit no threads
        warnings.filterwarnings("ignore", "Warning: Enabling .experimental_preserve", UserWarning)
        self._network = LiteRT(path, name, 1, experimental_preserve_all_tensors=True)
        # about: the kernels here, LiteRT's, and as it packs them
        self.nbytes = 3 * path.stat().st_size

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """The output of each layer for (28, 28) uint8: float32, (H, W, C) or (N,).

        Of a layer that adds views up: (1 + V, N), its output and those of the V views.
        """
        tensors = [index for layer in self.layers for index in layer.tensors]
        read = iter(self._network(scale(pixels[np.newaxis]), tensors))
        found = [np.concatenate([next(read) for _ in layer.tensors]) for layer in self.layers]
        return [one if len(one) > 1 else one[0] for one in found]


def compute_outputs(layers: tuple[GraphLayer, ...], pixels: np.ndarray) -> list[np.ndarray]:
    """What each layer makes of (28, 28) uint8, by NumPy: float32, (H, W, C) or (N,).

    For layers without several views. Raises ValueError where one is not of its shape.
    """
    found: list[np.ndarray] = []
    for layer in layers:
        inputs = [found[at] for at in layer.inputs]
        sums = compute_sums(layer, inputs) if inputs else scale(pixels[np.newaxis])[0]
        if sums is None:
            found.append(_COMPUTED[layer.kind](layer, inputs))
        else:
            found.append(np.maximum(sums, 0) if layer.relu else sums)
        if found[-1].shape != layer.shape:
            raise ValueError("a layer makes another shape than it says")
    return found


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


# kinds that add nothing up
_COMPUTED: dict[str, Callable[[GraphLayer, list[np.ndarray]], np.ndarray]] = {
    "dropout": lambda _, made: made[0],
    "max_pool": lambda layer, made: cut_windows(layer, made[0]).max(axis=(3, 4)),
    "average_pool": lambda layer, made: cut_windows(layer, made[0]).mean(axis=(3, 4)),
    "global_max": lambda _, made: made[0].max(axis=(0, 1)),
    "global_average": lambda _, made: made[0].mean(axis=(0, 1)),
    "reshape": lambda _, made: made[0].ravel(),
    "concat": lambda _, made: np.concatenate(made, axis=-1),
    "tanh": lambda _, made: np.tanh(made[0]),
    "sigmoid": lambda _, made: 1 / (1 + np.exp(-made[0])),
    "softmax": lambda _, made: _softmax(made[0]),
}


def compute_sums(layer: GraphLayer, inputs: list[np.ndarray]) -> np.ndarray | None:
    """A layer's output before its ReLU, (H, W, C) or (N,) float32, computed from its inputs.

    None for a layer that adds nothing up.
    """
    if layer.kind == "add":
        return inputs[0] + inputs[1]
    if layer.kind == "relu":
        return inputs[0]
    if layer.kernel is None:
        return None
    bias = np.float32(0) if layer.bias is None else layer.bias
    if layer.kind == "batch_norm":
        return inputs[0] * layer.kernel + bias
    if layer.kind == "dense":
        return layer.kernel @ inputs[0] + bias
    windows = cut_windows(layer, inputs[0])  # (H, W, C, kh, kw)
    if layer.kind == "depthwise":
        return np.einsum("hwckl,klc->hwc", windows, layer.kernel) + bias
    filters, high, wide, channels = layer.kernel.shape
    flat = windows.transpose(0, 1, 3, 4, 2).reshape(-1, high * wide * channels)
    return (flat @ layer.kernel.reshape(filters, -1).T + bias).reshape(layer.shape)


def cut_windows(layer: GraphLayer, made: np.ndarray) -> np.ndarray:
    """The part of (H, W, C) that each pixel of a layer is computed from: (h, w, C, kh, kw)."""
    around = []
    for axis in (0, 1):
        reach = (layer.shape[axis] - 1) * layer.stride[axis] + layer.size[axis]
        before = layer.padding[axis]
        around.append((before, max(0, reach - made.shape[axis] - before)))
    padded = np.pad(made, (*around, (0, 0)))
    windows = sliding_window_view(padded, layer.size, axis=(0, 1))
    high, wide = layer.shape[:2]
    return windows[:: layer.stride[0], :: layer.stride[1]][:high, :wide]


def find_contributions(
    layer: GraphLayer, made: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The inputs that change the units of a dense layer most: by the size of input x weight.

    made: the layer's input (N,). Returns indices and weights (units, count), largest first.
    """
    assert layer.kernel is not None
    products = np.abs(layer.kernel * made)  # (units, N)
    count = min(count, len(made))
    some = np.argpartition(-products, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(products, some, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(some, order, axis=1)
    return best.astype(np.int32), np.take_along_axis(layer.kernel, best, axis=1)
