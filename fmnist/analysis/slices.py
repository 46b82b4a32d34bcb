"""Slices of the test images by what can be measured in a picture, beside its class.

Is the network worse on dark garments, on slim ones, on those with little contrast? Each measure
cuts the images into five parts of equal size, and each part has its accuracy and interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmnist.metrics.report import Counted

PARTS = 5
GARMENT = 8  # brighter pixels belong to the garment; the dataset's ground is 0 with a little noise


@dataclass(frozen=True)
class Slice(Counted):
    """The images of a measure from `low` to `high` (both included): indices, how many are right."""

    measure: str
    low: float
    high: float
    indices: np.ndarray  # (n,) int64 into the test set
    n: int
    right: int


def _inside(images: np.ndarray) -> np.ndarray:
    """Where the garment is, (N, 28, 28) bool; all of a picture without one."""
    inside = images > GARMENT
    return inside | ~inside.any(axis=(1, 2), keepdims=True)


def _brightness(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2), where=_inside(images))


def _fill(images: np.ndarray) -> np.ndarray:
    return (images > GARMENT).mean(axis=(1, 2))


def _aspect(images: np.ndarray) -> np.ndarray:
    return _extent(images.max(axis=2) > GARMENT) / np.maximum(
        _extent(images.max(axis=1) > GARMENT), 1
    )


def _extent(lines: np.ndarray) -> np.ndarray:
    """(N, 28) bool -> from the first to the last true one, both included; 0 where there is none."""
    first, last = lines.argmax(axis=1), 27 - lines[:, ::-1].argmax(axis=1)
    return np.where(lines.any(axis=1), last - first + 1, 0)


def _contrast(images: np.ndarray) -> np.ndarray:
    return images.std(axis=(1, 2), where=_inside(images))


# name -> ((N, 28, 28) uint8 -> (N,), what it is)
MEASURES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "Brightness": (_brightness, "mean grey value of the garment, 0 to 255"),
    "Fill": (_fill, "share of the 28x28 that the garment covers, 0 to 1"),
    "Aspect": (_aspect, "height of the garment by its width; above 1 it is tall"),
    "Contrast": (_contrast, "standard deviation of the garment's grey values"),
}


def measure_property(images: np.ndarray, name: str) -> np.ndarray:
    """One of `MEASURES` of images (N, 28, 28) uint8: (N,) float64. Raises KeyError for others."""
    return MEASURES[name][0](images).astype(np.float64)


def slice_by_property(images: np.ndarray, right: np.ndarray) -> list[Slice]:
    """All measures, each in `PARTS` slices of equally many images from the lowest value up.

    images (N, 28, 28) uint8, right (N,) bool, N >= `PARTS`. Ties are parted by their index.
    """
    found = []
    for name in MEASURES:
        values = measure_property(images, name)
        order = np.argsort(values, kind="stable")
        for part in np.array_split(order, PARTS):
            low, high = float(values[part[0]]), float(values[part[-1]])
            found.append(Slice(name, low, high, part, len(part), int(right[part].sum())))
    return found
