"""The seven published steps by which the dataset's images were made, to the letter.

Xiao, Rasul and Vollgraf, arXiv 1708.07747, section 2. What the paper leaves open follows
ImageMagick, which it was made with: the phase of the subsampling is that of `-sample`, the
sharpening kernel that of `-sharpen 1x1`, and each side is trimmed by the colour of one corner.
"""

import cv2
import numpy as np

__all__ = ["NAMES", "TOLERANCE", "make"]

SIDE = 28
THUMBNAIL = (51, 73)  # width and height of the shop's thumbnails that the steps started from
TOLERANCE = 0.05 * 255  # step 2: 5 % of the maximum possible intensity, as a distance in RGB
NAMES = ("thumbnail", "trimmed", "subsampled", "sharpened", "extended", "negated", "grey")
SHARPEN = np.array(
    [
        [-0.0624, -0.1028, -0.0624],
        [-0.1028, 1.6609, -0.1028],
        [-0.0624, -0.1028, -0.0624],
    ],
    np.float32,
)  # radius 1, sigma 1


def make(
    rgb: np.ndarray, tolerance: float = TOLERANCE, negate: bool = True
) -> tuple[dict[str, np.ndarray], tuple[int, int, int, int]] | None:
    """Return the picture after each step of NAMES, and what the trimming kept.

    rgb: (H, W, 3) uint8
    tolerance: distance from a corner's colour that is trimmed away, in brightness levels
    negate: False leaves out step 6, for a light garment on black

    The last is (28, 28) uint8, the others (h, w, 3) uint8; the box is (left, top, right, bottom)
    in pixels of `rgb`. None where trimming leaves nothing.
    """
    small = _thumbnail(rgb)
    box = _trim(small.astype(np.float32), tolerance)
    if box is None:
        return None
    left, top, right, bottom = box
    corners = small[:: max(1, len(small) - 1), :: max(1, small.shape[1] - 1)].reshape(-1, 3)
    trimmed = small[top:bottom, left:right]
    sampled = _subsample(trimmed)
    # OpenCV rounds and clips to 0..255, as an 8-bit picture does
    sharp = cv2.filter2D(sampled, -1, SHARPEN, borderType=cv2.BORDER_REPLICATE)
    height, width = sharp.shape[:2]
    extended = np.empty((SIDE, SIDE, 3), np.uint8)
    extended[:] = np.rint(np.median(corners, axis=0))
    y, x = (SIDE - height) // 2, (SIDE - width) // 2
    extended[y : y + height, x : x + width] = sharp
    negated = 255 - extended if negate else extended
    luma = negated @ np.array([0.299, 0.587, 0.114], np.float32)
    grey = np.clip(np.rint(luma), 0, 255).astype(np.uint8)
    pictures = (small, trimmed, sampled, sharp, extended, negated, grey)
    scale = np.array([rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]] * 2)
    kept = tuple(round(float(edge)) for edge in np.array(box) * scale)
    return dict(zip(NAMES, pictures, strict=True)), kept


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    """Shrink by averaging to fit 51 x 73; smaller pictures stay."""
    height, width = rgb.shape[:2]
    factor = min(THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    if factor >= 1:
        return rgb
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _trim(rgb: np.ndarray, tolerance: float) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) without the edges that are close to their corner's colour."""

    def kept(corner: np.ndarray, axis: int) -> np.ndarray:
        far = np.sqrt(((rgb - corner) ** 2).sum(axis=2)) > tolerance
        return np.flatnonzero(far.any(axis=axis))

    columns, rows = kept(rgb[0, 0], 0), kept(rgb[0, 0], 1)
    right, bottom = kept(rgb[0, -1], 0), kept(rgb[-1, 0], 1)
    if not (len(columns) and len(rows) and len(right) and len(bottom)):
        return None
    box = int(columns[0]), int(rows[0]), int(right[-1]) + 1, int(bottom[-1]) + 1
    return box if box[0] < box[2] and box[1] < box[3] else None


def _subsample(rgb: np.ndarray) -> np.ndarray:
    """Skip rows and columns until the longest edge is 28; nothing is averaged."""
    height, width = rgb.shape[:2]
    factor = SIDE / max(height, width)
    rows, columns = (max(1, round(side * factor)) for side in (height, width))
    y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(int)
    return rgb[y][:, x]
