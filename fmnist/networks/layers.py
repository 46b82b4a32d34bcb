"""The kinds of layers that a network of one's own can have: values, shapes, parameters, work.

What is to be known of a kind stands once, at its dataclass: the checks, the page's controls and
Keras' own layer are made from it. Nothing here imports Keras, so pages can check a network.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from fmnist.errors import SettingsError
from fmnist.setting_fields import Setting, describe, described

Shape = tuple[int, ...]  # of one image: (height, width, channels), or (numbers,)
ACTIVATIONS = {
    "relu": "negative values become 0",
    "tanh": "squeezed into -1 to 1",
    "sigmoid": "squeezed into 0 to 1",
    "linear": "left as they are",
}


def _activation(default: str) -> Any:
    return described(default, "What is done to each number at the end.", choices=ACTIVATIONS)


@dataclass(frozen=True)
class Layer:
    """One layer. Raises SettingsError where a value cannot be had.

    kind, title: its name in JSON and for people; keras: that of its class in `keras.layers`
    shown: how people are told its values
    picture: whether it takes pictures only; flattens: whether there is none behind it
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    keras: ClassVar[str]
    shown: ClassVar[str] = ""
    picture: ClassVar[bool] = False
    flattens: ClassVar[bool] = False

    def __post_init__(self):
        for name, setting in fields_of(type(self)).items():
            setting.check(getattr(self, name))

    def __str__(self) -> str:
        return f"{self.title} {self.shown.format(self)}".rstrip()

    def arguments(self) -> tuple[list, dict]:
        """What Keras' class is called with."""
        return list(vars(self).values()), {}

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        """From the shape before it: its own, its parameters, its multiplications for an image.

        Raises SettingsError, with what would help, where it does not fit there.
        """
        return shape, 0, 0

    def to_dict(self) -> dict:
        """Plain values, as they stand in JSON."""
        return {"kind": self.kind, **dataclasses.asdict(self)}


def _picture(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise SettingsError(
            f"its input is a list of {shape[0]:,} numbers, not maps. Move it before "
            "flatten or global average pooling, or remove it."
        )
    return shape


@dataclass(frozen=True)
class Convolution(Layer):
    """Looks for small patterns everywhere in the picture."""

    kind, title, keras, picture = "conv", "convolution", "Conv2D", True
    shown = "{0.kernel} x {0.kernel}"
    filters: int = described(32, "How many patterns it looks for.", limits=(1, 512))
    kernel: int = described(3, "How many pixels wide and high a pattern is.", limits=(1, 11))
    stride: int = described(1, "How many pixels from one place to the next.", limits=(1, 4))
    padding: str = described(
        "same",
        "What happens at the edges.",
        choices={"same": "zeros around the picture", "valid": "no zeros: the picture shrinks"},
    )
    activation: str = _activation("relu")

    def arguments(self) -> tuple[list, dict]:
        how = {"strides": self.stride, "padding": self.padding, "activation": self.activation}
        return [self.filters, self.kernel], how

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        height, width, channels = _picture(shape)
        lost = self.kernel - 1 if self.padding == "valid" else 0
        if lost >= min(height, width):
            raise SettingsError(
                f"the maps are only {height} x {width} here. Use a smaller kernel, padding same, "
                "or remove a pooling layer before it."
            )
        made = [-(-(side - lost) // self.stride) for side in (height, width)]
        weights = self.kernel**2 * channels * self.filters
        return (*made, self.filters), weights + self.filters, math.prod(made) * weights


@dataclass(frozen=True)
class Pooling(Layer):
    """Makes the picture smaller."""

    picture, shown = True, "{0.size} x {0.size}"
    size: int = described(
        2, "Width and height of the window that becomes one number, in pixels.", limits=(2, 14)
    )

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        height, width, channels = _picture(shape)
        if self.size > min(height, width):
            raise SettingsError(
                f"the maps are only {height} x {width} here. Remove it, or a pooling layer "
                "before it."
            )
        return (height // self.size, width // self.size, channels), 0, 0


class MaxPooling(Pooling):
    """Keeps the largest number of each square of pixels, which makes the picture smaller."""

    kind, title, keras = "max_pooling", "max pooling", "MaxPooling2D"


class AveragePooling(Pooling):
    """Keeps the mean of each square of pixels, which makes the picture smaller."""

    kind, title, keras = "average_pooling", "average pooling", "AveragePooling2D"


class BatchNormalisation(Layer):
    """Brings the numbers to mean 0 and spread 1 over the batch, so that larger steps work."""

    kind, title, keras = "batch_norm", "batch normalisation", "BatchNormalization"

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        return shape, 4 * shape[-1], math.prod(shape)


@dataclass(frozen=True)
class Activation(Layer):
    """Does the same to each number, for instance after batch normalisation."""

    kind, title, keras = "activation", "activation", "Activation"
    shown = "{0.activation}"
    activation: str = _activation("relu")


@dataclass(frozen=True)
class Dropout(Layer):
    """Leaves out some numbers by chance while it learns, which makes it harder to memorise."""

    kind, title, keras, shown = "dropout", "dropout", "Dropout", "{0.rate:g}"
    rate: float = described(0.3, "The share that is left out.", limits=(0.0, 0.9))


class Flatten(Layer):
    """Puts all numbers of the picture into one row."""

    kind, title, keras = "flatten", "flatten", "Flatten"
    picture = flattens = True

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        return (math.prod(_picture(shape)),), 0, 0


class GlobalAveragePooling(Layer):
    """Keeps the mean of each channel, and not where in the picture something was."""

    kind, title, keras = "global_pooling", "global average pooling", "GlobalAveragePooling2D"
    picture = flattens = True

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        return (_picture(shape)[2],), 0, 0


@dataclass(frozen=True)
class Dense(Layer):
    """Connects every number with every unit."""

    kind, title, keras, shown = "dense", "dense", "Dense", "{0.units}"
    units: int = described(128, "How many numbers it makes.", limits=(1, 4_096))
    activation: str = _activation("relu")

    def arguments(self) -> tuple[list, dict]:
        return [self.units], {"activation": self.activation}

    def trace(self, shape: Shape) -> tuple[Shape, int, int]:
        if len(shape) != 1:
            raise SettingsError(
                f"its input has the shape {shape_text(shape)} and must be a list of numbers. Put "
                "flatten or global average pooling before it."
            )
        weights = shape[0] * self.units
        return (self.units,), weights + self.units, weights


def fields_of(kind: type[Layer]) -> dict[str, Setting]:
    """Name -> what is to be known of each value of this kind of layer."""
    return {field.name: describe(field) for field in dataclasses.fields(kind)}


KINDS: dict[str, type[Layer]] = {
    kind.kind: kind  # in the order in which a page offers them
    for kind in (
        *(Convolution, MaxPooling, AveragePooling, BatchNormalisation, Activation, Dropout),
        *(Flatten, GlobalAveragePooling, Dense),
    )
}


def shape_text(shape: Shape) -> str:
    """A shape as people write it."""
    return " x ".join(f"{side:,}" for side in shape)
