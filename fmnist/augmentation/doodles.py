"""Garments as people doodle them: a few strokes from memory, traced from no picture.

A doodled T-shirt is a T, its sleeves stick out; trousers are two boxes with a gap, a sandal is a
sole from above with a Y on it, a bag has a body and an arch. `doodle` draws such shapes with
proportions drawn by lot; `sketches` gives them the wobble of a hand and the width of a pen.
"""

import numpy as np
from numpy.random import Generator

from fmnist.augmentation.details import Line, closed, detail_lines, in_box, turning
from fmnist.data import BAG, BOOT, COAT, DRESS, PULLOVER, SANDAL, SHIRT, SNEAKER, TROUSER, TSHIRT

Shapes = list[Line]  # closed or open lines, in widths of a garment's body, y down

_LENGTHS = {  # of the body, shortest and longest, in its widths
    TSHIRT: (0.8, 1.5),
    PULLOVER: (0.7, 1.5),
    DRESS: (1.3, 2.6),
    COAT: (0.9, 2.0),
    SHIRT: (0.8, 1.6),
}
_LONG = {TSHIRT: 0.0, PULLOVER: 1.0, DRESS: 0.2, COAT: 1.0, SHIRT: 0.35}  # share with long sleeves
_IN_PIECES = 0.25  # share of upper garments whose sleeves are shapes of their own
_ROUND = 0.4  # share whose corners are rounded


