"""Shoes and bags as people doodle them: soles from above, profiles, handbags, backpacks."""

import numpy as np
from numpy.random import Generator

from fmnist.augmentation.details import Shapes, arch, closed, detail_lines, in_box, turning
from fmnist.data import BAG, BOOT, SANDAL, SNEAKER


def doodle_footwear(label: int, rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a sandal, sneaker or boot: its closed outlines, and the lines inside of them."""
    if label == SANDAL and rng.random() < 0.6:
        return _from_above(rng)
    return _in_profile(label, rng)


def doodle_bag(rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a handbag or a backpack: its closed outlines, and the lines inside of them."""
    if rng.random() < 0.5:
        return _handbag(rng)
    return _backpack_from_the_side(rng) if rng.random() < 0.4 else _backpack(rng)


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
        upper = [(heel, -top * rng.uniform(0.85, 1.15)), (heel, 0.0)]
        if rng.random() < (0.5 if label == BOOT else 0.1):  # a heel below the sole
            high, front = rng.uniform(0.05, 0.15), rng.uniform(0.65, 0.85)
            upper[-1:] = [(heel, high), (front, high), (front - 0.02, 0.0)]
        upper += [(0.0, 0.0), (-0.04, -0.6 * toe), (0.08, -toe), (opening - 0.12, -instep)]
        upper += [(opening, -top)]
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
        straps.append(arch((middle, low), half, up, 1.0))
    if rng.random() < 0.6:  # around the ankle
        straps.append(arch((0.85, -thick - high), 0.15, rng.uniform(0.2, 0.5), 0.7))
    if rng.random() < 0.4:  # bands of some width
        return [closed(flat), *(closed(strap) for strap in straps)], []
    return [closed(flat)], straps


def _handbag(rng: Generator) -> tuple[Shapes, Shapes]:
    """A body, straight or round, under a handle."""
    high, top, bottom = rng.uniform(0.4, 1.0), rng.uniform(0.3, 0.5), rng.uniform(0.35, 0.55)
    body = closed([(-top, 0.0), (top, 0.0), (bottom, high), (-bottom, high)])
    if rng.random() < 0.2:
        body = closed(arch((0.0, high), bottom, high, rng.uniform(0.5, 1.0)))
    half, up = top * rng.uniform(0.3, 1.0), rng.uniform(0.15, 0.8)
    bend, centre = rng.uniform(0.4, 1.6), (0.0, 0.02)
    handle = arch(centre, half, up, bend)
    wide = rng.uniform(0.5, 0.9)
    within = arch(centre, half * wide, up * wide, bend)
    lines = in_box(detail_lines(BAG, rng), -top, 0.0, 2 * top, high)
    if rng.random() < 0.5:
        return [body, closed(np.vstack([handle, within[::-1]]))], lines
    return [body], [handle, *lines]


def _backpack(rng: Generator) -> tuple[Shapes, Shapes]:
    """A tall body with a round top, a pocket, a loop and straps at its sides."""
    half, bend = rng.uniform(0.3, 0.5), rng.uniform(0.4, 1.0)
    shoulder = rng.uniform(0.2, 0.5)
    top = arch((0.0, shoulder), half, shoulder, bend)
    low = half * rng.uniform(0.8, 1.15)
    outline, lines = [closed([*top, (-low, 1.0), (low, 1.0)])], []
    within = rng.uniform(0.4, 0.8) if rng.random() < 0.5 else 0.0  # straps of two lines
    for side in (-1, 1):
        if rng.random() < 0.4:
            continue
        middle, high = rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.35)
        strap = arch((0.0, 0.0), high, rng.uniform(0.08, 0.5), rng.uniform(0.5, 1.3))
        strap, place = strap[:, ::-1] * [-1, 1], np.array([half, middle])  # to the right
        outline.append(closed((place + strap) * [side, 1]))
        if within:
            lines.append((place + within * strap) * [side, 1])
    if rng.random() < 0.7:  # a loop
        lines.append(arch((0.0, 0.02), half * 0.35, rng.uniform(0.06, 0.18), 0.8))
    pocket, width = rng.uniform(0.45, 0.65), half * rng.uniform(0.5, 0.85)
    lot = rng.random()
    if lot < 0.5:
        front = [(-width, pocket), (width, pocket), (width, 0.92), (-width, 0.92)]
        lines.append(closed(front))
    elif lot < 0.7:  # a round one
        lines.append(closed(arch((0.0, 0.95), width, 0.95 - pocket, rng.uniform(0.5, 1.0))))
    lot = rng.random()
    if lot < 0.3:
        lines.append(arch((0.0, pocket), half * 0.8, pocket * 0.7, bend))
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


def _backpack_from_the_side(rng: Generator) -> tuple[Shapes, Shapes]:
    """A tall body, often round below, too, with its depth or its straps as arcs at one side."""
    half, shoulder = rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.5)
    bend, foot = rng.uniform(0.5, 1.0), rng.uniform(0.02, 0.5)
    top = arch((0.0, shoulder), half, shoulder, bend)
    low = arch((0.0, 0.0), half * rng.uniform(0.8, 1.1), foot, bend)[::-1] * [1, -1]
    outline, lines = [closed(np.vstack([top, low + np.array([0, 1 - foot])]))], []
    out = 0.0
    for _ in range(int(rng.integers(1, 4))):
        high, out = rng.uniform(0.25, 0.5), out + rng.uniform(0.08, 0.4)
        arc = arch((0.0, 0.0), high, out + 0.15 * half, rng.uniform(0.5, 1.2))[:, ::-1] * [-1, 1]
        place = np.array([0.85 * half, rng.uniform(high, 1 - high)])
        if rng.random() < 0.3:  # a strap with both ends at one place
            arc[-1] = arc[0]
        if rng.random() < 0.6:
            outline.append(closed(place + arc))
        else:
            lines.append(place + arc)
    if rng.random() < 0.3:
        strap = arch((0.0, 0.0), rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.4), 1.0)[:, ::-1]
        outline.append(closed(np.array([-0.9 * half, rng.uniform(0.4, 0.6)]) + strap))
    if rng.random() < 0.5:  # a pocket in front
        pocket, width = rng.uniform(0.5, 0.7), half * rng.uniform(0.4, 0.8)
        lines.append(closed(arch((0.0, 0.9), width, 0.9 - pocket, rng.uniform(0.3, 1.0))))
    if rng.random() < 0.3:  # a flap
        lines.append(arch((0.0, shoulder), half, -rng.uniform(0.05, 0.3), 1.0))
    if rng.random() < 0.3:
        lines.append(arch((0.0, 0.02), half * 0.35, rng.uniform(0.06, 0.18), 0.8))
    side = rng.choice([-1, 1])
    return [line * [side, 1] for line in outline], [line * [side, 1] for line in lines]
