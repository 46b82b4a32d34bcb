"""Garments as people doodle them: a few strokes from memory, traced from no picture.

A doodled T-shirt is a T, its sleeves stick out; trousers are two boxes with a gap, a sandal is a
sole from above with a Y on it, a bag has a body and an arch. `doodle` draws such shapes with
proportions drawn by lot; `sketches` gives them the wobble of a hand and the width of a pen.
"""

import numpy as np
from numpy.random import Generator

from fmnist.augmentation.details import Line, Shapes, arch, both_sides, closed, detail_lines, in_box
from fmnist.augmentation.doodles.bags_and_footwear import doodle_bag, doodle_footwear
from fmnist.augmentation.doodles.other_clothes import doodle_other_clothing
from fmnist.data import (
    BAG,
    BOOT,
    COAT,
    DRESS,
    NOT_CLOTHING,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
)

_LENGTHS = {  # of the body, shortest and longest, in its widths
    TSHIRT: (0.8, 1.5),
    PULLOVER: (0.7, 1.7),
    DRESS: (1.4, 2.6),
    COAT: (0.9, 2.0),
    SHIRT: (0.8, 1.6),
}
_LONG = {TSHIRT: 0.0, PULLOVER: 1.0, DRESS: 0.15, COAT: 1.0, SHIRT: 0.25}  # share with long sleeves
_IN_PIECES = 0.25  # share of upper garments whose sleeves are shapes of their own
_ROUND = 0.4  # share whose corners are rounded
_OPEN = 0.2  # share of garments and closed shoes whose outline lacks its last piece
_APART = 0.35  # share of coats whose halves do not meet in front


