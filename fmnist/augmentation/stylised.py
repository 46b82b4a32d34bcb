"""The training images drawn in other ways, so that photos, icons and sketches look familiar.

The dataset knows one way to show a garment: a front-look product photo, toes to the left, negated,
trimmed and centred. People bring mirrored shoes, outlines, flat silhouettes, garments of every
brightness, worn garments, shoes in pairs seen from above. Each function here makes one such
change to a 28x28 image; `stylise_images` draws lots for every image and brings the result
back to the framing that `pipeline` gives to every input: trimmed, longest edge 28, centred.

Labels never change, and no image from outside the training part is used.
"""

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from fmnist.augmentation import shapes
from fmnist.augmentation.details import turning
from fmnist.augmentation.sketches import draw_sketch
from fmnist.augmentation.standard import shift_images
from fmnist.data import BOOT, COAT, DRESS, PULLOVER, SANDAL, SHIRT, SIDE, SNEAKER, TROUSER, TSHIRT
from fmnist.images.garments import box_of

CANVAS = 64  # room for turned and scaled garments before they are trimmed
SHOES = (SANDAL, SNEAKER, BOOT)  # shown in pairs, from above, either way round
WORN = (TSHIRT, TROUSER, PULLOVER, DRESS, COAT, SHIRT)  # garments that a person may be inside of
# may have long sleeves, which people spread when they lay a garment down
SLEEVED = (PULLOVER, DRESS, COAT, SHIRT)
UNSTYLISED = 0.42  # share that stays as it is but for mirror, small shifts and erased boxes
SKETCHED = 0.45  # of the others, share that is drawn; the rest are photographed otherwise

_SQUARE = np.ones((3, 3), np.uint8)


def stylise_images(images: np.ndarray, labels: np.ndarray, rng: Generator) -> np.ndarray:
    """Stylise a batch: (N, 28, 28) uint8, (N,) -> (N, 28, 28) uint8, light garment on black."""
    return np.stack(
        [_stylise(image, int(label), rng) for image, label in zip(images, labels, strict=True)]
    )


def _stylise(image: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < UNSTYLISED:
        down, right = rng.integers(-2, 3, (2, 1))
        return erase_box(shift_images(image[np.newaxis], down, right)[0], rng, 0.3)
    image = np.ascontiguousarray(image)
    if rng.random() < SKETCHED:
        return erase_box(draw_sketch(image, label, rng), rng, 0.15)
    shape = shapes.vary_shape(image, label, rng)
    if shape is not None:
        image = frame_garment(shape)
    image = _brightness(image, _silhouette(image), rng)
    if label in WORN and rng.random() < 0.2:
        image = _worn(image, label, rng)
    as_shown = shape is None and image.shape == (SIDE, SIDE)  # neither of another shape nor worn
    if label in SHOES and as_shown and rng.random() < 0.28:
        image = _pair(image, rng)
    elif label in SLEEVED and as_shown and rng.random() < 0.35:
        image = _spread(image, rng)
    image = _warp(image, rng)
    if rng.random() < 0.15:
        image = _residue(image, rng)
    image = frame_garment(image)
    if rng.random() < 0.1:
        image = np.clip(image + rng.normal(0, 10, image.shape), 0, 255).astype(np.uint8)
    return erase_box(image, rng, 0.15)


def _silhouette(image: np.ndarray) -> np.ndarray:
    """(28, 28) uint8 -> the garment with its inner holes closed, 0 or 1."""
    mask = (image > 8).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SQUARE)


def erase_box(image: np.ndarray, rng: Generator, chance: float) -> np.ndarray:
    """Overwrite a box of (28, 28) uint8 with one grey value by that chance, 0..1.

    Random erasing (Zhong et al., arXiv 1708.04896).
    """
    if rng.random() >= chance:
        return image
    height, width = rng.integers(3, 13, 2)
    top, left = rng.integers(0, SIDE - height + 1), rng.integers(0, SIDE - width + 1)
    image = image.copy()
    image[top : top + height, left : left + width] = rng.integers(0, 256)
    return image


