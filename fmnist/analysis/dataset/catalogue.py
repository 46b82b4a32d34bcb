"""The 70,000 images as one list: the 60,000 training images first, then the 10,000 test images.

Each has a number, 0 to 69,999, its label, and the split that it belongs to here. The published
arrays are looked at where they lie; nothing copies all of them.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from fmnist.data import CLASS_NAMES, PART_SIZES, Part, default_source, load, split

# what the published training and test parts are divided into here
TRAINING, VALIDATION, TEST = range(3)
SPLITS = ("Training", "Validation", "Test")
CHUNK = 2_000  # images at a time: 1.6 MB of pixels, which stay in a processor's cache
ORDERS = ("As published", "Least like its class first", "Brightest first", "Darkest first")
_NAME = re.compile(r"\s*(train|test)[^\d-]*0*(\d{1,5})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Catalogue:
    """All images, in the order of their numbers; the arrays are read-only.

    parts: the published training and test part
    labels: (N,) uint8; splits: (N,) uint8, an index into `SPLITS`
    sums: (N,) int64, the sum of an image's pixels
    unlikeness: (N,) float32, `dissimilarity` 0..1 to the mean training image of its class
    """

    parts: tuple[Part, Part]
    labels: np.ndarray
    splits: np.ndarray
    sums: np.ndarray
    unlikeness: np.ndarray

    def take(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """The images (K, 28, 28) uint8 of K numbers."""
        numbers, (train, test) = np.asarray(numbers, np.int64), self.parts
        images = np.empty((len(numbers), 28, 28), np.uint8)
        in_test = numbers >= len(train.labels)
        images[~in_test] = train.images[numbers[~in_test]]
        images[in_test] = test.images[numbers[in_test] - len(train.labels)]
        return images

    def select(self, classes: list[int], splits: list[int], order: str = ORDERS[0]) -> np.ndarray:
        """The numbers (K,) int64 of these classes and splits in an order; an empty list is all."""
        chosen = np.ones(len(self.labels), bool)
        for values, wanted in ((self.labels, classes), (self.splits, splits)):
            if wanted:
                chosen &= np.isin(values, wanted)
        numbers = np.flatnonzero(chosen)
        keys = {ORDERS[1]: -self.unlikeness, ORDERS[2]: -self.sums, ORDERS[3]: self.sums}
        if order in keys:
            numbers = numbers[np.argsort(keys[order][numbers], kind="stable")]
        return numbers

    def nearest(self, pixels: np.ndarray, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """The images most like (28, 28) uint8 pixels, by `dissimilarity`, the most alike first.

        Returns their numbers and dissimilarities, (count,) int64 and (count,) float32. Looks at
        all images: some 0.1 seconds.
        """
        found = np.concatenate([_dissimilarities(part.images, pixels) for part in self.parts])
        numbers = np.argsort(found, kind="stable")[:count]
        return numbers, found[numbers]


@cache
def _load(source: str, _directory: str | None) -> Catalogue:
    train, test = load("train", source), load("test", source)
    labels = np.concatenate([train.labels, test.labels])
    splits = np.full(len(labels), TEST, np.uint8)
    splits[: len(train.labels)] = TRAINING
    splits[split(train.labels)[1]] = VALIDATION
    images = (train.images, test.images)
    sums = np.concatenate([part.sum(axis=(1, 2), dtype=np.int64) for part in images])
    unlikeness = np.empty(len(labels), np.float32)
    for class_id in range(len(CLASS_NAMES)):
        mean = train.images[train.labels == class_id].mean(axis=0).round().astype(np.uint8)
        for part, start in ((train, 0), (test, len(train.labels))):
            own = np.flatnonzero(part.labels == class_id)
            unlikeness[own + start] = _dissimilarities(part.images[own], mean)
    for array in (labels, splits, sums, unlikeness):
        array.flags.writeable = False
    return Catalogue((train, test), labels, splits, sums, unlikeness)


def load_catalogue() -> Catalogue:
    """All images, made once for the life of the process. Raises DatasetError as `data.load`."""
    return _load(default_source(), os.environ.get("FMNIST_DATA_DIR"))


def dissimilarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How unlike two pictures are: (..., 28, 28) uint8 of both -> (...) float32, 0..1.

    Bray and Curtis' measure: the sum of the pixels' differences as a share of the sum of all
    pixels. 0 is the same picture; 1 means that no pixel is bright in both.
    """
    differences = np.maximum(first, second) - np.minimum(first, second)  # uint8 cannot wrap
    axes = (-2, -1)
    sums = first.sum(axis=axes, dtype=np.int64) + second.sum(axis=axes, dtype=np.int64)
    return (differences.sum(axis=axes, dtype=np.int64) / np.maximum(sums, 1)).astype(np.float32)


def _dissimilarities(images: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`dissimilarity` of (N, 28, 28) images and one picture, some at a time: (N,) float32."""
    return np.concatenate([dissimilarity(chunk, pixels) for chunk in _chunks(images)])


def _chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))


def name_image(number: int) -> str:
    """The name of an image: its published part and its index there, such as "test 42"."""
    first = PART_SIZES["train"]
    return f"train {number}" if number < first else f"test {number - first}"


def find_image(name: str) -> int | None:
    """The number of the image that `name_image` names so; None where there is none."""
    if not (found := _NAME.fullmatch(name)):
        return None
    part, index = found[1].lower(), int(found[2])
    if index >= PART_SIZES[part]:
        return None
    return index if part == "train" else PART_SIZES["train"] + index
