"""What the chosen augmentation does to six training images, as one small picture."""

import functools

import numpy as np

from fmnist import data
from fmnist.augmentation.standard import augment_images
from fmnist.augmentation.stylised import stylise_images
from fmnist.data import BAG, BOOT, DRESS, PULLOVER, SANDAL, TSHIRT
from fmnist.images.display import contact_sheet, enlarge
from fmnist.settings import TrainSettings

SHOWN = (TSHIRT, PULLOVER, DRESS, SANDAL, BAG, BOOT)  # two of them show which way they look
EPOCHS = 3  # rows below the first
FACTOR = 3  # screen pixels for one of the dataset's
GAP = 8  # screen pixels between the images as they are and what becomes of them


@functools.cache
def load_examples() -> tuple[np.ndarray, np.ndarray]:
    """Load six images of six classes that every training learns from: (6, 28, 28), (6,) uint8.

    Raises DatasetError where the training images cannot be read.
    """
    part = data.load("train")
    learnt, _ = data.split(part.labels, 0.01)  # the smallest share is a part of all others
    first = [next(at for at in learnt if part.labels[at] == class_id) for class_id in SHOWN]
    return part.images[first], part.labels[first]


def draw_preview(images: np.ndarray, labels: np.ndarray, settings: TrainSettings) -> np.ndarray:
    """(N, 28, 28) uint8 and (N,) -> one picture (H, 84 N) uint8 with hard edges.

    The first row shows the images as they are, those below as epochs 1, 2 and 3 might show them.
    The random numbers are a training's of this seed, but it draws them for all of its images in
    another order, so it shows these ones otherwise.
    """
    changed = [_changed(images, labels, settings, epoch) for epoch in range(EPOCHS)]
    above = enlarge(contact_sheet(images, len(images)), FACTOR)
    below = enlarge(contact_sheet(np.concatenate(changed), len(images)), FACTOR)
    gap = np.full((GAP, above.shape[1]), 128, np.uint8)
    return np.concatenate([above, gap, below])


def _changed(
    images: np.ndarray, labels: np.ndarray, settings: TrainSettings, epoch: int
) -> np.ndarray:
    if settings.stylised:
        return stylise_images(images, labels, np.random.default_rng([settings.seed, epoch, 0]))
    rng = np.random.default_rng([settings.seed, epoch, 1])
    return augment_images(images, rng, settings.mirror, settings.shift, settings.erasing)
