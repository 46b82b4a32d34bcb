"""Frames around a picture: a screenshot's border, a plot's margin and ticks, letterbox bars.

What is cut off here would otherwise be taken for the background, and what is the background for
the garment. And what is inside: whether it is a small picture that was enlarged.
"""

import cv2
import numpy as np

from fmnist.images.garments import box_of
from fmnist.images.segmentation import border_of, close_holes, shrink

ALIKE = 12  # of 255: lines whose pixels differ less from each other are of one colour
APART = 16  # of 255: what differs more from a frame is not of it
LEAST_SIDE = 56  # smaller pictures are icons or the dataset's own, whose edges are few pixels
ONE_COLOUR = 0.99  # share of a line
ACROSS = 0.97  # share of a line that changes where a frame ends; a garment seldom ends so
MOST_OF_A_SIDE = 0.04  # of the picture, that a line along one side only can have
MOST_OF_A_BAR = 0.4  # where there is one along the opposite side, too
MOST_OF_A_FRAME = 0.1  # of the picture, that a frame has along three sides at least
MOST_NESTED = 3
BLENDED = 4  # of 255: smoothing has left a line that differs more from the next one, all along it
MOST_BLENDED = 3  # such lines
GRAIN = 3  # of 255: what neighbours in a photo differ by
LEAST_OF_A_LINE = 0.01  # so much of it changes where blocks meet
LEAST_BLOCKS, MOST_CHANGES = 8, 0.5  # of a small picture, enlarged; share of its lines
BLOCK, ON_A_GRID = (3.5, 40.0), 0.9  # pixels; photos of checked shirts have 0.75
MOST_LINES = 1.5  # from one block to the next; a photo's edges take two or more
MOST_REST = 0.15  # of the picture's standard deviation, that differs from the middle of its block
RARE, LEAST_TONES = 0.0005, 60  # share of a picture; tones that are not rare, fewer in drawings
# A grey picture (mean difference of its channels from their mean, 0..255) of which a thumbnail of
# this side keeps all but so much (root mean square, 0..255) is one enlarged. The dataset's images
# lose 3.6 at most, enlarged bicubically.
GREY, THUMBNAIL, LEAST_DETAIL = 2.0, 56, 3.7
NEARLY = 0.98  # of the longest line: ticks and what JPEG leaves around an edge are shorter
MOST_OF_A_TICK = 0.04  # of a side of the axes, as far as a tick reaches beyond it
FAR = 0.02  # of a side of the axes, that writing is away from them
LEAST_BESIDE, MOST_BESIDE = 0.0005, 0.4  # of their area, what writing and a colour bar cover

Box = tuple[int, int, int, int]  # (left, top, right, bottom) in pixels


def find_frame(rgb: np.ndarray) -> Box:
    """What is inside the frames of (H, W, 3) uint8; the whole picture where it has none."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = 0, 0, width, height
    for _ in range(MOST_NESTED):
        inside = rgb[top:bottom, left:right].astype(np.int16)
        if min(inside.shape[:2]) < LEAST_SIDE:
            break
        x, y, x_end, y_end = _within_margin(inside) or _within_lines(inside)
        if (x_end - x, y_end - y) == inside.shape[1::-1]:
            break
        left, top, right, bottom = left + x, top + y, left + x_end, top + y_end
    inside = rgb[top:bottom, left:right].astype(np.int16)
    columns = inside.swapaxes(0, 1)
    return (
        left + (_blended(columns) if left > 0 else 0),
        top + (_blended(inside) if top > 0 else 0),
        right - (_blended(columns[::-1]) if right < width else 0),
        bottom - (_blended(inside[::-1]) if bottom < height else 0),
    )


def _blended(rows: np.ndarray) -> int:
    """How many of the first of (N, W, 3) rows are what smoothing has left of a frame beside them.

    A colour changes one way from such a row to the next one, all along it.
    """
    steps = np.diff(rows[: MOST_BLENDED + 1], axis=0)
    changes = np.maximum((steps > BLENDED).mean(axis=1), (steps < -BLENDED).mean(axis=1))
    return int(np.cumprod(changes.max(axis=1) >= ACROSS).sum())


def _within_margin(rgb: np.ndarray) -> Box | None:
    """What a margin of one colour leaves: a full rectangle that is not of one colour itself.

    Writing, ticks and a colour bar may stand in the margin.
    """
    colour = _one_colour(border_of(rgb))
    if colour is None:
        return None
    other = _differs(rgb, colour)
    if min(other.any(axis=1).sum(), other.any(axis=0).sum()) < LEAST_SIDE:
        return None
    box, beside = _axes(other)
    left, top, right, bottom = box
    inside = other[top:bottom, left:right]
    if min(edge.mean() for edge in _edges(inside)) < ACROSS:
        return None
    kept = rgb[top:bottom, left:right]
    if _one_colour(kept.reshape(-1, 3)) is not None:
        return None
    height, width = rgb.shape[:2]
    margins = np.array([left / width, 1 - right / width, top / height, 1 - bottom / height])
    # a bag on white has four straight edges too, but mostly no such margins, no ground of its own,
    # and it is no enlarged picture of the dataset
    framed = (
        (margins <= MOST_OF_A_FRAME).sum() >= 3
        or beside == "left and below"
        or _one_colour(border_of(kept)) is not None
        or _is_enlarged(kept)
        or (not beside and _is_textured(kept))
    )
    return box if framed else None


def _edges(picture: np.ndarray) -> tuple[np.ndarray, ...]:
    """The first and last row and column."""
    return picture[0], picture[-1], picture[:, 0], picture[:, -1]


def _corners(picture: np.ndarray) -> np.ndarray:
    """The four corners' pixels of (H, W, 3): (4, 3)."""
    return picture[[0, 0, -1, -1], [0, -1, 0, -1]]


