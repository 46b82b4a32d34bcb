"""Drawings: telling them from photos, and filling outlines as the dataset's garments are filled.

Who colours a shape in by hatching fills it too, and leaves gaps, of which a network would make a
pattern: lines all over the inside that run in one direction or cross each other are left out.
"""

from functools import cached_property

import cv2
import numpy as np

from fmnist.images.segmentation import border_of, close_holes, shrink

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
# Of what lies deeper inside a hatched shape than its outline: the ink's share, and how far from ink
# it may be, as a share of the longest edge.
HATCHED, FARTHEST = (0.25, 0.8), 0.07
LEAST_INSIDE = 0.2  # share of the shape that has to lie so deep
# Parallel lines: the share of the edges' directions that is one direction (the coherence of their
# structure tensor), and how many of them one meets on the way across.
LEAST_PARALLEL, LEAST_LINES = 0.85, 2.0
# Lines that cross each other: the holes between them, the ink's share, and how far from it it is.
LEAST_HOLES, LEAST_CROSSED, CROSSED_FARTHEST = 12, 0.4, 0.055
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


class Shape:
    """A bright shape on black: whether it is an outline, and the same with its inside filled.

    What its strokes are and what they enclose is found when it is first asked for, and once.
    """

    def __init__(self, brightness: np.ndarray, flat: bool):
        """brightness: (H, W) float32, trimmed

        flat: whether it is flat graphics, where what an outline encloses may be tinted or hatched;
            in a photo of a drawing it is paper
        """
        self._brightness, self.flat = brightness, flat

    @cached_property
    def is_line_art(self) -> bool:
        """Whether it is thin strokes around areas that are empty."""
        ink = self._ink
        if min(ink.shape) < 12 or not ink.any():
            return False
        padded = np.pad(ink, 2).astype(np.uint8)
        thick = cv2.morphologyEx(padded, cv2.MORPH_OPEN, _disc(STROKE * max(ink.shape)))
        if thick.sum() > (1 - LEAST_STROKES) * ink.sum():
            return False
        inside = self._whole & ~ink
        if inside.sum() < LEAST_ENCLOSED * ink.sum():
            return False
        small = cv2.resize(self._brightness, ink.shape[::-1], interpolation=cv2.INTER_AREA)
        core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        values = small[core if core.any() else inside]
        varied, faint = (MOST_TINTED, INK) if self.flat else (MOST_VARIED, PAPER)
        return bool(values.std() <= varied and values.mean() <= faint * small.max())

    @property
    def is_hatched(self) -> bool:
        """Whether it is flat graphics that are coloured in by lines with gaps."""
        return self._hatched is not None

    def fill_outline(self) -> np.ndarray:
        """(H, W) float32 with its outlines filled with grey; strokes stay as bright as they are.

        Gaps are bridged, by the narrowest of a few closings that makes the outline a closed one.
        Lines that hatch the inside are replaced by the grey.
        """
        size = self._brightness.shape[::-1]
        inside = cv2.resize(self._whole.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        strokes = self._brightness * (255 / max(float(self._brightness.max()), 1))
        if self._hatched is not None:
            area = self._hatched.astype(np.float32)
            strokes *= 1 - cv2.resize(area, size, interpolation=cv2.INTER_LINEAR)
        return np.maximum(strokes, inside * INSIDE).astype(np.float32)

    @cached_property
    def _ink(self) -> np.ndarray:
        return _ink(self._brightness)

    @cached_property
    def _whole(self) -> np.ndarray:
        return _enclosed(self._ink)

    @cached_property
    def _hatched(self) -> np.ndarray | None:
        if not self.flat:
            return None
        return _hatched_area(self._brightness, self._ink, self._whole)


def enclosed_area(brightness: np.ndarray, at: tuple[int, int] | None = None) -> np.ndarray:
    """What bright lines enclose, (H, W) bool, of (H, W) uint8, with the inner half of the lines.

    at: x and y of a pixel, whose area alone is meant; an open area and a line have none
    """
    _, areas = cv2.connectedComponents((brightness < 128).astype(np.uint8), connectivity=4)
    mask = ~np.isin(areas, [0, *border_of(areas)])
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


def _hatched_area(brightness: np.ndarray, ink: np.ndarray, whole: np.ndarray) -> np.ndarray | None:
    """What lies deeper inside than the outline, (h, w) bool, where lines fill it; else None.

    ink, whole: strokes, and these with all that they enclose, (h, w) bool
    """
    if min(ink.shape) < 12 or not ink.any():
        return None
    small = np.pad(cv2.resize(brightness, ink.shape[::-1], interpolation=cv2.INTER_AREA), 2)
    ink, whole = np.pad(ink, 2).astype(np.uint8), np.pad(whole, 2).astype(np.uint8)
    to_paper, depth, to_ink = (
        cv2.distanceTransform(of, cv2.DIST_L2, 3) for of in (ink, whole, 1 - ink)
    )
    ridge = (ink > 0) & (to_paper == cv2.dilate(to_paper, np.ones((3, 3), np.uint8)))
    width = 2 * float(np.median(to_paper[ridge]))  # of a stroke
    deep = depth > 1.5 * width + 1
    if deep.sum() < LEAST_INSIDE * whole.sum():
        return None
    share = float(ink[deep].mean())
    farthest = float(np.percentile(to_ink[deep], 98)) / max(ink.shape)
    if not HATCHED[0] <= share <= HATCHED[1] or farthest > FARTHEST:
        return None
    between = deep & (cv2.dilate(ink, np.ones((3, 3), np.uint8)) == 0)
    if between.any() and small[between].mean() > PAPER * small.max():
        return None  # a tint with lines on it
    holes = cv2.connectedComponents((whole > ink).astype(np.uint8))[0] - 1
    dense = share >= LEAST_CROSSED and farthest <= CROSSED_FARTHEST
    if not (dense and holes >= LEAST_HOLES) and not _are_parallel(ink, deep):
        return None
    return (depth > width + 1)[2:-2, 2:-2]


def _are_parallel(ink: np.ndarray, area: np.ndarray) -> bool:
    """Whether most lines in an area run in one direction, and one meets several on the way across.

    ink: (h, w) uint8, 0 or 1; area: (h, w) bool
    """
    soft = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 1.0)
    x, y = cv2.Sobel(soft, cv2.CV_32F, 1, 0)[area], cv2.Sobel(soft, cv2.CV_32F, 0, 1)[area]
    xx, yy, xy = (float(np.dot(a, b)) for a, b in ((x, x), (y, y), (x, y)))
    if np.hypot(xx - yy, 2 * xy) < LEAST_PARALLEL * (xx + yy):
        return False
    # turned, so that rows lead across the lines
    across = np.degrees(np.arctan2(2 * xy, xx - yy)) / 2
    side = 2 + int(np.hypot(*ink.shape))
    turn = cv2.getRotationMatrix2D((ink.shape[1] / 2, ink.shape[0] / 2), across, 1.0)
    turn[:, 2] += (side - ink.shape[1]) / 2, (side - ink.shape[0]) / 2
    lines, within = (
        cv2.warpAffine(of, turn, (side, side), flags=cv2.INTER_NEAREST)
        for of in (ink, area.astype(np.uint8))
    )
    begins = (lines[:, 1:] > lines[:, :-1]) & (within[:, 1:] > 0)
    ways = (within.sum(axis=1) >= 8).sum()
    return bool(begins.sum() >= LEAST_LINES * max(ways, 1))


def _disc(diameter: float) -> np.ndarray:
    side = max(1, round(diameter))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