def doodle(label: int, rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a garment of class `label`: its outlines, and the lines inside of them.

    label: 0..9, or NOT_CLOTHING for clothes that are none of the ten.

    Outlines are closed, but the first may lack its last piece: at the waist, the ankle or the neck.
    """
    if label == TROUSER:
        outline, lines = _trousers(rng)
    elif label == BAG:
        outline, lines = doodle_bag(rng)
    elif label in (SANDAL, SNEAKER, BOOT):
        outline, lines = doodle_footwear(label, rng)
    elif label == NOT_CLOTHING:
        outline, lines = doodle_other_clothing(rng)
    else:
        outline, lines = _upper_garment(label, rng)
    uneven = rng.uniform(0, 0.05)
    bent = [_uneven(line, uneven, rng) for line in outline]
    if label not in (BAG, SANDAL, NOT_CLOTHING) and rng.random() < _OPEN:
        bent[0] = bent[0][:-1]
    if rng.random() < _ROUND:
        bent = [_rounded(line) for line in bent]
    return bent, lines


def _uneven(line: Line, most: float, rng: Generator) -> Line:
    """A closed line with its corners moved, the less the more it has."""
    corners = line[:-1]
    return closed(corners + rng.normal(0, most * (6 / max(6, len(corners))), corners.shape))


def _rounded(line: Line) -> Line:
    """A line with its corners cut off, twice (Chaikin 1974)."""
    for _ in range(2):
        start, end = line[:-1], line[1:]
        cut = np.stack([0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end], 1).reshape(-1, 2)
        is_closed = np.array_equal(line[0], line[-1])
        line = closed(cut) if is_closed else np.vstack([line[:1], cut, line[-1:]])
    return line


def _upper_garment(label: int, rng: Generator) -> tuple[Shapes, Shapes]:
    """A body with two sleeves or none, open at the front, hooded or collared by chance."""
    tall, neck = rng.uniform(*_LENGTHS[label]), rng.uniform(0.12, 0.3)
    shoulder = np.array([rng.uniform(0.42, 0.6), rng.uniform(0, 0.2)])
    long = rng.random() < _LONG[label]
    sleeveless = label == DRESS and not long and rng.random() < 0.6
    if sleeveless:
        sleeve, half = [shoulder, shoulder + np.array([0.03, 0.0])], 0.5
    else:
        sleeve = _sleeve(shoulder, long, tall, rng)
        half = float(np.clip(sleeve[-1][0], 0.3, 0.6))  # the body's width at the armpits, halved
    deep = rng.uniform(0.05, 0.35)
    top, bottom = _neckline(neck, deep, rng), _hem(label, half, tall, rng)
    if label == COAT and rng.random() < _APART:
        return _open_coat([*top, *sleeve, *bottom], rng)
    if rng.random() < _IN_PIECES and not sleeveless:
        outline = [both_sides([*top, sleeve[0], sleeve[-1], *bottom])]
        outline += [closed(np.asarray(sleeve) * [side, 1]) for side in (-1, 1)]
    else:
        outline = [both_sides([*top, *sleeve, *bottom])]
    if label in (PULLOVER, COAT) and rng.random() < 0.2:  # a hood
        hood = arch((0, 0.02), neck * rng.uniform(0.9, 1.4), rng.uniform(0.15, 0.4), 0.8)
        outline.append(closed(hood))
    lines = in_box(detail_lines(label, rng), -half, 0.0, 2 * half, tall)
    if label == COAT and rng.random() < 0.6:
        front = _front(deep, tall, rng)
        lines = front if rng.random() < 0.5 else lines + front
    if len(outline) == 1 and not sleeveless and rng.random() < 0.3:  # the sleeves' seams
        lines += [np.array([sleeve[0], sleeve[-1]]) * [side, 1] for side in (-1, 1)]
    return outline, lines


def _open_coat(right: list, rng: Generator) -> tuple[Shapes, Shapes]:
    """A coat that is open in front, of two halves; `right`: from the neck to the hem."""
    hem = np.asarray(right[-1])
    inner = hem[0] * rng.uniform(0.0, 0.6)
    half = closed([*right, (inner, hem[1]), (min(inner, rng.uniform(0.0, 0.1)), right[0][1])])
    lines = []
    if rng.random() < 0.3:  # a collar
        flap = np.array([right[0], (inner, 0.3 * hem[1])])
        lines = [flap, flap * [-1, 1]]
    return [half, half * [-1, 1]], lines


def _front(top: float, low: float, rng: Generator) -> Shapes:
    """A coat's front between two heights: one line, an open gap, or buttons alone."""
    lot = rng.random()
    if lot < 0.4:
        return [np.array([(rng.normal(0, 0.03), top * rng.uniform(0, 1)), (0.0, low)])]
    if lot < 0.8:
        narrow, wide = rng.uniform(0.0, 0.1), rng.uniform(0.04, 0.25)
        return [np.array([(side * narrow, 0.7 * top), (side * wide, low)]) for side in (-1, 1)]
    places = np.arange(top + 0.1, low - 0.05, rng.uniform(0.12, 0.3))
    return [np.array([(-0.015, place), (0.015, place)]) for place in places]


def _neckline(half: float, deep: float, rng: Generator) -> list:
    """The points from the middle of the neck to the shoulder: round, pointed or straight."""
    lot = rng.random()
    if lot < 0.4:
        return [(0.45 * half, 0.8 * deep), (half, 0.0)]
    if lot < 0.6:
        return [(0.02, deep), (half, 0.0)]
    return [(half, 0.0)]


def _hem(label: int, half: float, tall: float, rng: Generator) -> list:
    """The points from the waist to the lower hem of a body that is 2 `half` wide at the armpits."""
    if label == DRESS:
        waist = half * rng.uniform(0.6, 1.0), tall * rng.uniform(0.3, 0.5)
        return [waist, (rng.uniform(0.4, 1.1), tall)]
    flared = label == COAT or (label == PULLOVER and rng.random() < 0.25)
    return [(half * rng.uniform(0.9, 1.5 if flared else 1.15), tall)]


def _sleeve(shoulder: np.ndarray, long: bool, tall: float, rng: Generator) -> list[np.ndarray]:
    """The right sleeve's points, from the shoulder around the cuff to the armpit."""
    angle = np.deg2rad(rng.uniform(20, 90) if long else rng.uniform(25, 100))  # 0 hangs down
    wide = rng.uniform(0.2, 0.45)
    length = min(tall, 1.3) * rng.uniform(0.6, 1.05) if long else rng.uniform(0.2, 0.55)
    bends = [angle]
    if long and rng.random() < 0.4:  # at the elbow
        bends.append(angle - np.deg2rad(rng.uniform(-20, 60)))
    outer, inner = [shoulder], []
    for bend in bends:
        along = np.array([np.sin(bend), np.cos(bend)])
        outer.append(outer[-1] + along * length / len(bends))
        inner.append(outer[-1] + wide * rng.uniform(0.7, 1.1) * np.array([-along[1], along[0]]))
    armpit = shoulder + wide * np.array([-np.cos(angle) * rng.uniform(0.4, 1), 1.0])
    return [*outer, *reversed(inner), armpit]


def _trousers(rng: Generator) -> tuple[Shapes, Shapes]:
    """Two legs that part at the crotch, spread or straight."""
    tall, crotch = rng.uniform(1.0, 2.2), rng.uniform(0.25, 0.55)
    outside = 0.5 * rng.uniform(0.8, 1.7)
    inside = outside * rng.uniform(0.05, 0.65)
    gap = inside * rng.uniform(0, 0.9) if rng.random() < 0.3 else 0.0  # as a box is cut out
    right = [(0.5, 0.0), (outside, tall), (inside, tall), (gap, crotch * tall)]
    if rng.random() < 0.3:  # hips
        right.insert(1, (0.5 * rng.uniform(1.0, 1.2), 0.3 * tall))
    lines = in_box(detail_lines(TROUSER, rng), -0.5, 0.0, 1.0, tall)
    return [both_sides(right)], lines
