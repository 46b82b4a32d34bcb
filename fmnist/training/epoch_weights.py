"""The network after every epoch, for pages that follow a picture through it while it learns.

Only weights are read: a training computes the same with and without it. Batch normalisation
becomes part of the weights before it, as in the finished network's .tflite file.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist.inference.epoch_network import (
    epoch_file,
    keep_every,
    write_layers,
)
from fmnist.inference.graph import GraphLayer, place_window

if TYPE_CHECKING:
    import keras

KINDS = {  # Keras' classes without weights
    "MaxPooling2D": "max_pool",
    "AveragePooling2D": "average_pool",
    "GlobalMaxPooling2D": "global_max",
    "GlobalAveragePooling2D": "global_average",
    "Flatten": "reshape",
    "Concatenate": "concat",
    "Add": "add",
    "ReLU": "activation",
    "Activation": "activation",
}


def save_epoch_weights(path: Path, model: "keras.Model", epoch: int, epochs: int) -> None:
    """Keep the network after epoch `epoch` (0, 1, ...) of `epochs` in the run's folder `path`.

    A long training keeps every k-th epoch and the newest one. Nothing of a network that is too
    large for that or has layers that are not known here.
    """
    every = keep_every(epochs, model.count_params())
    layers = read_keras_layers(model) if every else None
    if layers is None:
        return
    write_layers(epoch_file(path, epoch), layers)
    if (epoch - 1) % every:  # it was kept as the newest
        epoch_file(path, epoch - 1).unlink(missing_ok=True)


def read_keras_layers(model: "keras.Model") -> tuple[GraphLayer, ...] | None:
    """The layers that a built Keras model computes with, as `inference.graph` describes a file's.

    Without dropout. None where it has a layer that is not known here.
    """
    found = [GraphLayer("input", "", (), (), tuple(model.inputs[0].shape[1:]))]
    made = {id(model.inputs[0]): 0}  # a tensor -> the position of the layer that makes it
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        if not made.keys() >= set(map(id, tensors)):
            return None
        inputs = tuple(made[id(tensor)] for tensor in tensors)
        at = inputs[0] if kind == "Dropout" else _add_layer(found, layer, inputs)
        if at is None:
            return None
        made[id(layer.output)] = at
    return tuple(found)


def _add_layer(found: list[GraphLayer], layer: Any, inputs: tuple[int, ...]) -> int | None:
    """Add what one of Keras' layers computes to those before, and return where that is now.

    None where it is not known. Keras lists the layers of two branches by turns, so what a layer
    becomes part of is its input, not the layer before it in the list.
    """
    from keras import layers

    shape = tuple(layer.output.shape[1:])
    new = GraphLayer(KINDS.get(type(layer).__name__, ""), "", inputs, (), shape)
    same = getattr(layer, "padding", "") == "same"
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if isinstance(layer, layers.BatchNormalization):
        scale, shift = _read_batch_norm(layer)
        before = found[inputs[0]]
        weights = before.kernel
        if before.kind in ("conv", "dense") and weights is not None and not before.relu:
            by = scale.reshape(-1, *[1] * (weights.ndim - 1))
            bias = shift if before.bias is None else before.bias * scale + shift
            found[inputs[0]] = replace(before, kernel=weights * by, bias=bias)
            return inputs[0]
        found.append(replace(new, kind="batch_norm", kernel=scale, bias=shift))
        return len(found) - 1
    if isinstance(layer, layers.Conv2D | layers.Dense):
        kernel, *bias = (np.asarray(one, np.float32) for one in layer.get_weights())
        kind = "conv" if kernel.ndim == 4 else "dense"
        new = replace(
            new, kind=kind, kernel=np.moveaxis(kernel, -1, 0), bias=next(iter(bias), None)
        )
        if kind == "conv":
            new = place_window(new, found[inputs[0]], layer.kernel_size, layer.strides, same)
        else:
            new = _with_batch_norm_before(found, new)
    elif "Pooling2D" in type(layer).__name__ and new.kind in ("max_pool", "average_pool"):
        new = place_window(new, found[inputs[0]], layer.pool_size, layer.strides, same)
    elif new.kind.startswith("global"):
        new = replace(new, size=(found[inputs[0]].shape[0], found[inputs[0]].shape[1]))
    elif isinstance(layer, layers.ReLU):
        activation = "relu"
    if not new.kind:
        return None
    if new.kind == "activation":
        return _add_activation(found, inputs[0], activation, shape)
    found.append(new)
    return _add_activation(found, len(found) - 1, activation, shape)


def _with_batch_norm_before(found: list[GraphLayer], dense: GraphLayer) -> GraphLayer:
    """A dense layer that does the work of the batch normalisation before it, which is taken out."""
    before, weights = found[dense.inputs[0]], dense.kernel
    if before.kind != "batch_norm" or before.relu or before is not found[-1]:
        return dense
    assert weights is not None
    assert before.bias is not None
    found.pop()
    bias = weights @ before.bias + (0 if dense.bias is None else dense.bias)
    return replace(dense, inputs=before.inputs, kernel=weights * before.kernel, bias=bias)


def _add_activation(
    found: list[GraphLayer], at: int, activation: str, shape: tuple[int, ...]
) -> int | None:
    """Let the layer there end with an activation, or another one follow it; where that is now."""
    if activation == "linear":
        return at
    if activation not in ("relu", "tanh", "sigmoid", "softmax"):
        return None
    relu = activation == "relu"
    if relu and found[at].kind in ("conv", "dense", "add", "batch_norm"):
        found[at] = replace(found[at], relu=True)
        return at
    found.append(GraphLayer(activation, "", (at,), (), shape, relu=relu))
    return len(found) - 1


def _read_batch_norm(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """What it multiplies by and adds once it learns no more: (C,) float32 each."""
    gamma, beta, mean, variance = layer.get_weights()
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)
