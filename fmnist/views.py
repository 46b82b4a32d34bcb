"""One input in several renderings, whose answers are averaged: the vote.

A network that was shown garments either way round, in either polarity and a little turned says
nearly the same of all of them where it knows the garment, and different things where it guesses.
Which of the renderings a network knows is found out on validation images (`verdicts.fit`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ["VIEWS", "Vote", "ask", "of", "views", "vote"]

SIDE = 28
TURN = 8.0  # degrees


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


# what a rendering is called on the page -> how it is made
VIEWS = {
    "as prepared": lambda pixels: pixels,
    "mirrored": _mirrored,
    "turned left": lambda pixels: _turned(pixels, TURN),
    "mirrored, turned right": lambda pixels: _turned(_mirrored(pixels), -TURN),
    "negated": _negated,
    "negated, mirrored": lambda pixels: _mirrored(_negated(pixels)),
}


def views(pixels: np.ndarray, names: Sequence[str] = tuple(VIEWS)) -> np.ndarray:
    """(28, 28) uint8, light garment on black -> (V, 28, 28) uint8, one rendering per name."""
    return np.stack([VIEWS[name](pixels) for name in names])


@dataclass(frozen=True)
class Vote:
    """What a network says about the renderings of N inputs.

    names: of the V renderings
    probabilities: (N, 10) float32, mean of the softmax of all renderings
    features: (N, F) float32, penultimate features, averaged
    agreement: (N,) float64, share of the renderings whose best guess is that of the mean, 0..1
    each: (N, V, 10) float32, softmax probabilities of every rendering
    """

    names: tuple[str, ...]
    probabilities: np.ndarray
    features: np.ndarray
    agreement: np.ndarray
    each: np.ndarray


def vote(images: np.ndarray, classifier, names: Sequence[str] = tuple(VIEWS)) -> Vote:
    """Ask `classifier` about the named renderings of (N, 28, 28) uint8, N >= 1."""
    return of(*ask(images, classifier, names), tuple(names))


def ask(
    images: np.ndarray, classifier, names: Sequence[str] = tuple(VIEWS)
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 28, 28) uint8 -> what each rendering is answered: (N, V, 10) and (N, V, F) float32."""
    shown = np.concatenate([views(pixels, names) for pixels in images])  # (N * V, 28, 28)
    return tuple(said.reshape(len(images), len(names), -1) for said in classifier(shown))


def of(each: np.ndarray, features: np.ndarray, names: tuple[str, ...]) -> Vote:
    """The vote of renderings that were answered: (N, V, 10) and (N, V, F) float32."""
    mean = each.mean(axis=1)
    agree = each.argmax(axis=2) == mean.argmax(axis=1)[:, np.newaxis]
    return Vote(names, mean, features.mean(axis=1), agree.mean(axis=1), each)
