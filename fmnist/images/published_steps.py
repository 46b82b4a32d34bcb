"""The published steps by which the dataset's images were made, to the letter.

Xiao, Rasul and Vollgraf, arXiv 1708.07747, section 2. What the paper leaves open follows
ImageMagick, which it was made with: the phase of the subsampling is that of `-sample`, the
sharpening kernel that of `-sharpen 1x1`, and each side is trimmed by the colour of one corner.
Steps 6 and 7, negating and 8-bit grey, need nothing from here.
"""

import cv2
import numpy as np

from fmnist.data import SIDE
from fmnist.images.segmentation import shrink

THUMBNAIL = (51, 73)  # width and height of the shop's thumbnails that the steps started from
TOLERANCE = 0.05 * 255  # step 2: 5 % of the maximum possible intensity, as a distance in RGB
CORNER, EDGE, CENTRE = -0.0624, -0.1028, 1.6609  # of the sharpening kernel: radius 1, sigma 1
_OUTER = [CORNER, EDGE, CORNER]
SHARPEN = np.array([_OUTER, [EDGE, CENTRE, EDGE], _OUTER], np.float32)


def make_thumbnail(rgb: np.ndarray) -> np.ndarray:
    """Step 1: shrink (H, W, 3) uint8 by averaging to fit 51 x 73; smaller pictures stay."""
    return shrink(rgb, min(THUMBNAIL[0] / rgb.shape[1], THUMBNAIL[1] / rgb.shape[0]))


def find_edges(thumbnail: np.ndarray, tolerance: float) -> tuple[int, int, int, int] | None:
    """Step 2: (left, top, right, bottom) without edges that are close to their corner's colour.

    None where nothing is left.
    """
    rgb = thumbnail.astype(np.float32)

    def kept(corner: np.ndarray, axis: int) -> np.ndarray:
        far = np.sqrt(((rgb - corner) ** 2).sum(axis=2)) > tolerance
        return np.flatnonzero(far.any(axis=axis))

    columns, rows = kept(rgb[0, 0], 0), kept(rgb[0, 0], 1)
    right, bottom = kept(rgb[0, -1], 0), kept(rgb[-1, 0], 1)
    if not (len(columns) and len(rows) and len(right) and len(bottom)):
        return None
    box = int(columns[0]), int(rows[0]), int(right[-1]) + 1, int(bottom[-1]) + 1
    return box if box[0] < box[2] and box[1] < box[3] else None


def subsample(picture: np.ndarray) -> np.ndarray:
    """Step 3: skip rows and columns until the longest edge is 28; nothing is averaged."""
    height, width = picture.shape[:2]
    factor = SIDE / max(height, width)
    rows, columns = (max(1, round(side * factor)) for side in (height, width))
    y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(int)
    return picture[y][:, x]


def sharpen(picture: np.ndarray) -> np.ndarray:
    """Step 4: sharpen; OpenCV rounds and clips to 0..255, as an 8-bit picture does."""
    return cv2.filter2D(picture, -1, SHARPEN, borderType=cv2.BORDER_REPLICATE)


def extend(picture: np.ndarray, thumbnail: np.ndarray) -> np.ndarray:
    """Step 5: extend to 28x28 in the median colour of the thumbnail's corners."""
    rows, columns = thumbnail.shape[:2]
    corners = thumbnail[:: max(1, rows - 1), :: max(1, columns - 1)].reshape(-1, 3)
    height, width = picture.shape[:2]
    extended = np.empty((SIDE, SIDE, 3), np.uint8)
    extended[:] = np.rint(np.median(corners, axis=0))
    y, x = (SIDE - height) // 2, (SIDE - width) // 2
    extended[y : y + height, x : x + width] = picture
    return extended
