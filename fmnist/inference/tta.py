"""Test-time augmentation (TTA): an input is classified in several variants, and the mean counts.

A network that was shown garments either way round, in either polarity and a little turned says
nearly the same of all of them where it knows the garment, and different things where it guesses.
Which variants a network knows is found out on validation images (`rejection.fit_rejection_policy`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fmnist.data import SIDE

TURN = 8.0  # degrees
# a Classifier, called with (N, 28, 28) uint8: probabilities (N, 10) and features (N, F)
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _turned(pixels: np.ndarray, degrees: float) -> np.ndarray:
    middle = (SIDE - 1) / 2, (SIDE - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle, degrees, 0.95)  # a little smaller, to keep the corners
    return cv2.warpAffine(pixels, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def _mirrored(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels[:, ::-1])


def _negated(pixels: np.ndarray) -> np.ndarray:
    """Dark fabric light and the reverse; the black around the garment stays black."""
    garment = cv2.morphologyEx((pixels > 8).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))
    inside = 275 - np.clip(pixels, 20, 255).astype(np.int16)
    return np.where(garment > 0, inside, 0).astype(np.uint8)


# what a variant is called on the page -> how it is made
TTA_VARIANTS = {
    "as prepared": lambda pixels: pixels,
    "mirrored": _mirrored,
    "turned left": lambda pixels: _turned(pixels, TURN),
    "mirrored, turned right": lambda pixels: _turned(_mirrored(pixels), -TURN),
    "negated": _negated,
    "negated, mirrored": lambda pixels: _mirrored(_negated(pixels)),
}


@dataclass(frozen=True)
class TTAPrediction:
    """What a network predicts for N inputs in V variants each.

    variants: the names of the V variants
    probabilities: (N, 10) float32, softmax probabilities, averaged over the variants
    features: (N, F) float32, penultimate features, averaged
    agreement: (N,) float64, share of the variants whose best guess is that of the mean, 0..1
    by_variant: (N, V, 10) float32, softmax probabilities of every variant
    """

    variants: tuple[str, ...]
    probabilities: np.ndarray
    features: np.ndarray
    agreement: np.ndarray
    by_variant: np.ndarray


def predict_tta(
    images: np.ndarray, classifier: Predict, variants: Sequence[str] = tuple(TTA_VARIANTS)
) -> TTAPrediction:
    """Classify the named variants of (N, 28, 28) uint8, N >= 1, and average."""
    return average_tta(*predict_tta_variants(images, classifier, variants), tuple(variants))


def make_tta_variants(
    pixels: np.ndarray, variants: Sequence[str] = tuple(TTA_VARIANTS)
) -> np.ndarray:
    """(28, 28) uint8, light garment on black -> (V, 28, 28) uint8, one image per name."""
    return np.stack([TTA_VARIANTS[name](pixels) for name in variants])


def predict_tta_variants(
    images: np.ndarray, classifier: Predict, variants: Sequence[str] = tuple(TTA_VARIANTS)
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 28, 28) uint8 -> probabilities (N, V, 10) and features (N, V, F), float32."""
    inputs = np.concatenate([make_tta_variants(pixels, variants) for pixels in images])
    probabilities, features = classifier(inputs)  # (N * V, 10) and (N * V, F)
    shape = len(images), len(variants), -1
    return probabilities.reshape(shape), features.reshape(shape)


def average_tta(
    by_variant: np.ndarray, features: np.ndarray, variants: tuple[str, ...]
) -> TTAPrediction:
    """Average what `predict_tta_variants` returned."""
    mean = by_variant.mean(axis=1)
    agree = by_variant.argmax(axis=2) == mean.argmax(axis=1)[:, np.newaxis]
    return TTAPrediction(variants, mean, features.mean(axis=1), agree.mean(axis=1), by_variant)
