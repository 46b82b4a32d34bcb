"""Frames around a picture: a screenshot's border, a plot's margin, letterbox bars.

What is cut off here would otherwise be taken for the background, and what is the background for
the garment.
"""

import numpy as np

from fmnist.images.garments import box_of

ALIKE = 12  # of 255: lines whose pixels differ less from each other are of one colour
APART = 16  # of 255: what differs more from a frame is not of it
LEAST_SIDE = 56  # smaller pictures are icons or the dataset's own, whose edges are few pixels
ONE_COLOUR = 0.99  # share of a line
ACROSS = 0.97  # share of a line that changes where a frame ends; a garment seldom ends so
MOST_OF_A_SIDE = 0.04  # of the picture, that a line along one side only can have
MOST_OF_A_BAR = 0.4  # where there is one along the opposite side, too
MOST_NESTED = 3

Box = tuple[int, int, int, int]  # (left, top, right, bottom) in pixels


def find_frame(rgb: np.ndarray) -> Box:
    """What is inside the frames of (H, W, 3) uint8; the whole picture where it has none."""
    left, top, right, bottom = 0, 0, rgb.shape[1], rgb.shape[0]
    for _ in range(MOST_NESTED):
        inside = rgb[top:bottom, left:right].astype(np.int16)
        if min(inside.shape[:2]) < LEAST_SIDE:
            break
        x, y, x_end, y_end = _within_margin(inside) or _within_lines(inside)
        if (x_end - x, y_end - y) == inside.shape[1::-1]:
            break
        left, top, right, bottom = left + x, top + y, left + x_end, top + y_end
    return left, top, right, bottom


def _within_margin(rgb: np.ndarray) -> Box | None:
    """What a margin of one colour leaves: a full rectangle that is not of one colour itself."""
    ring = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colour = _one_colour(ring)
    if colour is None:
        return None
    other = _differs(rgb, colour)
    if min(other.any(axis=1).sum(), other.any(axis=0).sum()) < LEAST_SIDE:
        return None
    left, top, right, bottom = box = box_of(other)
    inside = other[top:bottom, left:right]
    edges = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    if min(edge.mean() for edge in edges) < ACROSS:
        return None
    kept = rgb[top:bottom, left:right]
    return None if _one_colour(kept.reshape(-1, 3)) is not None else box


def _within_lines(rgb: np.ndarray) -> Box:
    """What lines along single sides leave, thin ones, and bars along opposite sides."""
    height, width = rgb.shape[:2]
    columns = rgb.swapaxes(0, 1)
    top, bottom = _lines(rgb)
    left, right = _lines(columns)
    return left, top, width - right, height - bottom


def _lines(rows: np.ndarray) -> tuple[int, int]:
    """How many of the first and of the last rows are a line of one colour along this side."""
    first, last = _line(rows), _line(rows[::-1])
    bars = first and last and _one_colour(np.concatenate([rows[0], rows[-1]])) is not None
    most = (MOST_OF_A_BAR if bars else MOST_OF_A_SIDE) * len(rows)
    return (first if first <= most else 0), (last if last <= most else 0)


def _line(rows: np.ndarray) -> int:
    """How many of the first rows are a line of one colour; 0 where none reaches across."""
    colour = _one_colour(rows[0])
    if colour is None:
        return 0
    for number, row in enumerate(rows):
        share = _differs(row, colour).mean()
        if share >= ACROSS:
            return number
        if share > 1 - ONE_COLOUR:
            return 0  # something begins that does not reach across
    return 0


def _one_colour(pixels: np.ndarray) -> np.ndarray | None:
    """The colour (3,) of (N, 3) pixels that have one, or None."""
    colour = np.median(pixels, axis=0)
    share = (np.abs(pixels - colour).max(axis=1) <= ALIKE).mean()
    return colour if share >= ONE_COLOUR else None


def _differs(pixels: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return np.abs(pixels - colour).max(axis=-1) > APART
