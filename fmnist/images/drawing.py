"""Drawings: telling them from photos, and filling outlines as the dataset's garments are filled."""

import cv2
import numpy as np

from fmnist.images.segmentation import close_holes, shrink

SIDE = 160  # longest edge at which strokes are looked at
INK = 0.5  # of the brightest: fainter areas, as in duotone icons, are no strokes
STROKE = 0.15  # strokes are thinner than this share of the longest edge
LEAST_STROKES = 0.8  # share of the ink that is strokes, in line art
LEAST_ENCLOSED = 0.35  # enclosed area against ink; below it there is nothing worth filling
LEAST_OUTLINE = 0.5  # enclosed area and ink against the convex hull, in a closed outline
PAPER = 0.12  # of the brightest: what unmarked paper may have
# Standard deviation inside an outline, in brightness levels: paper is even, tints may be several.
MOST_VARIED, MOST_TINTED = 15.0, 30.0
GAPS = (0.0, 0.02, 0.05, 0.1, 0.15)  # openings bridged, as shares of the longest edge
# Of what the widest closing encloses; below it one half of a garment is still open.
LEAST_OF_WIDEST = 0.8
LEAST_FLAT = 0.75  # share of neighbours of one colour; phone photos stay below, mostly far
# The same of pixels that lie farther apart: a blurred photo's colours change, but slowly.
APART, LEAST_FLAT_APART = 0.02, 0.6  # of the longest edge; share
SOFT_EDGE = 0.02  # of the longest edge: how far into a shape its border is blurred
INSIDE = 140  # between the dataset's lower quarter (123) and median (171) inside a garment


def is_flat(rgb: np.ndarray, mask: np.ndarray | None = None) -> bool:
    """Whether neighbouring pixels mostly have one colour, as in flat graphics.

    Inside the mask and all over: a black garment is flat in a photo too, a floor never is. Along
    the mask's border, colours blend in both.

    rgb: (H, W, 3) uint8; mask: (H, W) bool, None for all of it
    """
    if rgb.shape[1] < 2:
        return True
    equal = _equal(rgb, 1)
    if float(equal.mean()) < LEAST_FLAT:  # most photos end here
        return False
    apart = min(max(1, round(APART * max(rgb.shape))), rgb.shape[1] - 1)
    if float(_equal(rgb, apart).mean()) < LEAST_FLAT_APART:
        return False
    if mask is None:
        return True
    edge = 1 + 2 * round(SOFT_EDGE * max(mask.shape))
    core = cv2.erode(mask.astype(np.uint8), np.ones((edge, edge), np.uint8)) > 0
    both = core[:, 1:] & core[:, :-1]
    return not both.any() or float(equal[both].mean()) >= LEAST_FLAT


def _equal(rgb: np.ndarray, apart: int) -> np.ndarray:
    """(H, W - apart): which pixels of (H, W, 3) uint8 have the colour of another to the right."""
    step = cv2.absdiff(rgb[:, apart:], rgb[:, :-apart]) <= 1
    return step[..., 0] & step[..., 1] & step[..., 2]


def is_line_art(brightness: np.ndarray, flat: bool) -> bool:
    """Whether (H, W) float32, trimmed, is thin strokes around areas that are empty.

    flat: whether it is flat graphics, where those areas may also be tinted; in a photo of a
        drawing they are paper
    """
    ink = _ink(brightness)
    if min(ink.shape) < 12 or not ink.any():
        return False
    padded = np.pad(ink, 2).astype(np.uint8)
    thick = cv2.morphologyEx(padded, cv2.MORPH_OPEN, _disc(STROKE * max(ink.shape)))
    if thick.sum() > (1 - LEAST_STROKES) * ink.sum():
        return False
    inside = _enclosed(ink) & ~ink
    if inside.sum() < LEAST_ENCLOSED * ink.sum():
        return False
    small = cv2.resize(brightness, ink.shape[::-1], interpolation=cv2.INTER_AREA)
    core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    values = small[core if core.any() else inside]
    varied, faint = (MOST_TINTED, INK) if flat else (MOST_VARIED, PAPER)
    return bool(values.std() <= varied and values.mean() <= faint * small.max())


def fill_outline(brightness: np.ndarray) -> np.ndarray:
    """Fill the outlines in (H, W) float32, trimmed, with grey; strokes stay as bright as they are.

    Gaps are bridged, by the narrowest of a few closings that makes the outline a closed one.
    """
    filled = _enclosed(_ink(brightness)).astype(np.float32)
    inside = cv2.resize(filled, brightness.shape[::-1], interpolation=cv2.INTER_LINEAR)
    peak = float(brightness.max())
    return np.maximum(brightness * (255 / max(peak, 1)), inside * INSIDE).astype(np.float32)


def enclosed_area(brightness: np.ndarray, at: tuple[int, int] | None = None) -> np.ndarray:
    """What bright lines enclose, (H, W) bool, of (H, W) uint8, with the inner half of the lines.

    at: x and y of a pixel, whose area alone is meant; an open area and a line have none
    """
    _, areas = cv2.connectedComponents((brightness < 128).astype(np.uint8), connectivity=4)
    edge = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    mask = ~np.isin(areas, [0, *edge])
    if at is not None:
        mask &= areas == areas[at[1], at[0]]
    return cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _ink(brightness: np.ndarray) -> np.ndarray:
    """Strokes as (h, w) bool, longest edge at most SIDE."""
    factor = min(1.0, SIDE / max(brightness.shape))
    # thin strokes grow pale as they shrink, so the brightest and not the average is kept
    reach = max(1, int(1 / factor))
    thickened = cv2.dilate(brightness.astype(np.uint8), np.ones((reach, reach), np.uint8))
    small = shrink(thickened, factor)
    return small > INK * small.max()


def _enclosed(ink: np.ndarray) -> np.ndarray:
    """Ink and all that it encloses, (h, w) bool."""
    if not ink.any():  # nothing is bright, as with light and dark swapped by hand
        return ink
    reach = round(max(GAPS) * max(ink.shape)) + 2
    padded = np.pad(ink, reach).astype(np.uint8)
    ys, xs = np.nonzero(ink)
    hull = cv2.contourArea(cv2.convexHull(np.stack([xs, ys], axis=1).astype(np.int32)))
    fillings = []
    for gap in GAPS:
        # a closing with the holes filled half-way: the thickened strokes meet across the gap
        kernel = _disc(gap * max(ink.shape))
        closed = close_holes(cv2.dilate(padded, kernel) > 0).astype(np.uint8)
        fillings.append((cv2.erode(closed, kernel) > 0) | (padded > 0))
    areas = np.array([filling.sum() for filling in fillings])
    enough = areas >= max(LEAST_OUTLINE * hull, LEAST_OF_WIDEST * areas[-1])
    best = fillings[int(enough.argmax())]  # the narrowest, where none encloses enough
    return best[reach:-reach, reach:-reach]


def _disc(diameter: float) -> np.ndarray:
    side = max(1, round(diameter))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
