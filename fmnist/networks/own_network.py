"""A network of one's own: a list of layers, checked as a whole, built, and written as Keras code.

Behind the list comes the output, dense 10 with softmax, which is fixed.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fmnist.errors import SettingsError
from fmnist.files import read_file
from fmnist.networks.layers import (
    KINDS,
    BatchNormalisation,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
    Shape,
    fields_of,
)
from fmnist.setting_fields import shorten

if TYPE_CHECKING:
    import keras

MOST_LAYERS = 30
MOST_PARAMETERS = 20_000_000
MOST_MULTIPLICATIONS = 500_000_000  # an image: a hundred times the specification's
MOST_FEATURES = 4_096  # numbers before the output, which pages keep for all 70,000 images
MOST_VALUES = 500_000_000  # of all layers for a batch: a few GB while it learns
PREDICTED = 500  # images at a time, whatever the batch size
MOST_BYTES = 2**16  # of a file of layers
IMAGE: Shape = (28, 28, 1)
OUTPUT = Dense(10, "linear")  # with softmax, which is no choice elsewhere
Layers = tuple[Layer, ...]


@dataclass(frozen=True)
class Preset:
    """Layers to begin with: a title and a sentence for people."""

    title: str
    summary: str
    layers: Layers


SPECIFICATION: Layers = (
    *(Convolution(64), MaxPooling(2), Dropout(0.3)),
    *(Convolution(32), MaxPooling(2), Dropout(0.3)),
    *(Flatten(), Dense(256), Dropout(0.5)),
)
PRESETS = {
    "specification": Preset(
        "The specification's ten",
        "Two convolutions and two dense layers, the network that the specification asks for.",
        SPECIFICATION,
    ),
    "linear": Preset(
        "A linear classifier",
        "No hidden layer: each class weighs the 784 pixels, and the largest sum wins.",
        (Flatten(),),
    ),
    "dense": Preset(
        "Without convolutions",
        "Two dense layers, which do not know which pixels are neighbours.",
        (Flatten(), Dense(256), Dropout(0.3), Dense(128)),
    ),
    "deep": Preset(
        "Deeper, with batch normalisation",
        "Three convolutions with batch normalisation, and no hidden dense layer.",
        (
            *(Convolution(32), BatchNormalisation(), MaxPooling(2)),
            *(Convolution(64), BatchNormalisation(), MaxPooling(2)),
            *(Convolution(96), BatchNormalisation(), GlobalAveragePooling()),
        ),
    ),
}


@dataclass(frozen=True)
class Step:
    """What a layer makes of one image: its shape, and the parameters and multiplications.

    Multiplications are those with a weight: pooling and activations count as none.
    """

    words: str
    shape: Shape
    parameters: int
    multiplications: int


@dataclass(frozen=True)
class CheckedLayers:
    """What was found of a list of layers.

    layers, steps: up to what does not fit; all of them, and then the output's step
    fault: a sentence that names the layer to blame, "" for none; at: its place in the list
    """

    layers: Layers
    steps: tuple[Step, ...]
    fault: str = ""
    at: int | None = None

    @property
    def parameters(self) -> int:
        """Of all layers, those of batch normalisation that are not learnt by steps included."""
        return sum(step.parameters for step in self.steps)

    @property
    def multiplications(self) -> int:
        """For one image."""
        return sum(step.multiplications for step in self.steps)

    @property
    def values(self) -> int:
        """Numbers that all layers make of one image."""
        return sum(math.prod(step.shape) for step in self.steps)


def check_layers(values: object) -> CheckedLayers:
    """Look at layers, or at what their JSON holds, one after the other up to the first fault."""
    network = CheckedLayers((), ())
    if not isinstance(values, list | tuple):
        return CheckedLayers((), (), f"The layers must be a list, got {shorten(values)}.", 0)
    for at, value in enumerate(values):
        words = ""
        try:
            if at == MOST_LAYERS:
                raise SettingsError(f"a network has at most {MOST_LAYERS} layers before its output")
            layer = value
            if not isinstance(layer, Layer):
                words = f", {(kind := _read_kind(value)).title}"
                layer = _read_layer(kind, value)
            words = f", {layer}"
            network = _with_step(network, layer, (*network.layers, layer))
        except SettingsError as error:
            return _faulty(network, at, words, error)
    try:
        network = _with_step(network, OUTPUT, network.layers)
        if (features := network.steps[-2].shape[0]) > MOST_FEATURES:
            raise SettingsError(
                f"it gets {features:,} numbers, and {MOST_FEATURES:,} are the most. Put a pooling "
                "layer or a dense layer before it."
            )
    except SettingsError as error:
        return _faulty(network, len(network.layers), ", the output", error)
    return network


def read_layers(values: object, batch_size: int) -> Layers:
    """The layers of a network that can learn from batches of that size. Raises SettingsError."""
    network = check_layers(values)
    if network.fault:
        raise SettingsError(network.fault)
    if batch_size > (most := MOST_VALUES // network.values):
        raise SettingsError(
            f"With batches of {batch_size:,} images this network needs too much memory; use "
            f"batches of at most {most:,}, or smaller layers."
        )
    return network.layers


def read_option(text: str) -> list:
    """What a file of JSON holds, or JSON itself, which begins with "[". Raises SettingsError."""
    try:
        if not text.lstrip().startswith("["):
            text = read_file(Path(text), MOST_BYTES).decode("utf-8-sig")
        values = json.loads(text)
    except OSError as error:
        raise SettingsError(
            f"The file of layers {shorten(text)} cannot be read ({error.strerror or error})."
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError("The layers are not JSON; write a list of layers.") from None
    if not isinstance(values, list):
        raise SettingsError(f"The layers must be a list, got {shorten(values)}.")
    if not values:
        raise SettingsError("The list of layers is empty; give at least one.")
    return values


def write_layers(layers: Sequence[Layer]) -> str:
    """The layers as one line of JSON."""
    return json.dumps([layer.to_dict() for layer in layers], separators=(",", ":"))


def _read_kind(value: Any) -> type[Layer]:
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise SettingsError(f'a layer is an object with its "kind", got {shorten(value)}.')
    kind = KINDS.get(value["kind"])
    if kind is None:
        raise SettingsError(
            f"there is no layer {shorten(value['kind'])}; choose one of: {', '.join(KINDS)}."
        )
    return kind


def _read_layer(kind: type[Layer], value: dict) -> Layer:
    known = fields_of(kind)
    for name in value:
        if name != "kind" and name not in known:
            legal = f"; it has {', '.join(known)}" if known else " and nothing else to choose"
            raise SettingsError(f"there is no {shorten(name)}{legal}.")
    return kind(**{name: one for name, one in value.items() if name != "kind"})


def _with_step(network: CheckedLayers, layer: Layer, layers: Layers) -> CheckedLayers:
    before = network.steps[-1].shape if network.steps else IMAGE
    steps = (*network.steps, Step(str(layer), *layer.trace(before)))
    found = CheckedLayers(layers, steps)
    for total, most, what in (
        (found.parameters, MOST_PARAMETERS, "parameters"),
        (found.multiplications, MOST_MULTIPLICATIONS, "multiplications for each image"),
        (found.values * PREDICTED, MOST_VALUES, f"numbers for {PREDICTED} images"),
    ):
        if total > most:
            raise SettingsError(
                f"with it the network has {total:,} {what}, and {most:,} are the most. Make this "
                "layer smaller, or put a pooling layer before it."
            )
    return found


def _faulty(network: CheckedLayers, at: int, words: str, error: SettingsError) -> CheckedLayers:
    text = str(error).rstrip(".")
    fault = f"Layer {at + 1}{words}: {text[0].lower()}{text[1:]}."
    return CheckedLayers(network.layers, network.steps[: len(network.layers)], fault, at)


def _features_at(layers: Sequence[Layer]) -> int:
    """Where the features are made: by the last layer that is no dropout."""
    return max(at for at, layer in enumerate(layers) if not isinstance(layer, Dropout))


def build_layers(layers: Layers) -> "keras.Model":
    """A new, uncompiled Keras model of these layers and the output, named "custom"."""
    from keras import Input, Sequential
    from keras import layers as kinds

    made, features = [Input(IMAGE, name="image")], _features_at(layers)
    for at, layer in enumerate(layers):
        values, named = layer.arguments()
        named = {**named, "name": "features"} if at == features else named
        made.append(getattr(kinds, layer.keras)(*values, **named))
    made.append(kinds.Dense(OUTPUT.units, activation="softmax", name="probabilities"))
    return Sequential(made, name="custom")


def write_builder(layers: Layers) -> str:
    """The source of a function that builds what `build_layers` does, for a script."""
    network, features = check_layers(layers), _features_at(layers)
    lines = ["        [", f'            Input({IMAGE}, name="image"),']
    for at, (layer, step) in enumerate(zip(layers, network.steps, strict=False)):
        values, named = layer.arguments()
        named = {**named, "name": "features"} if at == features else named
        words = [*map(json.dumps, values), *(f"{k}={json.dumps(v)}" for k, v in named.items())]
        line = f"            layers.{layer.keras}({', '.join(words)}),"
        shape = f"  # {step.shape}"
        lines.append(line + shape if len(line + shape) <= 100 else line)
    lines += [
        f'            layers.Dense({OUTPUT.units}, activation="softmax", name="probabilities"),',
        "        ],",
        '        name="custom",',
    ]
    head = [
        "def build_network():",
        f'    """A network of {len(layers) + 1} layers: {network.parameters:,} parameters."""',
        "    from keras import Input, Sequential, layers",
        "",
        "    return Sequential(",
    ]
    return "\n".join([*head, *lines, "    )"])
