"""A second network for drawings: one that has seen nothing else, and knows what is no garment.

It has the layers of `robust` and an eleventh class for letters, faces, things and clothes of other
kinds, all of them drawn; `training/drawing_network.py` made the file in `drawings/`. It is given
the 28x28 pixels that the Fashion-MNIST network is given.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from fmnist.data import CLASS_NAMES
from fmnist.inference.classifier import Classifier
from fmnist.inference.second_networks.prediction import SecondPrediction, unit_length
from fmnist.inference.tta import predict_tta

FILE = Path(__file__).parent / "drawings" / "model.tflite"
CLASSES = len(CLASS_NAMES) + 1  # the last is for what is none of the ten
TTA_VARIANTS = ("as prepared", "mirrored", "turned left", "mirrored, turned right")
# Chosen on people's doodles, which no network learnt from, all of them on plateaus.
FASHION_MNIST_SHARE = 0.3  # share in the mean of both
# Below so much clothing a drawing is called none, and below that no answer is confident.
LEAST_CLOTHING, SURE_CLOTHING = 0.05, 0.6
THRESHOLD = 0.85  # confident is what is as probable as this


@dataclass(frozen=True)
class DrawingPrediction(SecondPrediction):
    """What the drawing network says of one drawing.

    shares: (11,) float32 that add up to 1, the mean over the TTA variants; last: none of the ten
    features: (F,) float32, its penultimate features, the mean over the same
    """

    kind: ClassVar[str] = "drawing"
    shares: np.ndarray
    features: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """(10,) float32 that add up to `clothing`."""
        return self.shares[:-1]

    @property
    def clothing(self) -> float:
        """Its probability of the ten classes together, 0..1."""
        return float(1 - self.shares[-1])

    @property
    def direction(self) -> np.ndarray:
        """The features, (F,) float32 of length 1."""
        return unit_length(self.features)

    def combine(self, fashion_mnist: np.ndarray) -> np.ndarray:
        """The mean of what both say, if it is a garment: (10,) float32 that add up to 1."""
        garment = self.probabilities / max(float(self.probabilities.sum()), 1e-6)
        together = FASHION_MNIST_SHARE * fashion_mnist + (1 - FASHION_MNIST_SHARE) * garment
        return (together / together.sum()).astype(np.float32)

    def decide(self, fashion_mnist: np.ndarray, verdict: str, cut_out: bool = False) -> str:
        """The verdict of both; whether it is a garment is said by this network alone."""
        if self.clothing < LEAST_CLOTHING:
            return "not_clothing"
        sure = self.combine(fashion_mnist).max() >= THRESHOLD
        return "confident" if sure and self.clothing >= SURE_CLOTHING else "unsure"


class DrawingNetwork:
    """The network in LiteRT form. May be shared by threads; the file is read at the first call."""

    def __init__(self, path: Path = FILE):
        self._path = path

    @cached_property
    def _classifier(self) -> Classifier:
        return Classifier(self._path, classes=CLASSES)

    def __call__(self, pixels: np.ndarray) -> DrawingPrediction:
        """What it says of (28, 28) uint8, light on black. Raises RunError, as `Classifier` does."""
        predicted = predict_tta(pixels[np.newaxis], self._classifier, TTA_VARIANTS)
        return DrawingPrediction(predicted.probabilities[0], predicted.features[0])
