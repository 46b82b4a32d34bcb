"""The seven published steps by which the dataset's images were made, to the letter: stages.

Xiao, Rasul and Vollgraf, arXiv 1708.07747, section 2. What the paper leaves open follows
ImageMagick, which it was made with: the phase of the subsampling is that of `-sample`, the
sharpening kernel that of `-sharpen 1x1`, and each side is trimmed by the colour of one corner.
"""

from dataclasses import replace

import cv2
import numpy as np

from fmnist.images import drawing, garments
from fmnist.images.options import DARK_ON_LIGHT, LIGHT_ON_DARK
from fmnist.images.pipeline_state import SIDE, State

__all__ = ["PUBLISHED_STEPS"]

THUMBNAIL = (51, 73)  # width and height of the shop's thumbnails that the steps started from
TOLERANCE = 0.05 * 255  # step 2: 5 % of the maximum possible intensity, as a distance in RGB
SHARPEN = np.array(
    [
        [-0.0624, -0.1028, -0.0624],
        [-0.1028, 1.6609, -0.1028],
        [-0.0624, -0.1028, -0.0624],
    ],
    np.float32,
)  # radius 1, sigma 1


def make_thumbnail(state: State) -> State:
    """Step 1: shrink by averaging to fit 51 x 73; smaller pictures stay."""
    options = state.options
    # the makers always negated; "automatic" does as they did
    polarity = DARK_ON_LIGHT if options.negated(True) else LIGHT_ON_DARK
    tolerance = TOLERANCE if options.tolerance is None else options.tolerance
    decided = replace(options, polarity=polarity, fill=False, segment="plain", tolerance=tolerance)
    thumbnail = _thumbnail(state.rgb)
    return state.record("Thumbnail", picture=thumbnail, polarity=polarity, decided=decided)


def trim_edges(state: State) -> State:
    """Step 2: cut off edges that are close to their corner's colour; stop if nothing is left."""
    thumbnail, rgb = state.picture, state.rgb
    edges = _edges(thumbnail.astype(np.float32), state.decided.tolerance)
    if edges is None:
        return replace(state, done=True)
    left, top, right, bottom = edges
    trimmed = thumbnail[top:bottom, left:right]
    scale = np.array([rgb.shape[1] / thumbnail.shape[1], rgb.shape[0] / thumbnail.shape[0]] * 2)
    box = tuple(round(float(edge)) for edge in np.array(edges) * scale)
    kind = "drawing" if drawing.is_flat(rgb, np.ones(rgb.shape[:2], bool)) else "photo"
    return state.record("Trimmed", picture=trimmed, box=box, kind=kind)


def subsample(state: State) -> State:
    """Step 3: skip rows and columns until the longest edge is 28; nothing is averaged."""
    height, width = state.picture.shape[:2]
    factor = SIDE / max(height, width)
    rows, columns = (max(1, round(side * factor)) for side in (height, width))
    y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(int)
    sampled = state.picture[y][:, x]
    return state.record("Subsampled", picture=sampled)


def sharpen(state: State) -> State:
    """Step 4: sharpen; OpenCV rounds and clips to 0..255, as an 8-bit picture does."""
    sharp = cv2.filter2D(state.picture, -1, SHARPEN, borderType=cv2.BORDER_REPLICATE)
    return state.record("Sharpened", picture=sharp)


def extend(state: State) -> State:
    """Step 5: extend to 28x28 in the median colour of the thumbnail's corners."""
    small = _thumbnail(state.rgb)
    corners = small[:: max(1, len(small) - 1), :: max(1, small.shape[1] - 1)].reshape(-1, 3)
    height, width = state.picture.shape[:2]
    extended = np.empty((SIDE, SIDE, 3), np.uint8)
    extended[:] = np.rint(np.median(corners, axis=0))
    y, x = (SIDE - height) // 2, (SIDE - width) // 2
    extended[y : y + height, x : x + width] = state.picture
    return state.record("Extended", picture=extended)


def negate(state: State) -> State:
    """Step 6: negate, unless the garment was said to be light already."""
    if not state.negated:
        return state.record("Already light on dark")
    negated = 255 - state.picture
    return state.record("Negated", picture=negated)


def convert_to_grey(state: State) -> State:
    """Step 7: 8-bit grey."""
    grey = np.clip(np.rint(garments.luma(state.picture)), 0, 255).astype(np.uint8)
    return state.record("Grey", picture=grey)


PUBLISHED_STEPS = (
    make_thumbnail,
    trim_edges,
    subsample,
    sharpen,
    extend,
    negate,
    convert_to_grey,
)


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    factor = min(THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    if factor >= 1:
        return rgb
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _edges(rgb: np.ndarray, tolerance: float) -> tuple[int, int, int, int] | None:
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