def _brightness(image: np.ndarray, mask: np.ndarray, rng: Generator) -> np.ndarray:
    """Another fabric: a brightness curve, an inversion inside, stripes, light from one side."""
    value = image.astype(np.float32) / 255
    if rng.random() < 0.3:
        value = (1.05 - value) * mask
    value = np.power(np.clip(value, 0, 1), rng.uniform(0.5, 1.8))
    if rng.random() < 0.35:  # flatter: cheap cameras and bright fabrics show few folds
        level = rng.uniform(0.35, 1.0)
        value = mask * (value * rng.uniform(0.2, 0.9) + level * rng.uniform(0.1, 0.8))
    if rng.random() < 0.12:
        period, phase = rng.uniform(3, 9), rng.uniform(0, 6.3)
        along = rng.choice(2)
        wave = np.sin(2 * np.pi * np.arange(SIDE) / period + phase) * rng.uniform(0.1, 0.4)
        value = value + mask * (wave[:, None] if along else wave[None, :])
    if rng.random() < 0.25:
        ramp = np.linspace(-1, 1, SIDE) * rng.uniform(-0.3, 0.3)
        value = value + mask * (ramp[:, None] if rng.random() < 0.5 else ramp[None, :])
    return np.clip(value * 255 * rng.uniform(0.75, 1.15), 0, 255).astype(np.uint8)


