"""The networks that can be trained, by name; add a new one to `NETWORKS` here.

A network is a function that builds an uncompiled Keras model from (28, 28, 1) float32 in [0, 1]
to ten softmax probabilities. The layer named "features" is the penultimate one; its output is
exported beside the probabilities. Keras is imported when a network is built, not before, so that
pages can list the networks without TensorFlow. A builder needs nothing else from here and is a
function or a `functools.partial` of one: `script` exports its source. A network of one's own has
layers from the settings instead (`own_network`).
"""

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fmnist.errors import RunError, SettingsError
from fmnist.networks.layers import BatchNormalisation
from fmnist.networks.own_network import SPECIFICATION, Layers, build_layers, check_layers

if TYPE_CHECKING:
    import keras

# what Keras imports where it is installed, only for functions that nobody calls here
OFFERED_BY_KERAS = ("matplotlib", "pandas", "sklearn")


def set_up_keras() -> None:
    """Import Keras and set what the networks need, whatever the user's `keras.json` says.

    It is imported without OFFERED_BY_KERAS, over a second sooner; they can be imported later.
    The backend is TensorFlow unless KERAS_BACKEND names another. Call it before anything else that
    imports Keras. Raises SettingsError where Keras refuses that file.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    left_out = [name for name in OFFERED_BY_KERAS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # as if not installed
    try:
        import keras
    except ValueError as error:
        raise SettingsError(
            f"Keras' own settings are not valid; correct or delete its file keras.json ({error})."
        ) from None
    finally:
        for name in left_out:
            del sys.modules[name]
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


@dataclass(frozen=True)
class Network:
    """One entry of `NETWORKS`: a title and a sentence for people, and the builder."""

    title: str
    summary: str
    builder: Callable
    bfloat16_helps: bool = False  # a step is mostly multiplying, so half the digits save time
    batch_norm: bool = True  # has layers of batch normalisation
    whitens: bool = False  # its first layer is set from the images, see `whitening`
    extends: str = ""  # the network that it is with more layers, and can begin with the weights of


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


def _residual(name, channels, early, dropout, full=0, inner=0):
    """A strided stem, then stages of 14x14 and 7x7; early: whether the first is residual, too.

    The stem strides because the first layer's 28x28 outputs cost a CPU more than its sums do: with
    stride 1 there, an epoch takes half as long again. Where the first stage is one convolution, an
    epoch takes two thirds of the time, and more epochs are worth more than that stage's depth.

    Layers can be added that change nothing at first, so that a trained network can be given them:
    full: so many residual blocks of 28x28, beside the stem; inner: channels within one of 14x14.
    """
    from itertools import count

    from keras import Input, Model, layers

    numbers = count()  # of the added layers, which are known by their names

    def convolution(x, filters, size=3, strides=1, activation=True, added=False, gamma="ones"):
        names = [f"added_{next(numbers)}" if added else None for _ in range(2)]
        options = {"strides": strides, "padding": "same", "use_bias": False, "name": names[0]}
        x = layers.Conv2D(filters, size, **options)(x)
        x = layers.BatchNormalization(gamma_initializer=gamma, name=names[1])(x)
        return layers.ReLU()(x) if activation else x

    def residual(x, filters=None, **options):
        y = convolution(x, filters or x.shape[-1], added=bool(options))
        y = convolution(y, x.shape[-1], activation=False, **options)
        return layers.ReLU()(layers.Add()([x, y]))

    stem, wide, deep = channels
    image = Input((28, 28, 1), name="image")
    x = convolution(image, stem, size=5, strides=2, activation=not full)  # (14, 14, stem)
    if full:
        y = convolution(image, 16, added=True)  # (28, 28, 16)
        for _ in range(full):
            y = residual(y, added=True)
        y = convolution(y, stem, strides=2, activation=False, added=True, gamma="zeros")
        x = layers.ReLU()(layers.Add()([x, y]))
    x = convolution(x, wide)  # (14, 14, wide)
    if early:
        x = residual(x)
    if inner:
        x = residual(x, inner, added=True, gamma="zeros")
    x = residual(convolution(x, deep, strides=2))  # (7, 7, deep)
    pooled = [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)]
    x = features = layers.Concatenate(name="features")(pooled)  # (2 * deep,)
    if dropout:
        x = layers.Dropout(dropout)(features)
    # 32 bits even where the layers before have 16: softmax would round there
    output = layers.Dense(10, activation="softmax", name="probabilities", dtype="float32")
    return Model(image, output(x), name=name)


def _quick():
    """72,554 parameters and 1.5 million multiplications an image.

    The first and the last convolution are not padded: 4x4 outputs instead of 7x7 are a third of the
    sums. The first layer is not learnt: `whiten_first_layer` sets it from the images.
    """
    from keras import Input, Model, layers

    def convolution(x, filters, **options):
        x = layers.Conv2D(filters, 3, use_bias=False, **options)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    image = Input((28, 28, 1), name="image")
    x = layers.Conv2D(24, 6, 2, use_bias=False, trainable=False, name="whitening")(image)
    x = layers.ReLU()(x)  # (12, 12, 24)
    x = convolution(x, 64, strides=2, padding="same")  # (6, 6, 64)
    x = convolution(x, 96)  # (4, 4, 96)
    pooled = [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)]
    features = layers.Concatenate(name="features")(pooled)  # (192,)
    probabilities = layers.Dense(10, activation="softmax", name="probabilities")(features)
    return Model(image, probabilities, name="quick")


NETWORKS = {
    "cnn": Network(
        title="Plain CNN",
        summary="Two convolutions and two dense layers, ten layers in all; 423,338 parameters.",
        builder=_cnn,
        batch_norm=False,
    ),
    "quick": Network(
        title="Quick",
        summary="Three lean convolutions, for a live demonstration; 72,554 parameters.",
        builder=_quick,
        whitens=True,
    ),
    "robust": Network(
        title="Robust",
        summary="A small residual network for people's own pictures; it needs stylised images.",
        builder=functools.partial(_residual, "robust", (32, 48, 96), early=True, dropout=0.3),
        bfloat16_helps=True,
    ),
    "accurate": Network(
        title="Accurate",
        summary="A small residual network for high accuracy; 243,882 parameters.",
        builder=functools.partial(_residual, "accurate", (32, 64, 96), early=False, dropout=0.0),
        bfloat16_helps=True,
    ),
    "deep": Network(
        title="Deep",
        summary="Like accurate with more layers, for the highest accuracy; 295,546 parameters.",
        builder=functools.partial(
            _residual, "deep", (32, 64, 96), early=False, dropout=0.0, full=2, inner=32
        ),
        bfloat16_helps=True,
        extends="accurate",
    ),
}


def own_network(layers: Layers) -> Network:
    """The entry of a network of these layers, which fit."""
    words = f"{len(layers) + 1} layers, {check_layers(layers).parameters:,} parameters"
    return Network(
        title=f"Own network, {words}",
        summary="Layers of your own choice, at first the specification's.",
        builder=lambda: build_layers(layers),
        batch_norm=any(isinstance(layer, BatchNormalisation) for layer in layers),
    )


CUSTOM = "custom"  # the network whose layers are a setting, at first the specification's
NETWORKS[CUSTOM] = replace(own_network(SPECIFICATION), title="Own network")


def with_tta(model, mirrored, shift):
    """The same network with test-time augmentation: features averaged over several views.

    mirrored: each view mirrored, too; shift: also the image moved by so many pixels into each of
    the four corners. As the last layer is linear before its softmax, the mean is one of logits.
    The weights are those of `model`, which has to have been trained with such views.
    """
    from keras import Input, Model, layers, ops

    backbone = Model(model.inputs, model.get_layer("features").output, name="backbone")
    image = Input((28, 28, 1), name="image")
    views = [image]
    if shift:
        padded = layers.ZeroPadding2D(shift)(image)
        far = 2 * shift
        for top, left in ((0, 0), (0, far), (far, 0), (far, far)):
            cut = ((top, far - top), (left, far - left))
            views.append(layers.Cropping2D(cut)(padded))
    if mirrored:
        views += [ops.flip(view, axis=2) for view in views]
    features = layers.Average(name="features")([backbone(view) for view in views])
    return Model(image, model.get_layer("probabilities")(features), name=model.name)


def set_initial_weights(model: "keras.Model", weights: list) -> None:
    """Give a network those of its own kind, or of the one that it extends: added layers stay new.

    Raises RunError where they fit neither: of a network that has had other layers before.
    """
    layers = model.layers
    if len(weights) != len(model.weights):
        layers = [layer for layer in layers if not layer.name.startswith("added_")]
    variables = [variable for layer in layers for variable in layer.weights]
    if [value.shape for value in weights] != [tuple(one.shape) for one in variables]:
        raise RunError(
            f"The weights to begin with are of other layers than {model.name!r} has now."
        )
    for variable, value in zip(variables, weights, strict=True):
        variable.assign(value)
