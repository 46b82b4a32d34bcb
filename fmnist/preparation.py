"""From a decoded picture to the 28x28 pixels that a network is given, once for every input.

The dataset's images are light garments on black, trimmed, with the longest edge 28 pixels and the
bounding box centred (Xiao et al., arXiv 1708.07747, section 2; 98.3 % of the test images have a
longest edge of exactly 28). Product photos were negated to get there, so a dark garment on white
paper is bright here, and a light drawing on black is left as it is.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

__all__ = ["Prepared", "prepare"]

SIDE = 28
# A pixel belongs to the garment where it differs from the background by more than 5 % of the
# range (the dataset's own trimming, section 2 step 2), or more where the border itself is uneven.
TRIM_TOLERANCE = 0.05 * 255
CLEAN_TOLERANCE = 2.0
LEAST_SPREAD = 12.0  # a picture whose pixels all lie closer than this to the background is empty
LEAST_PEAK = 96.0  # darker garments than this are brightened; the dataset's reach 200 and more


@dataclass(frozen=True)
class Prepared:
    """What became of a picture.

    pixels: (28, 28) uint8, light garment on black; None where nothing was found
    polarity: "dark on light", "light on dark" or "transparent"
    box: (left, top, right, bottom) of what was kept, in pixels of the decoded picture
    """

    pixels: np.ndarray | None
    polarity: str
    box: tuple[int, int, int, int] | None


def prepare(image: Image.Image) -> Prepared:
    """Turn an RGBA picture (see `images.decode`) into 28x28 pixels as the dataset has them."""
    rgba = np.asarray(image.convert("RGBA"), dtype=np.float32)  # (H, W, 4), 0..255
    alpha = rgba[..., 3]
    if alpha.min() < 128:
        brightness, mask, polarity = _from_transparency(rgba)
    else:
        brightness, mask, polarity = _from_background(rgba[..., :3])
    if not mask.any():
        return Prepared(None, polarity, None)
    if image.size == (SIDE, SIDE) and polarity == "light on dark" and _corners_black(brightness):
        # already as the dataset has it, down to edges fainter than the trimming's tolerance
        return Prepared(np.rint(brightness).astype(np.uint8), polarity, (0, 0, SIDE, SIDE))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    garment = np.where(mask, brightness, 0)[top:bottom, left:right]
    return Prepared(_frame(garment), polarity, (left, top, right, bottom))


def _from_transparency(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Use the picture's own mask; what is mostly dark is negated, as on white paper."""
    cover = rgba[..., 3] / 255  # (H, W), 0..1
    if cover.max() * 255 <= TRIM_TOLERANCE:  # what colour hides there is not to be seen
        return cover, np.zeros(cover.shape, bool), "transparent"
    grey = _grey(rgba[..., :3])
    mean = float((grey * cover).sum() / cover.sum())
    brightness = (255 - grey if mean < 128 else grey) * cover
    return brightness, rgba[..., 3] > TRIM_TOLERANCE, "transparent"


def _from_background(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Take the colour of the corners for the background and what differs for the garment."""
    background, noise = _background(rgb)
    difference = np.abs(rgb - background).max(axis=2)  # (H, W)
    grey, level = _grey(rgb), float(_grey(background))
    # a dark background without noise is a drawing or a picture of the dataset: nothing to forgive
    least = TRIM_TOLERANCE if level >= 128 or noise > 1 else CLEAN_TOLERANCE
    mask = difference > max(least, 3 * noise)
    if difference.max() < LEAST_SPREAD or not mask.any():
        return grey, np.zeros_like(mask), "dark on light" if level >= 128 else "light on dark"
    if np.median(grey[mask]) < level:
        # negate and stretch, so that the background becomes exactly 0, as in the dataset
        return np.clip(level - grey, 0, None) * (255 / max(level, 1)), mask, "dark on light"
    return np.clip(grey - level, 0, None) * (255 / max(255 - level, 1)), mask, "light on dark"


def _background(rgb: np.ndarray) -> tuple[np.ndarray, float]:
    """The background's colour (3,) and how much it varies, in brightness levels.

    Corners first, as the dataset's makers did (section 2 step 2): a tightly cropped garment
    touches the edges but leaves the corners free, in 99.8 % of the test images. Where the corners
    disagree, the median of the whole border decides.
    """
    height, width = rgb.shape[:2]
    reach = max(1, min(height, width) // 40)
    rows, columns = (
        (slice(0, reach), slice(height - reach, height)),
        (
            slice(0, reach),
            slice(width - reach, width),
        ),
    )
    corners = np.array(
        [np.median(rgb[r, c].reshape(-1, 3), axis=0) for r in rows for c in columns]
    )  # (4, 3)
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])  # (B, 3)
    middle = np.median(corners, axis=0)
    agreeing = np.abs(corners - middle).max(axis=1) <= 2 * TRIM_TOLERANCE
    background = corners[agreeing].mean(axis=0) if agreeing.sum() >= 3 else np.median(border, 0)
    # the nearer part of the border only: the rest may be garment
    noise = float(np.quantile(np.abs(border - background).max(axis=1), 0.3))
    return background, min(noise, 2 * TRIM_TOLERANCE)


def _corners_black(brightness: np.ndarray) -> bool:
    return bool((brightness[:: SIDE - 1, :: SIDE - 1] == 0).all())


def _grey(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...): ITU-R 601-2 luma, the weights of Pillow's and ImageMagick's greyscale."""
    return rgb @ np.array([0.299, 0.587, 0.114], np.float32)


def _frame(garment: np.ndarray) -> np.ndarray:
    """(H, W) float32, trimmed -> (28, 28) uint8: longest edge 28, proportions kept, centred."""
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