def _worn(image: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """A person around the garment: head and legs, or a body above trousers."""
    canvas = np.zeros((44, SIDE), np.uint8)
    skin = int(rng.integers(60, 200))
    columns = np.flatnonzero(image.any(axis=0))
    middle = int((columns[0] + columns[-1]) // 2) if len(columns) else SIDE // 2
    if label == TROUSER:  # a body above, of another tone
        canvas[16:44] = image
        half = int(rng.integers(5, 9))
        canvas[max(0, 16 - int(rng.integers(4, 16))) : 17, middle - half : middle + half] = skin
        return canvas
    canvas[8:36] = image
    if rng.random() < 0.8:
        size = int(rng.integers(2, 5)), int(rng.integers(3, 6))
        cv2.ellipse(canvas, (middle, 6), size, 0, 0, 360, skin, -1)
    if rng.random() < 0.7:
        half, gap = int(rng.integers(3, 8)), int(rng.integers(0, 2))
        below = canvas[34 : 36 + int(rng.integers(2, 9))]
        legs = np.zeros_like(below)
        legs[:, middle - half : middle - gap] = skin
        legs[:, middle + gap : middle + half] = skin
        np.maximum(below, legs, out=below)
    return canvas


def _pair(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Two shoes: standing behind each other, or side by side as seen from above."""
    if not image.any():
        return image
    left, top, right, bottom = box_of(image > 0)
    shoe = image[top:bottom, left:right]
    if rng.random() < 0.65:  # toes up, mirrored beside each other
        shoe = np.rot90(shoe, k=-1 if rng.random() < 0.8 else 1)
        other = shoe[:, ::-1]
        if rng.random() < 0.5:
            shoe, other = other, shoe
        gap = np.zeros((shoe.shape[0], int(rng.integers(0, 4))), np.uint8)
        return np.ascontiguousarray(np.hstack([shoe, gap, other]))
    dy, dx = int(rng.integers(2, 9)), int(rng.integers(-6, 7))
    height, width = shoe.shape
    canvas = np.zeros((height + dy, width + abs(dx)), np.uint8)
    back, front = max(-dx, 0), max(dx, 0)
    canvas[:height, back : back + width] = shoe
    place = canvas[dy:, front : front + width]
    place[:] = np.where(shoe > 8, shoe, place)
    return canvas


def _spread(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Turn both sleeves outwards about the shoulders; (28, 28) -> (44, 60) uint8."""
    columns = np.flatnonzero(image.any(axis=0))
    if len(columns) < 18:  # no sleeves at its sides
        return image
    border = (columns[-1] + 1 - columns[0]) * rng.uniform(0.2, 0.28)  # a sleeve's width
    angle = rng.uniform(10, 60)
    size = 60, 44  # as OpenCV has it: width, height
    to_canvas = np.array([[1, 0, 16], [0, 1, 2]], np.float32)
    left, right = round(columns[0] + border), round(columns[-1] + 1 - border)
    body = image.copy()
    body[:, :left] = body[:, right:] = 0
    spread = cv2.warpAffine(body, to_canvas, size)
    for start, end, shoulder, turn in ((0, left, left, -angle), (right, SIDE, right - 1, angle)):
        sleeve = np.zeros_like(image)
        sleeve[:, start:end] = image[:, start:end]
        matrix = cv2.getRotationMatrix2D((float(shoulder), 6.0), turn, 1.0)
        matrix += [[0, 0, 16], [0, 0, 2]]
        spread = np.maximum(spread, cv2.warpAffine(sleeve, matrix, size))
    return spread


def _warp(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Turn, shear, stretch and bend; (H, W) -> (64, 64) uint8."""
    height, width = image.shape
    angle = np.deg2rad(rng.normal(0, 7) if rng.random() < 0.85 else rng.uniform(-40, 40))
    scale = 34 / max(height, width)
    # a hand's proportions are looser than a shop's
    stretch = np.exp(rng.uniform(-0.22, 0.22) if rng.random() < 0.7 else rng.uniform(-0.4, 0.4))
    shear = rng.uniform(-0.15, 0.15)
    turn = turning(angle).T
    linear = turn @ np.array([[scale * stretch, shear], [0, scale / stretch]])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = np.array([CANVAS / 2, CANVAS / 2]) - linear @ centre
    matrix = np.column_stack([linear, offset]).astype(np.float32)
    warped = cv2.warpAffine(image, matrix, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR)
    if rng.random() < 0.4:  # a hand's wobble, a garment that does not lie flat
        bend = cv2.resize(
            rng.normal(0, 1.6, (5, 5, 2)).astype(np.float32),
            (CANVAS, CANVAS),
            interpolation=cv2.INTER_CUBIC,
        )
        no_second_map: Any = None  # both coordinates are in one; the stubs do not know that
        warped = cv2.remap(warped, _GRID + bend, no_second_map, cv2.INTER_LINEAR)
    return warped


_GRID = np.stack(np.meshgrid(np.arange(CANVAS), np.arange(CANVAS)), axis=-1).astype(np.float32)


def _residue(image: np.ndarray, rng: Generator) -> np.ndarray:
    """What a segmentation leaves behind: a blot of background, or a bite out of the garment."""
    image = image.copy()
    centre = tuple(int(c) for c in rng.integers(12, 52, 2))
    size = int(rng.integers(2, 8)), int(rng.integers(2, 8))
    tone = 0 if rng.random() < 0.5 else int(rng.integers(30, 200))
    cv2.ellipse(image, centre, size, float(rng.uniform(0, 180)), 0, 360, tone, -1)
    return image


def frame_garment(image: np.ndarray) -> np.ndarray:
    """Trim, bring the longest edge to 28 and centre; a vanished garment is all black."""
    framed, seen = np.zeros((SIDE, SIDE), np.uint8), image > 8
    if not seen.any():
        return framed
    left, top, right, bottom = box_of(seen)
    garment = image[top:bottom, left:right]
    factor = SIDE / max(garment.shape)
    size = max(1, round(garment.shape[1] * factor)), max(1, round(garment.shape[0] * factor))
    small = cv2.resize(garment, size, interpolation=cv2.INTER_AREA)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = small
    return framed
