"""How accuracy falls when the test images are changed: seven changes, each in five strengths.

After Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", arXiv 1903.12261, with the changes that fit grey pictures of 28x28. The strengths
are ours. A sheet of a run takes half a minute once and is kept in its folder as robustness.json.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fmnist.access import may_change
from fmnist.augmentation.standard import shift_images
from fmnist.files import read_json, write_json
from fmnist.inference.classifier import Classifier
from fmnist.runs.library import runs_directory
from fmnist.runs.run import Run

STRENGTHS = 5
SEED = 0  # of the noise and of the directions: the same pictures for every run


def _shifted(images: np.ndarray, strength: int) -> np.ndarray:
    """By 1 to 5 pixels in one of eight directions."""
    rng = np.random.default_rng(SEED)
    steps = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
    down, right = strength * steps[rng.integers(0, 8, len(images))].T
    return shift_images(images, down, right)


def _turned(images: np.ndarray, strength: int) -> np.ndarray:
    """By 6 to 30 degrees to the left or to the right."""
    degrees = 6.0 * strength * np.random.default_rng(SEED).choice([-1, 1], len(images))
    turned = np.empty_like(images)
    for image, target, angle in zip(images, turned, degrees.tolist(), strict=True):
        target[:] = cv2.warpAffine(
            image, cv2.getRotationMatrix2D((13.5, 13.5), angle, 1.0), (28, 28)
        )
    return turned


def _mirrored(images: np.ndarray, strength: int) -> np.ndarray:
    """A fifth of the images to all of them, left for right."""
    rng = np.random.default_rng(SEED)
    chosen = rng.permutation(len(images))[: round(len(images) * strength / STRENGTHS)]
    changed = images.copy()
    changed[chosen] = images[chosen][:, :, ::-1]
    return changed


def _blurred(images: np.ndarray, strength: int) -> np.ndarray:
    """With a Gaussian of 0.4 to 2 pixels."""
    return np.stack([cv2.GaussianBlur(image, (0, 0), 0.4 * strength) for image in images])


def _noisy(images: np.ndarray, strength: int) -> np.ndarray:
    """Gaussian noise of 12 to 60 grey values on every pixel."""
    noise = np.random.default_rng(SEED).normal(0, 12 * strength, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def _faded(images: np.ndarray, strength: int) -> np.ndarray:
    """Brightness times 0.84 down to 0.2."""
    return np.rint(images * (1 - 0.16 * strength)).astype(np.uint8)


def _inverted(images: np.ndarray, strength: int) -> np.ndarray:
    """Mixed with the negative, a fifth to all of it."""
    part = strength / STRENGTHS
    return np.rint(images * (1 - part) + (255.0 - images) * part).astype(np.uint8)


# name -> ((N, 28, 28) uint8, strength 1..5 -> (N, 28, 28) uint8, what the strengths are)
CORRUPTIONS: dict[str, tuple[Callable[[np.ndarray, int], np.ndarray], str]] = {
    "Shift": (_shifted, "by 1, 2, 3, 4, 5 pixels in one of eight directions"),
    "Rotation": (_turned, "by 6, 12, 18, 24, 30 degrees to either side"),
    "Mirror": (_mirrored, "20, 40, 60, 80, 100 % of the images, left for right"),
    "Blur": (_blurred, "a Gaussian of 0.4, 0.8, 1.2, 1.6, 2.0 pixels"),
    "Noise": (_noisy, "of 12, 24, 36, 48, 60 grey values (standard deviation)"),
    "Low contrast": (_faded, "84, 68, 52, 36, 20 % of the brightness"),
    "Inversion": (_inverted, "20, 40, 60, 80, 100 % of the negative mixed in"),
}


def corrupt_images(images: np.ndarray, name: str, strength: int) -> np.ndarray:
    """Images (N, 28, 28) uint8 changed in one of the `CORRUPTIONS`; strength 0 is no change.

    The same images give the same result. Raises KeyError for another name and ValueError for a
    strength outside 0..5.
    """
    function, _ = CORRUPTIONS[name]
    if not 0 <= strength <= STRENGTHS:
        raise ValueError(f"strength must be from 0 to {STRENGTHS}, got {strength}")
    return function(images, strength) if strength else images


def measure_corruptions(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Iterator[tuple[str, int, int]]:
    """(name, strength, how many are right) of every change and strength, one after another.

    images (N, 28, 28) uint8, labels (N,). The change of strength 0 comes first, once, as "".
    """
    yield "", 0, _right(classifier, images, labels)
    for name in CORRUPTIONS:
        for strength in range(1, STRENGTHS + 1):
            yield name, strength, _right(classifier, corrupt_images(images, name, strength), labels)


def read_corruptions(run: Run) -> dict | None:
    """The sheet of a run: {"n", "plain", "right": {name: [5 counts]}}; None where there is none.

    One that is damaged, or that belongs to another network, is none.
    """
    for path in _places(run):
        try:
            sheet = read_json(path)
        except (OSError, ValueError):
            continue
        if _whole(sheet) and sheet.get("network") == run.files.get("model.tflite"):
            return sheet
    return None


def write_corruptions(run: Run, results: Iterable[tuple[str, int, int]], n: int) -> dict:
    """Keep a sheet in the run's folder, or beside own runs where that cannot be written.

    results: all that `measure_corruptions` gives for n images; returns the sheet

    What visitors of a public app have measured is not kept.
    """
    (_, _, plain), *changed = results
    right = {name: [count for other, _, count in changed if other == name] for name in CORRUPTIONS}
    sheet = {"network": run.files["model.tflite"], "n": n, "plain": plain, "right": right}
    for path in _places(run) if may_change() else ():
        try:
            if path.parent != run.path:  # a run that was deleted meanwhile stays deleted
                path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, sheet)
            break
        except OSError:
            continue
    return sheet


def _places(run: Run) -> list[Path]:
    cache = runs_directory() / ".cache"
    return [run.path / "robustness.json", cache / f"{run.files.get('model.tflite')}-changes.json"]


def _whole(sheet: Any) -> bool:
    try:
        counts = [sheet["plain"], *(c for name in CORRUPTIONS for c in sheet["right"][name])]
        n = sheet["n"]
    except (KeyError, TypeError):
        return False
    if type(n) is not int or n <= 0 or len(counts) != 1 + STRENGTHS * len(CORRUPTIONS):
        return False
    return all(type(count) is int and 0 <= count <= n for count in counts)


def _right(classifier: Classifier, images: np.ndarray, labels: np.ndarray) -> int:
    probabilities, _ = classifier(images)
    return int((probabilities.argmax(axis=1) == labels).sum())