def doodle(label: int, rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a garment of class `label`, 0..9: its closed outlines, and the lines inside of them."""
    if label == TROUSER:
        outline, lines = _trousers(rng)
    elif label == BAG:
        outline, lines = _backpack(rng) if rng.random() < 0.45 else _handbag(rng)
    elif label == SANDAL and rng.random() < 0.6:
        outline, lines = _from_above(rng)
    elif label in (SANDAL, SNEAKER, BOOT):
        outline, lines = _in_profile(label, rng)
    else:
        outline, lines = _upper_garment(label, rng)
    uneven = rng.uniform(0, 0.05)
    bent = [_uneven(line, uneven, rng) for line in outline]
    if rng.random() < _ROUND:
        bent = [_rounded(line) for line in bent]
    return bent, lines


def _uneven(line: Line, most: float, rng: Generator) -> Line:
    """A closed line with its corners moved, the less the more it has."""
    corners = line[:-1]
    return closed(corners + rng.normal(0, most * (6 / max(6, len(corners))), corners.shape))


def _rounded(line: Line) -> Line:
    """A closed line with its corners cut off, twice (Chaikin 1974)."""
    for _ in range(2):
        start, end = line[:-1], line[1:]
        line = closed(
            np.stack([0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end], 1).reshape(-1, 2)
        )
    return line


def _both_sides(right: list) -> Line:
    """The closed outline of a garment whose right half has these points, from the top down."""
    points = np.asarray(right, float)
    return closed(np.vstack([points, points[::-1] * [-1, 1]]))


def _arch(centre: tuple[float, float], half: float, high: float, bend: float) -> Line:
    """An arch over `centre`; bend: 0.3 for a box, 1 for half an ellipse, 2 for a gable."""
    angle = np.linspace(0, np.pi, 15)
    across, up = np.cos(angle), np.sin(angle)
    shape = np.sign(across) * abs(across) ** bend, up**bend
    return np.column_stack([centre[0] + half * shape[0], centre[1] - high * shape[1]])


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
    if rng.random() < _IN_PIECES and not sleeveless:
        outline = [_both_sides([*top, sleeve[0], sleeve[-1], *bottom])]
        outline += [closed(np.asarray(sleeve) * [side, 1]) for side in (-1, 1)]
    else:
        outline = [_both_sides([*top, *sleeve, *bottom])]
    if label in (PULLOVER, COAT) and rng.random() < 0.2:  # a hood
        hood = _arch((0, 0.02), neck * rng.uniform(0.9, 1.4), rng.uniform(0.15, 0.4), 0.8)
        outline.append(closed(hood))
    lines = in_box(detail_lines(label, rng), -half, 0.0, 2 * half, tall)
    if label == COAT and rng.random() < 0.6:
        front = _front(deep, tall, rng)
        lines = front if rng.random() < 0.5 else lines + front
    if len(outline) == 1 and not sleeveless and rng.random() < 0.3:  # the sleeves' seams
        lines += [np.array([sleeve[0], sleeve[-1]]) * [side, 1] for side in (-1, 1)]
    return outline, lines


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
    return [(half * rng.uniform(0.9, 1.5 if label == COAT else 1.15), tall)]


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
    return [_both_sides(right)], lines


def _from_above(rng: Generator) -> tuple[Shapes, Shapes]:
    """A sandal's sole with straps, one or a pair, toes up or in any direction."""
    angle = np.linspace(0, 2 * np.pi, 25)[:-1]
    half, slim = rng.uniform(0.17, 0.3), rng.uniform(0.0, 0.25)
    x = half * np.sin(angle) * (1 + slim * np.cos(angle) - slim * np.sin(angle) ** 4)
    sole = closed(np.column_stack([x, -0.5 * np.cos(angle)]))
    toe, side = rng.uniform(-0.4, -0.2), rng.uniform(-0.15, 0.15)
    if rng.random() < 0.4:  # a small arch at the toes
        toe, side = rng.uniform(-0.48, -0.35), rng.uniform(-0.35, -0.1)
    bend = rng.uniform(0.3, 0.9)
    straps = [
        np.array([(0, toe), (s * half * bend, (toe + side) / 2), (s * half, side)]) for s in (-1, 1)
    ]
    if rng.random() < 0.3:  # a stem between two toes
        straps.append(np.array([(0, toe), (0, toe - rng.uniform(0.05, 0.3))]))
    lot = rng.random()
    if lot < 0.04:
        straps = []
    elif lot < 0.3:  # bands across instead
        ends = rng.uniform(-0.35, 0.3, int(rng.integers(1, 4)))
        straps = [np.array([(-half, y), (half, y + rng.normal(0, 0.05))]) for y in ends]
    elif lot < 0.5:  # wide ones, of two lines
        lower = np.array([0, rng.uniform(0.05, 0.12)])
        straps += [strap + lower for strap in straps]
    soles = [sole]
    if rng.random() < 0.5:
        other = np.array([2 * half * rng.uniform(1.0, 1.6), rng.normal(0, 0.12)])
        soles.append([-1, 1] * sole + other)
        if rng.random() < 0.8:  # else only one of them is finished
            straps += [[-1, 1] * strap + other for strap in straps]
    turned = turning(rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else 0.0)
    return [line @ turned for line in soles], [line @ turned for line in straps]


def _in_profile(label: int, rng: Generator) -> tuple[Shapes, Shapes]:
    """A shoe from the side, one unit long, toe left or right."""
    toe = rng.uniform(0.1, 0.3)
    opening = rng.uniform(0.4, 0.8)
    if label == SANDAL:
        outline, lines = _strapped(rng)
    else:
        instep = toe + rng.uniform(0.05, 0.25)
        top = instep + (rng.uniform(0.0, 0.3) if label == SNEAKER else rng.uniform(0.35, 1.1))
        heel = 1 + rng.normal(0, 0.03)
        upper = [(0.0, 0.0), (-0.04, -0.6 * toe), (0.08, -toe), (opening - 0.12, -instep)]
        upper += [(opening, -top), (heel, -top * rng.uniform(0.85, 1.15)), (heel, 0.0)]
        if rng.random() < (0.5 if label == BOOT else 0.1):  # a heel below the sole
            high, front = rng.uniform(0.05, 0.15), rng.uniform(0.65, 0.85)
            upper[-1:] = [(heel, high), (front, high), (front - 0.02, 0.0)]
        outline, lines = [closed(upper)], in_box(detail_lines(label, rng), 0.0, -top, 1.0, top)
    if rng.random() < 0.5:
        return outline, lines
    return [line * [-1, 1] for line in outline], [line * [-1, 1] for line in lines]


def _strapped(rng: Generator) -> tuple[Shapes, Shapes]:
    """A sandal from the side: a flat, wedged or heeled sole with straps over it."""
    thick, high = rng.uniform(0.05, 0.12), rng.uniform(0.0, 0.5) * (rng.random() < 0.6)
    flat = [(0.0, 0.0), (0.0, -thick), (0.35, -thick), (1.0, -thick - high)]
    if rng.random() < 0.5:  # a heel, else a wedge
        flat += [(1.0, 0.0), (0.93, 0.0), (0.88, -high), (0.4, 0.0)]
    else:
        flat += [(1.0, 0.0)]
    straps = []
    for middle in rng.uniform(0.1, 0.85, int(rng.integers(1, 4))):
        low = -thick - high * max(0.0, middle - 0.35) / 0.65
        half, up = rng.uniform(0.06, 0.2), rng.uniform(0.1, 0.35)
        straps.append(_arch((middle, low), half, up, 1.0))
    if rng.random() < 0.6:  # around the ankle
        straps.append(_arch((0.85, -thick - high), 0.15, rng.uniform(0.2, 0.5), 0.7))
    if rng.random() < 0.4:  # bands of some width
        return [closed(flat), *(closed(strap) for strap in straps)], []
    return [closed(flat)], straps


def _handbag(rng: Generator) -> tuple[Shapes, Shapes]:
    """A body, straight or round, under a handle."""
    high, top, bottom = rng.uniform(0.4, 1.0), rng.uniform(0.3, 0.5), rng.uniform(0.35, 0.55)
    body = closed([(-top, 0.0), (top, 0.0), (bottom, high), (-bottom, high)])
    if rng.random() < 0.2:
        body = closed(_arch((0.0, high), bottom, high, rng.uniform(0.5, 1.0)))
    half, up = top * rng.uniform(0.3, 1.0), rng.uniform(0.15, 0.8)
    bend, centre = rng.uniform(0.4, 1.6), (0.0, 0.02)
    handle = _arch(centre, half, up, bend)
    wide = rng.uniform(0.5, 0.9)
    within = _arch(centre, half * wide, up * wide, bend)
    lines = in_box(detail_lines(BAG, rng), -top, 0.0, 2 * top, high)
    if rng.random() < 0.5:
        return [body, closed(np.vstack([handle, within[::-1]]))], lines
    return [body], [handle, *lines]


def _backpack(rng: Generator) -> tuple[Shapes, Shapes]:
    """A tall body with a round top, a pocket, a loop and straps at its sides."""
    half, bend = rng.uniform(0.3, 0.5), rng.uniform(0.4, 1.0)
    shoulder = rng.uniform(0.2, 0.5)
    top = _arch((0.0, shoulder), half, shoulder, bend)
    low = half * rng.uniform(0.8, 1.15)
    outline, lines = [closed([*top, (-low, 1.0), (low, 1.0)])], []
    within = rng.uniform(0.4, 0.8) if rng.random() < 0.5 else 0.0  # straps of two lines
    for side in (-1, 1):
        if rng.random() < 0.4:
            continue
        middle, high = rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.35)
        strap = _arch((0.0, 0.0), high, rng.uniform(0.08, 0.5), rng.uniform(0.5, 1.3))
        strap, place = strap[:, ::-1] * [-1, 1], np.array([half, middle])  # to the right
        outline.append(closed((place + strap) * [side, 1]))
        if within:
            lines.append((place + within * strap) * [side, 1])
    if rng.random() < 0.7:  # a loop
        lines.append(_arch((0.0, 0.02), half * 0.35, rng.uniform(0.06, 0.18), 0.8))
    pocket, width = rng.uniform(0.45, 0.65), half * rng.uniform(0.5, 0.85)
    lot = rng.random()
    if lot < 0.5:
        front = [(-width, pocket), (width, pocket), (width, 0.92), (-width, 0.92)]
        lines.append(closed(front))
    elif lot < 0.7:  # a round one
        lines.append(closed(_arch((0.0, 0.95), width, 0.95 - pocket, rng.uniform(0.5, 1.0))))
    lot = rng.random()
    if lot < 0.3:
        lines.append(_arch((0.0, pocket), half * 0.8, pocket * 0.7, bend))
    elif lot < 0.6:  # a flap
        tip = pocket + rng.uniform(0.0, 0.2)
        flap = [(-half, shoulder), (-half / 2, tip), (half / 2, tip), (half, shoulder)]
        lines.append(np.array(flap))
    elif lot < 0.75:  # seen a little from the side
        edge = half * rng.uniform(0.2, 0.7)
        lines.append(np.array([(edge, 0.1), (edge * 1.1, 0.5), (edge, 1.0)]))
    if rng.random() < 0.2:
        lines += in_box(detail_lines(BAG, rng), -half, 0.3, 2 * half, 0.7)
    return outline, lines
