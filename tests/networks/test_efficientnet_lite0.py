"""The photo network's architecture and weights, against a forward pass in NumPy."""

import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from fmnist.networks.efficientnet_lite0 import (
    SIDE,
    STAGES,
    build_efficientnet_lite0,
    read_pytorch_weights,
    set_weights,
)

# --- the weights' file


class Storage:
    """Stands for a torch storage: pickled as a persistent id, its numbers follow the pickles."""

    def __init__(self, key, values):
        self.key, self.values = key, values


class Global:
    """Something that is pickled by its name alone."""

    def __init__(self, module, name):
        self.module, self.name = module, name


def rebuild(*_):
    raise AssertionError("only its name is written")


class Pickler(pickle._Pickler):
    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            kind = Global("torch", "FloatStorage")
            return ("storage", kind, thing.key, "cpu", thing.values.size, None)
        return None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Global):
            self.write(b"c" + f"{thing.module}\n{thing.name}\n".encode())
        elif thing is rebuild:
            self.write(b"ctorch._utils\n_rebuild_tensor_v2\n")
        else:
            super().save(thing, save_persistent_id)


class Tensor:
    def __init__(self, *about):
        self.about = about

    def __reduce__(self):
        return rebuild, self.about


def write_legacy(path, tensors, storages):
    """As torch.save wrote before version 1.6."""
    with path.open("wb") as file:
        for what in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, tensors):
            Pickler(file, 2).dump(what)
        Pickler(file, 2).dump([storage.key for storage in storages])
        for storage in storages:
            file.write(struct.pack("<q", storage.values.size) + storage.values.tobytes())


def test_weights_are_read_with_their_strides_and_offsets(tmp_path):
    first = Storage("94", np.arange(24, dtype=np.float32))
    second = Storage("95", np.arange(100, 110, dtype=np.float32))
    tensors = OrderedDict(
        packed=Tensor(first, 0, (2, 3, 4), (12, 4, 1), False, OrderedDict()),
        permuted=Tensor(first, 0, (4, 3, 2), (1, 4, 12), False, OrderedDict()),
        part=Tensor(second, 3, (2, 2), (2, 1), False, OrderedDict()),
    )
    write_legacy(tmp_path / "weights.pth", tensors, [first, second])
    found = read_pytorch_weights(tmp_path / "weights.pth")
    packed = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(found["packed"], packed)
    np.testing.assert_array_equal(found["permuted"], packed.transpose(2, 1, 0))
    np.testing.assert_array_equal(found["part"], [[103, 104], [105, 106]])


def test_nothing_else_is_unpickled(tmp_path):
    write_legacy(tmp_path / "weights.pth", {"evil": Global("os", "system")}, [])
    with pytest.raises(pickle.UnpicklingError, match=r"os\.system"):
        read_pytorch_weights(tmp_path / "weights.pth")


# --- the architecture


def random_weights(rng):
    """What a state dictionary of the network holds, in PyTorch's layout, small and random."""
    weights = {}

    def add_batch_norm(name, channels):
        for value, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.5, 0.5),
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 1.5),
        ):
            weights[f"{name}.{value}"] = rng.uniform(low, high, channels).astype(np.float32)
        weights[f"{name}.num_batches_tracked"] = np.int64(7)

    def add_convolution(name, *shape):
        scale = 1 / np.sqrt(np.prod(shape[1:]))
        weights[f"{name}.weight"] = (scale * rng.standard_normal(shape)).astype(np.float32)

    add_convolution("_conv_stem", 32, 3, 3, 3)
    add_batch_norm("_bn0", 32)
    before, number = 32, 0
    for blocks, kernel, _, expansion, channels in STAGES:
        for _ in range(blocks):
            name, inner = f"_blocks.{number}.", before * expansion
            if expansion > 1:
                add_convolution(f"{name}_expand_conv", inner, before, 1, 1)
                add_batch_norm(f"{name}_bn0", inner)
            add_convolution(f"{name}_depthwise_conv", inner, 1, kernel, kernel)
            add_batch_norm(f"{name}_bn1", inner)
            add_convolution(f"{name}_project_conv", channels, inner, 1, 1)
            add_batch_norm(f"{name}_bn2", channels)
            before, number = channels, number + 1
    add_convolution("_conv_head", 1280, before, 1, 1)
    add_batch_norm("_bn1", 1280)
    weights["_fc.weight"] = (0.1 * rng.standard_normal((1000, 1280))).astype(np.float32)
    weights["_fc.bias"] = rng.standard_normal(1000).astype(np.float32)
    return weights


def forward(weights, image):
    """Probabilities (1000,) and features (1280,) of a scaled image (3, H, W), in float64."""

    def pad(x, kernel, stride):  # TensorFlow's SAME: what is odd goes below and to the right
        size = -(-x.shape[1] // stride)
        total = max((size - 1) * stride + kernel - x.shape[1], 0)
        edges = total // 2, total - total // 2
        return np.pad(x, ((0, 0), edges, edges)), size

    def convolve(x, name, stride=1):
        kernel = weights[f"{name}.weight"].astype(np.float64)
        x, size = pad(x, kernel.shape[2], stride)
        found, reach = 0, stride * (size - 1) + 1
        for row in range(kernel.shape[2]):
            for column in range(kernel.shape[3]):
                part = x[:, row : row + reach : stride, column : column + reach : stride]
                if kernel.shape[1] == 1 and kernel.shape[0] == len(x):
                    found = found + kernel[:, 0, row, column][:, None, None] * part
                else:
                    found = found + np.tensordot(kernel[:, :, row, column], part, 1)
        return found

    def normalise(x, name, activated=True):
        weight, bias, mean, variance = (
            weights[f"{name}.{value}"].astype(np.float64)[:, None, None]
            for value in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * weight + bias
        return np.clip(x, 0, 6) if activated else x

    x = normalise(convolve(image, "_conv_stem", 2), "_bn0")
    number = 0
    for blocks, _, stride, expansion, _ in STAGES:
        for block in range(blocks):
            name, y = f"_blocks.{number}.", x
            if expansion > 1:
                y = normalise(convolve(y, f"{name}_expand_conv"), f"{name}_bn0")
            y = convolve(y, f"{name}_depthwise_conv", 1 if block else stride)
            y = normalise(y, f"{name}_bn1")
            y = normalise(convolve(y, f"{name}_project_conv"), f"{name}_bn2", activated=False)
            x, number = (y + x if block else y), number + 1
    features = normalise(convolve(x, "_conv_head"), "_bn1").mean(axis=(1, 2))
    logits = weights["_fc.weight"] @ features + weights["_fc.bias"]
    exponents = np.exp(logits - logits.max())
    return exponents / exponents.sum(), features


@pytest.mark.slow
def test_keras_computes_what_numpy_does():
    rng = np.random.default_rng(0)
    weights = random_weights(rng)
    model = build_efficientnet_lite0()
    set_weights(model, weights)
    image = rng.uniform(-1, 1, (SIDE, SIDE, 3)).astype(np.float32)
    probabilities, features = (found[0] for found in model.predict(image[None], verbose=0))
    expected, pooled = forward(weights, image.transpose(2, 0, 1).astype(np.float64))
    np.testing.assert_allclose(features, pooled, atol=1e-3)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    with pytest.raises(ValueError, match=r"extra\.weight"):
        set_weights(model, {**weights, "extra.weight": np.zeros(1)})
