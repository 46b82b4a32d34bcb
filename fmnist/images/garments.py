"""The garment in a picture: which pixels it has and how bright they are, light on black.

Decides between the picture's own transparency, a person who wears it, a plain background and
GrabCut, and which way round the brightness goes.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fmnist.data import SIDE
from fmnist.images import drawing, segmentation
from fmnist.images.options import DARK_ON_LIGHT, PreprocessingOptions
from fmnist.images.worn.cutting import cut_garment

LEAST_WORN = 64  # pixels of the shorter side; nobody's parts can be told apart in a thumbnail
MOST_COVERED = 0.9  # of a picture by a cut-out garment; a window with round corners covers more
LEAST_PEAK = 96.0  # darker garments than this are brightened; the dataset's reach 200 and more


@dataclass(frozen=True)
class Garment:
    """A garment that was found.

    brightness: (H, W) float32, 0..255, light garment; only what the mask covers counts
    mask: (H, W) bool
    polarity, segment, tolerance: how it was found, as in `PreprocessingOptions`
    """

    brightness: np.ndarray
    mask: np.ndarray
    polarity: str
    segment: str
    tolerance: float | None


def segment_garment(rgba: np.ndarray, rgb: np.ndarray, options: PreprocessingOptions) -> Garment:
    """Find the garment by transparency, on a person, by a plain background, or by GrabCut."""
    alpha = rgba[..., 3]
    segment = options.segment
    if segment == "automatic" and is_cut_out(alpha):
        segment = "transparency"
    if segment == "transparency":
        return _from_transparency(rgba, options)
    if segment == "worn" or (segment == "automatic" and _may_be_worn(rgb, options)):
        mask = cut_garment(rgb)
        if mask is not None:
            return _from_mask(rgb, mask, options, "worn")
        segment = "automatic"
    if segment in ("automatic", "plain"):
        colours = rgb.astype(np.float32)
        found = segmentation.background(colours)
        by_hand = segment == "plain" or options.tolerance is not None
        if by_hand or found.plain:
            garment = _from_background(colours, found, options)
            if by_hand or _trusted(garment, found):
                return garment
    if segment in ("automatic", "grabcut"):
        mask = segmentation.grabcut(rgb)
        if mask is not None:
            return _from_mask(rgb, mask, options, "grabcut")
        if segment == "automatic":
            return _from_background(colours, found, options)
    return _from_mask(rgb, np.ones(alpha.shape, bool), options, "none")


def is_cut_out(alpha: np.ndarray) -> bool:
    """Whether transparency, (H, W) uint8, says where the garment is: it leaves enough out."""
    return 0 < float((alpha > segmentation.TRIM_TOLERANCE).mean()) <= MOST_COVERED


def _may_be_worn(rgb: np.ndarray, options: PreprocessingOptions) -> bool:
    """Whether to look for a person: not in drawings, and not where a tolerance asks for "plain"."""
    if options.tolerance is not None or min(rgb.shape[:2]) < LEAST_WORN:
        return False
    return not drawing.is_flat(rgb)


def _trusted(garment: Garment, found: segmentation.Background) -> bool:
    """Whether a plain background explains the picture, so that GrabCut could only do worse.

    That is so on studio backgrounds and in drawings, which have next to no noise, and for strokes
    on photographed paper.
    """
    if found.noise <= segmentation.CLEAN_NOISE or not garment.mask.any():
        return True
    left, top, right, bottom = box_of(garment.mask)
    inside = np.where(garment.mask, garment.brightness, 0)[top:bottom, left:right]
    return drawing.Shape(inside.astype(np.float32), flat=False).is_line_art


def _from_transparency(rgba: np.ndarray, options: PreprocessingOptions) -> Garment:
    """Use the picture's own mask; what is mostly dark is negated, as on white paper."""
    cover = rgba[..., 3] / np.float32(255)  # (H, W), 0..1
    grey = luma(rgba[..., :3])
    mean = float((grey * cover).sum() / max(cover.sum(), 1))
    polarity = options.decide_polarity(mean < 128)
    tolerance = segmentation.TRIM_TOLERANCE if options.tolerance is None else options.tolerance
    brightness = (255 - grey if polarity == DARK_ON_LIGHT else grey) * cover
    mask = rgba[..., 3] > tolerance
    return Garment(brightness, mask, polarity, "transparency", tolerance)


def _from_background(
    rgb: np.ndarray, found: segmentation.Background, options: PreprocessingOptions
) -> Garment:
    """Take what differs from the background for the garment."""
    mask, tolerance = segmentation.plain(rgb, found, options.tolerance)
    grey, level = luma(rgb), luma(found.colour)  # level: one number, or (H, W)
    if mask.any():
        dark = float(np.median((grey - level)[mask])) < 0
    else:
        dark = float(np.mean(level)) >= 128
    polarity = options.decide_polarity(dark)
    # stretched, so that the background becomes exactly 0, as in the dataset
    if polarity == DARK_ON_LIGHT:
        brightness = np.clip(level - grey, 0, None) * (255 / np.maximum(level, 1))
    else:
        brightness = np.clip(grey - level, 0, None) * (255 / np.maximum(255 - level, 1))
    return Garment(brightness, mask, polarity, "plain", tolerance)


def _from_mask(
    rgb: np.ndarray, mask: np.ndarray, options: PreprocessingOptions, segment: str
) -> Garment:
    """Take the garment's own brightness: its surroundings say nothing about it."""
    grey = luma(rgb)
    dark = bool(mask.any()) and float(np.median(grey[mask])) < 128
    polarity = options.decide_polarity(dark)
    brightness = 255 - grey if polarity == DARK_ON_LIGHT else grey
    return Garment(brightness, mask, polarity, segment, None)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what is True in (H, W) bool; something has to be."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def luma(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...): ITU-R 601-2 luma, the weights of Pillow's and ImageMagick's greyscale."""
    return rgb @ np.array([0.299, 0.587, 0.114], np.float32)


def scale_and_centre(garment: np.ndarray) -> np.ndarray:
    """(H, W) float32, trimmed, 0..255 -> (28, 28) uint8; what is dim is brightened."""
    height, width = garment.shape
    factor = SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    filtering = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(garment.astype(np.float32)).resize(size, filtering))
    peak = float(np.quantile(small, 0.99))
    if 0 < peak < LEAST_PEAK:
        small = small * (LEAST_PEAK / peak)
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    pixels[top : top + size[1], left : left + size[0]] = np.clip(np.rint(small), 0, 255)
    return pixels
