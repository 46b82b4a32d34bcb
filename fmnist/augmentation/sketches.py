"""Drawings of the training images, as people make them with a pen and as icons are filled.

Strokes are polylines at several times the network's 28 pixels: the outline of the garment, the
inner edges that stand out, and the few lines that a drawing of its class has. They wobble, leave
gaps, overshoot and are gone over twice, as people's are. Afterwards the drawing is brought to 28x28
as a visitor's is.
"""

import cv2
import numpy as np
from numpy.random import Generator

from fmnist.augmentation import shapes
from fmnist.augmentation.details import Line, closed, detail_lines, in_box, sleeve_lines, turning
from fmnist.augmentation.doodles.garments import doodle
from fmnist.augmentation.sewing_patterns import LONG_SLEEVED, draw_sewn_large
from fmnist.data import BOOT, SANDAL, SNEAKER
from fmnist.images import drawing, segmentation
from fmnist.images.garments import box_of, scale_and_centre
from fmnist.images.pipeline import LEAST_PIECE

LONGEST = 128  # of a garment's edges, in pixels
MARGIN = 24  # around it, for what wobbles and overshoots
SHEET = LONGEST + 2 * MARGIN
SEWN = 0.5  # share of the upper garments that are drawn from a sewing pattern
DOODLED = 0.6  # share that is drawn from memory; the others are traced
FILLED = 0.4  # share that is filled as icons are; the others are drawn with a pen
THINNEST, WIDEST = 1.0, 14.0  # pens, in pixels; the Draw tab's is 11 where a drawing fills it
NEATLY = 0.3  # share that is drawn with a steady hand
INK = 24  # what is darker is black
STEP = 2.0  # pixels between the points of a stroke
MOST_EDGES = 6  # inner edges that are drawn, the longest ones


def draw_sketches(images: np.ndarray, labels: np.ndarray, rng: Generator) -> np.ndarray:
    """Draw and prepare a batch: (N, 28, 28) uint8, (N,) -> (N, 28, 28) uint8, N >= 1."""
    return np.stack(
        [draw_sketch(image, int(label), rng) for image, label in zip(images, labels, strict=True)]
    )


