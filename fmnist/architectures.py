"""The networks that can be trained, by name.

A network is a function that builds an uncompiled Keras model from (28, 28, 1) float32 in [0, 1]
to ten softmax probabilities. The layer named "features" is the penultimate one; its output is
exported beside the probabilities. Keras is imported when a network is built, not before, so that
pages can list the networks without TensorFlow. A builder needs nothing else from here and is a
function or a `functools.partial` of one: `script` exports its source.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["NETWORKS", "Network", "build"]


@dataclass(frozen=True)
class Network:
    """One entry of `NETWORKS`: a title and a sentence for people, and the builder."""

    title: str
    summary: str
    builder: Callable
    bfloat16_helps: bool = False  # a step is mostly multiplying, so half the digits save time


def _cnn():
    """The specification's ten layers: 423,338 parameters."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1), name="image"),
            layers.Conv2D(64, 3, strides=1, padding="same", activation="relu"),  # (28, 28, 64)
            layers.MaxPooling2D(2),  # (14, 14, 64)
            layers.Dropout(0.3),
            layers.Conv2D(32, 3, strides=1, padding="same", activation="relu"),  # (14, 14, 32)
            layers.MaxPooling2D(2),  # (7, 7, 32)
            layers.Dropout(0.3),
            layers.Flatten(),  # (1568,)
            layers.Dense(256, activation="relu", name="features"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ],
        name="cnn",
    )


def _residual(name, dropout):
    """267,242 parameters: a strided stem, residual stages of 48 and 96 channels, two poolings.

    The stem strides because the first layer's 28x28 outputs cost a CPU more than its sums do: with
    stride 1 there, an epoch takes half as long again.
    """
    from keras import Input, Model, layers

    def convolution(x, filters, size=3, strides=1, activation=True):
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(x) if activation else x

    def residual(x):
        filters = x.shape[-1]
        y = convolution(convolution(x, filters), filters, activation=False)
        return layers.ReLU()(layers.Add()([x, y]))

    image = Input((28, 28, 1), name="image")
    x = convolution(image, 32, size=5, strides=2)  # (14, 14, 32)
    x = residual(convolution(x, 48))  # (14, 14, 48)
    x = residual(convolution(x, 96, strides=2))  # (7, 7, 96)
    pooled = [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)]
    x = features = layers.Concatenate(name="features")(pooled)  # (192,)
    if dropout:
        x = layers.Dropout(dropout)(features)
    # 32 bits even where the layers before have 16: softmax would round there
    output = layers.Dense(10, activation="softmax", name="probabilities", dtype="float32")
    return Model(image, output(x), name=name)


def _quick():
    """96,426 parameters and 4 million multiplications an image, most of them at 7x7."""
    from keras import Input, Model, layers

    def convolution(x, filters, size=3, strides=1):
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    image = Input((28, 28, 1), name="image")
    x = convolution(image, 32, size=5, strides=2)  # (14, 14, 32)
    x = convolution(x, 64, strides=2)  # (7, 7, 64)
    x = convolution(x, 128)  # (7, 7, 128)
    pooled = [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)]
    features = layers.Concatenate(name="features")(pooled)  # (256,)
    probabilities = layers.Dense(10, activation="softmax", name="probabilities")(features)
    return Model(image, probabilities, name="quick")


NETWORKS = {
    "cnn": Network(
        title="Plain CNN",
        summary="Two convolutions and two dense layers, ten layers in all; 423,338 parameters.",
        builder=_cnn,
    ),
    "quick": Network(
        title="Quick",
        summary="Three lean convolutions, for a live demonstration; 96,426 parameters.",
        builder=_quick,
    ),
    "robust": Network(
        title="Robust",
        summary="A small residual network for people's own pictures; train it with renderings.",
        builder=functools.partial(_residual, "robust", dropout=0.3),
        bfloat16_helps=True,
    ),
    "accurate": Network(
        title="Accurate",
        summary="A small residual network for the highest accuracy; 267,242 parameters.",
        builder=functools.partial(_residual, "accurate", dropout=0.0),
        bfloat16_helps=True,
    ),
}


def build(name: str):
    """Return a new, uncompiled `keras.Model`. Raises KeyError for a name not in `NETWORKS`."""
    return NETWORKS[name].builder()