def _is_textured(picture: np.ndarray) -> bool:
    """Whether neighbours along the edges of (H, W, 3) differ, as a photo's do."""
    steps = np.concatenate([np.diff(edge, axis=0) for edge in _edges(picture)])
    return bool((np.abs(steps).max(axis=1) > GRAIN).mean() > 0.5)


def is_enlarged_image(rgb: np.ndarray) -> bool:
    """Whether (H, W, 3) uint8 is a small picture, enlarged: in blocks or, if on black, smoothly.

    So people have the dataset's images from a notebook or a page, also with a plot around them.
    """
    if np.ptp(_corners(rgb).astype(np.int16), axis=0).max() > APART:  # most photos end here
        return False
    left, top, right, bottom = find_frame(rgb)
    inside = rgb[top:bottom, left:right]
    counts = np.bincount(inside[..., 1].ravel())
    if (counts > RARE * counts.sum()).sum() < LEAST_TONES:  # a drawing
        return False
    picture = inside.astype(np.float32)
    return _is_made_of_blocks(picture) or _is_soft_and_grey(picture)


def _is_made_of_blocks(picture: np.ndarray) -> bool:
    """Whether (H, W, 3) is made of square blocks of one colour each, all of one size."""
    changes = [_changes(lines) for lines in (picture, picture.swapaxes(0, 1))]
    begin = [_beginnings(one)[:, np.newaxis] for one in changes]
    if max(map(len, begin)) < LEAST_BLOCKS or min(map(len, begin)) < 2:
        return False
    if sum(one.sum() for one in changes) > MOST_LINES * sum(map(len, begin)):  # soft edges
        return False
    # how well the blocks' edges lie on a grid, 0..1: the length of the mean of their phases
    sides = np.linspace(*BLOCK, 4_000)
    phases = np.stack([np.exp(2j * np.pi * one / sides).mean(axis=0) for one in begin])
    best = int(np.abs(phases).min(axis=0).argmax())
    if np.abs(phases[:, best]).min() < ON_A_GRID:
        return False
    middles = []  # of the block that each line is in
    for length, phase in zip(picture.shape[:2], phases[:, best], strict=True):
        first = np.angle(phase) / (2 * np.pi) * sides[best]
        block = np.floor((np.arange(length) + 0.5 - first) / sides[best])
        middle = np.rint(first + (block + 0.5) * sides[best] - 0.5).astype(int)
        middles.append(np.clip(middle, 0, length - 1))
    rest = picture - picture[np.ix_(*middles)]
    return bool(np.sqrt(np.mean(rest**2)) < MOST_REST * picture.std())


def _is_soft_and_grey(picture: np.ndarray) -> bool:
    """Whether (H, W, 3) is grey, on black, and has no more detail than a thumbnail.

    On white, it may be a shop's photo that is out of focus.
    """
    if _corners(picture).max() > APART:
        return False
    if np.abs(picture - picture.mean(axis=2, keepdims=True)).mean() >= GREY:
        return False
    small = shrink(picture, THUMBNAIL / max(picture.shape[:2]))
    again = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return bool(np.sqrt(np.mean((picture - again) ** 2)) < LEAST_DETAIL)


def _is_enlarged(picture: np.ndarray) -> bool:
    """Whether (H, W, 3) is made of blocks: many rows and columns of them, each many pixels wide."""
    for lines in (picture, picture.swapaxes(0, 1)):
        changes = _changes(lines)
        if len(_beginnings(changes)) < LEAST_BLOCKS or changes.mean() > MOST_CHANGES:
            return False
    return True


def _changes(lines: np.ndarray) -> np.ndarray:
    """(H - 1,): which of (H, W, 3) lines differ from the one before."""
    steps = np.abs(np.diff(lines, axis=0)).max(axis=2) > APART
    return steps.mean(axis=1) > LEAST_OF_A_LINE


def _beginnings(changes: np.ndarray) -> np.ndarray:
    """The lines that blocks begin with, by `_changes`; smoothing makes several changes of one."""
    return 2 + np.flatnonzero(changes[1:] & ~changes[:-1])


def _axes(mask: np.ndarray) -> tuple[Box, str]:
    """The box of the largest piece of (H, W) bool without ticks, where the rest is small.

    And where that rest is: "", "beside" or, as a plot's numbers are, "left and below". Otherwise
    the box of everything that is True; something has to be.
    """
    solid = close_holes(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=4)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    piece = labels == largest
    whole = box_of(mask)
    across, down = piece.sum(axis=0), piece.sum(axis=1)
    ys = np.flatnonzero(down >= NEARLY * down.max())
    xs = np.flatnonzero(across >= NEARLY * across.max())
    left, top, right, bottom = int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
    width, height = right - left, bottom - top
    x, y, wide, high = (int(value) for value in stats[largest][:4])
    beyond_x, beyond_y = max(left - x, x + wide - right), max(top - y, y + high - bottom)
    ticks = beyond_x <= MOST_OF_A_TICK * width and beyond_y <= MOST_OF_A_TICK * height
    # what JPEG leaves around an edge is nearer than writing is
    far_x, far_y = round(FAR * width), round(FAR * height)
    least = LEAST_BESIDE * width * height
    on_left = solid[top:bottom, : max(0, left - far_x)].sum() >= least
    below = solid[bottom + far_y :, left:right].sum() >= least
    near = solid[max(0, top - far_y) : bottom + far_y, max(0, left - far_x) : right + far_x]
    rest = solid.sum() - near.sum()
    if not ticks or rest > MOST_BESIDE * width * height:
        return whole, ""
    words = "left and below" if on_left and below else "beside" if rest >= least else ""
    return (left, top, right, bottom), words


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
