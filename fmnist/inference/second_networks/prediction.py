"""What a second network says of one picture, whichever it is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fmnist.data import CLASS_NAMES


def unit_length(features: np.ndarray) -> np.ndarray:
    """(F,) of length 1 in the same direction; nearly zero stays nearly zero."""
    return features / max(float(np.linalg.norm(features)), 1e-6)


@dataclass(frozen=True)
class SecondPrediction(ABC):
    """What a second network says of one picture, and what that makes of the other's answer."""

    kind: ClassVar[str]  # of the pictures that the network learnt from: "photo" or "drawing"

    @property
    @abstractmethod
    def probabilities(self) -> np.ndarray:
        """(10,) float32 that add up to `clothing`."""

    @property
    @abstractmethod
    def clothing(self) -> float:
        """Its probability of the ten classes together, 0..1."""

    @property
    @abstractmethod
    def direction(self) -> np.ndarray:
        """(F,) float32 of length 1: pictures look the more alike to it, the larger the product."""

    @abstractmethod
    def combine(self, fashion_mnist: np.ndarray) -> np.ndarray:
        """What both networks say together: (10,) float32 that add up to 1.

        fashion_mnist: (10,) probabilities of the Fashion-MNIST network
        """

    @abstractmethod
    def decide(self, fashion_mnist: np.ndarray, verdict: str, cut_out: bool = False) -> str:
        """The verdict of both: "confident", "unsure" or "not_clothing".

        fashion_mnist: (10,) probabilities of the Fashion-MNIST network; verdict: that network's
        cut_out: whether that network was given the garment alone, see `Preprocessed.cut_out`
        """

    @property
    def class_id(self) -> int:
        """Its best guess among the ten."""
        return int(self.probabilities.argmax())

    @property
    def class_name(self) -> str:
        """Its best guess by name."""
        return CLASS_NAMES[self.class_id]

    @property
    def probability(self) -> float:
        """Its probability of its best guess, 0..1."""
        return float(self.probabilities[self.class_id])

    def to_dict(self) -> dict:
        """Plain values under the names that `classify --json` promises."""
        names = ("class_id", "class_name", "probability", "clothing")
        values = {name: getattr(self, name) for name in names}
        return {**values, "probabilities": self.probabilities.tolist()}
