"""What the images of each class have in common, and how much they differ."""

from dataclasses import dataclass

import numpy as np

from fmnist.analysis.slices import GARMENT
from fmnist.data import CLASS_NAMES, Part

BINS = 16  # of 16 grey values each


@dataclass(frozen=True)
class ClassStatistics:
    """Of the ten classes, in the order of `CLASS_NAMES`.

    mean, spread: (10, 28, 28) float32, of each pixel the mean and the standard deviation, 0..255
    fill: (10,) float64, the share of the pixels that belong to the garment, 0..1
    brightness: (10,) float64, the mean grey value of those pixels, 0..255
    histogram: (10, BINS) float64, how they are shared out among the grey values, sums to 1
    """

    mean: np.ndarray
    spread: np.ndarray
    fill: np.ndarray
    brightness: np.ndarray
    histogram: np.ndarray


def measure_classes(part: Part) -> ClassStatistics:
    """Measure all images of a part, which has some of each class."""
    means, spreads, histograms = [], [], []
    for class_id in range(len(CLASS_NAMES)):
        pixels = part.images[part.labels == class_id].reshape(-1, 28 * 28)
        mean = pixels.mean(axis=0)
        # whole numbers: the squares of 60,000 grey values fit in 32 bits
        squares = np.square(pixels, dtype=np.uint32).sum(axis=0, dtype=np.uint64) / len(pixels)
        means.append(mean.reshape(28, 28))
        spreads.append(np.sqrt(np.maximum(squares - mean**2, 0)).reshape(28, 28))
        histograms.append(np.bincount(pixels.ravel(), minlength=256) / pixels.size)
    counts = np.array(histograms)  # (10, 256) shares of all pixels
    counts[:, : GARMENT + 1] = 0
    fill = counts.sum(axis=1)
    inside = counts / np.maximum(fill, 1e-9)[:, np.newaxis]
    return ClassStatistics(
        np.array(means, np.float32),
        np.array(spreads, np.float32),
        fill,
        inside @ np.arange(256),
        inside.reshape(len(inside), BINS, -1).sum(axis=2),
    )