def draw_sketch(image: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Draw a training image and prepare the drawing: (28, 28) uint8 -> (28, 28) uint8.

    A garment of which nothing is left is all black.
    """
    return prepare_sheet(draw_sheet(image, label, rng))


def prepare_sheet(sheet: np.ndarray) -> np.ndarray:
    """What `pipeline.preprocess_image` makes of the drawing on white paper; (H, W) uint8, on black.

    Without looking for the garment and without pictures of the steps: a tenth of the time.
    """
    mask = segmentation.keep_pieces(sheet > segmentation.TRIM_TOLERANCE, LEAST_PIECE)
    if not mask.any():
        return np.zeros((28, 28), np.uint8)
    left, top, right, bottom = box_of(mask)
    brightness = np.where(mask, sheet, 0)[top:bottom, left:right].astype(np.float32)
    shape = drawing.Shape(brightness, flat=True)
    if shape.is_line_art or shape.is_hatched:
        brightness = shape.fill_outline()
    return scale_and_centre(brightness)


def draw_sheet(image: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Draw a training image, (28, 28) uint8, light on black, some 180 pixels wide and high.

    Or, by chance, only a garment of its class.
    """
    if not image.any():
        return np.zeros((SHEET, SHEET), np.uint8)
    if rng.random() < DOODLED:
        return draw_doodle(label, rng)
    return _draw(*_trace(image, label, rng), rng)


def draw_doodle(label: int, rng: Generator) -> np.ndarray:
    """Draw a garment of class `label`, 0..9 or NOT_CLOTHING, from memory, as `draw_sheet` does."""
    return draw_lines(*_turned_doodle(label, rng), rng)


def draw_lines(outline: list[Line], lines: list[Line], rng: Generator) -> np.ndarray:
    """Draw outlines and the lines inside of them, light on black, as `draw_sheet` does.

    They are brought to the size of the sheet, whatever their unit.
    """
    points = np.vstack(outline + lines)
    low, high = points.min(axis=0), points.max(axis=0)
    factor = LONGEST / (high - low).max()

    def place(part: list[Line]) -> list[Line]:
        return [(line - (low + high) / 2) * factor + SHEET / 2 for line in part]

    return _draw(place(outline), place(lines), rng)


def _draw(outline: list[Line], lines: list[Line], rng: Generator) -> np.ndarray:
    hand = _Hand(0.0 if rng.random() < NEATLY else rng.uniform(0, 1), rng)
    pen = round(THINNEST * (WIDEST / THINNEST) ** rng.random())
    draw = _draw_filled if rng.random() < FILLED else _draw_with_pen
    return draw(outline, lines, pen, hand, rng)


def _trace(image: np.ndarray, label: int, rng: Generator) -> tuple[list[Line], list[Line]]:
    """The outline of a training image and the lines inside of it, in pixels of the sheet."""
    tones, seams = _enlarge(image, label, rng)
    outline = _trace_outline(tones, rng)
    if seams:
        lines = _trace_edges(tones, rng)
    else:
        box = cv2.boundingRect((tones > INK).astype(np.uint8))
        lines = in_box(detail_lines(label, rng) + sleeve_lines(label, rng), *box)
        if rng.random() < 0.25:
            lines += _trace_edges(tones, rng)
    return outline, lines


def _turned_doodle(label: int, rng: Generator) -> tuple[list[Line], list[Line]]:
    """A doodle, turned and stretched a little."""
    outline, lines = doodle(label, rng)
    angle, stretch = np.deg2rad(rng.normal(0, 6)), np.exp(rng.uniform(-0.25, 0.25))
    change = np.diag([stretch, 1.0]) @ turning(angle)
    return [line @ change for line in outline], [line @ change for line in lines]


def _enlarge(image: np.ndarray, label: int, rng: Generator) -> tuple[np.ndarray, bool]:
    """The garment, often of another shape, with a margin; whether its own seams are to be drawn."""
    sewn = label in LONG_SLEEVED and rng.random() < SEWN
    other = draw_sewn_large(image, label, rng) if sewn else shapes.vary_shape(image, label, rng)
    garment: np.ndarray = image if other is None else other
    garment = garment[np.ix_(garment.any(axis=1), garment.any(axis=0))]
    if not garment.size:
        return np.zeros((LONGEST, LONGEST), np.uint8), False
    factor = LONGEST / max(garment.shape)
    tones = _turned(garment, factor, rng)
    if not sewn:  # without the steps of its pixels
        tones = np.asarray(cv2.GaussianBlur(tones, (0, 0), 0.4 * factor))
    return tones, sewn or (other is not None and label in (SANDAL, SNEAKER, BOOT))


def _turned(garment: np.ndarray, factor: float, rng: Generator) -> np.ndarray:
    """Enlarged, stretched and turned a little, in the middle of a sheet with a margin."""
    height, width = garment.shape
    stretch = np.exp(rng.uniform(-0.2, 0.2))
    angle = np.deg2rad(rng.normal(0, 5))
    linear = turning(angle).T @ np.diag([factor * min(1, stretch), factor * min(1, 1 / stretch)])
    offset = np.array([SHEET, SHEET]) / 2 - linear @ np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([linear, offset])
    return np.asarray(cv2.warpAffine(garment, matrix, (SHEET, SHEET), flags=cv2.INTER_LINEAR))


def _trace_outline(tones: np.ndarray, rng: Generator) -> list[Line]:
    """The borders of the garment and of its larger holes, closed."""
    mask: np.ndarray = (tones > INK).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    coarse = rng.uniform(0.5, 4.0)  # a hand draws fewer corners than a garment has
    large = [contour for contour in found if cv2.contourArea(contour) > 0.01 * mask.sum()]
    lines = [cv2.approxPolyDP(contour, coarse, True)[:, 0].astype(float) for contour in large]
    return [closed(line) for line in lines]


def _trace_edges(tones: np.ndarray, rng: Generator) -> list[Line]:
    """Where brightness jumps inside the garment."""
    inside = cv2.erode((tones > INK).astype(np.uint8), np.ones((9, 9), np.uint8))
    low = rng.uniform(20, 80)
    edges = cv2.Canny(tones, low, 2 * low) * inside
    found, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    found = sorted(found, key=lambda line: cv2.arcLength(line, False), reverse=True)[:MOST_EDGES]
    return [
        cv2.approxPolyDP(line, 1.0, False)[:, 0].astype(float)
        for line in found
        if cv2.arcLength(line, False) > 0.3 * LONGEST
    ]


class _Hand:
    """How steadily lines are drawn: bent by one soft wobble, broken, not quite met."""

    def __init__(self, careless: float, rng: Generator):
        """careless: 0 for a ruler, 1 for a child's hand."""
        self.careless, self._rng = careless, rng
        wobble = rng.normal(0, 3.0 * careless, (7, 7, 2)).astype(np.float32)
        self._wobble = cv2.resize(wobble, (SHEET, SHEET), interpolation=cv2.INTER_CUBIC)

    def bend(self, line: Line) -> np.ndarray:
        """A line's points as integers, in sixteenths of a pixel."""
        line = _resampled(line)
        x, y = np.clip(line.astype(int), 0, len(self._wobble) - 1).T
        return np.round((line + self._wobble[y, x]) * 16).astype(np.int32)

    def strokes(self, line: Line) -> list[Line]:
        """A line in the pieces that it is drawn in."""
        line, rng, careless = _resampled(line), self._rng, self.careless
        if not careless or len(line) < 4:
            return [line]
        if np.array_equal(line[0], line[-1]):  # begun anywhere
            line = closed(np.roll(line[:-1], int(rng.integers(len(line))), axis=0))
        pieces = int(rng.integers(1, 5)) if len(line) > 40 else 1
        cuts = np.sort(rng.integers(0, len(line), pieces - 1))
        strokes = []
        for piece in np.split(line, cuts):
            if len(piece) < 4:
                continue
            piece = self._ended(self._ended(piece)[::-1]) + rng.normal(0, 1.2 * careless, 2)
            strokes.append(piece)
            if rng.random() < 0.12 * careless:  # gone over again
                strokes.append(piece + rng.normal(0, 2 * careless, 2))
        return strokes

    def _ended(self, line: Line) -> Line:
        """A line that ends a little too early or too late."""
        points = abs(self._rng.normal(0, 3 * self.careless))
        if self._rng.random() < 0.5:
            return line[: len(line) - min(round(points), len(line) // 4)]
        return np.vstack([line, line[-1] + (line[-1] - line[-3]) * points / 2])


def _resampled(line: Line) -> Line:
    """A line with points STEP apart."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, int(along[-1] / STEP)))
    return np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _draw_with_pen(
    outline: list[Line], lines: list[Line], pen: int, hand: _Hand, rng: Generator
) -> np.ndarray:
    """A line drawing."""
    strokes = [stroke for line in outline for stroke in hand.strokes(line)]
    if len(strokes) > 3 and rng.random() < 0.25 * hand.careless:
        del strokes[rng.integers(len(strokes))]
    strokes += [stroke for line in lines for stroke in hand.strokes(line)]
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    bent = [hand.bend(stroke) for stroke in strokes]
    cv2.polylines(sheet, bent, False, 255, pen, cv2.LINE_AA, shift=4)
    return sheet


def _draw_filled(
    outline: list[Line], lines: list[Line], pen: int, hand: _Hand, rng: Generator
) -> np.ndarray:
    """A silhouette in one tone, often with darker lines inside or a bright border."""
    sheet = np.zeros((SHEET, SHEET), np.uint8)
    tone = int(rng.integers(110, 256))
    border = [hand.bend(line) for line in outline]
    cv2.fillPoly(sheet, border, tone, cv2.LINE_AA, shift=4)
    if rng.random() < 0.6:
        inner = [hand.bend(line) for line in lines]
        drawn = np.zeros_like(sheet)
        cv2.polylines(drawn, inner, False, 255, pen, cv2.LINE_AA, shift=4)
        # dark on the garment, in its tone where a line leaves it, as a bag's handle does
        other = np.where(sheet > 0, tone * rng.uniform(0, 0.7), tone)
        sheet = (sheet + (other - sheet) * (drawn / 255)).astype(np.uint8)
    if rng.random() < 0.3:
        cv2.polylines(sheet, border, True, 255, pen, cv2.LINE_AA, shift=4)
    return sheet
