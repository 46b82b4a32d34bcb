"""Things that are no clothes as people doodle them; they only show what is to be rejected."""

import numpy as np
from numpy.random import Generator

from fmnist.augmentation.details import Line, Shapes, arch, both_sides, closed, oval


def doodle_thing(rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a thing that people like to doodle, as `garments.doodle` draws garments."""
    outline, lines = _THINGS[rng.integers(len(_THINGS))](rng)
    wide, side = np.exp(rng.uniform(-0.2, 0.2)), rng.choice([-1, 1])
    change = np.array([side * wide, 1])
    return [line * change for line in outline], [line * change for line in lines]


def _box(left: float, top: float, right: float, bottom: float) -> Line:
    return closed([(left, top), (right, top), (right, bottom), (left, bottom)])


def _at(line: Line, x: float, y: float) -> Line:
    return line + np.array([x, y])


def _stroke(*points: tuple[float, float]) -> Line:
    return np.array(points, float)


def _star(corners: int, inner: float, turned: float = 0.0) -> Line:
    """A star of radius 1, its inner corners at `inner`; a polygon where that is 1."""
    angle = turned + np.pi * np.arange(2 * corners) / corners
    reach = np.where(np.arange(2 * corners) % 2, inner, 1.0)
    return closed(np.column_stack([reach * np.sin(angle), -reach * np.cos(angle)]))


def _lens(half: float, high: float) -> Line:
    """Two arcs that meet at both ends."""
    x = np.linspace(-1, 1, 15)
    arc = np.column_stack([half * x, high * (1 - x**2)])
    return closed(np.vstack([arc, arc[-2:0:-1] * [1, -1]]))


def _house(rng: Generator) -> tuple[Shapes, Shapes]:
    tall, roof, eaves = rng.uniform(0.6, 1.4), rng.uniform(0.3, 0.9), rng.uniform(0.5, 0.65)
    flat = rng.uniform(0, 0.35)
    outline = [
        _box(-0.5, 0, 0.5, tall),
        closed([(-eaves, 0), (-flat, -roof), (flat, -roof), (eaves, 0)]),
    ]
    door, lines = rng.uniform(-0.3, 0.2), []
    if rng.random() < 0.8:
        lines.append(
            _stroke((door, tall), (door, 0.5 * tall), (door + 0.2, 0.5 * tall), (door + 0.2, tall))
        )
    for x in (-0.3, 0.15):
        if rng.random() < 0.6:
            lines.append(_box(x, 0.15 * tall, x + 0.2, 0.4 * tall))
    if rng.random() < 0.3:
        outline.append(_box(0.2, -1.1 * roof, 0.35, -0.5 * roof))
    return outline, lines


def _fish(rng: Generator) -> tuple[Shapes, Shapes]:
    high, tail = rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.5)
    body = _lens(1, high) if rng.random() < 0.5 else oval(1, high)
    outline = [body, closed([(0.85, 0), (0.95 + tail, -tail), (0.95 + tail, tail)])]
    lines = [_at(oval(0.05, 0.05), -0.6, -0.1)] if rng.random() < 0.8 else []
    if rng.random() < 0.4:
        lines.append(_stroke((-0.35, -0.5 * high), (-0.25, 0), (-0.35, 0.5 * high)))
    if rng.random() < 0.4:
        outline.append(closed([(-0.1, -high), (0.3, -1.5 * high), (0.4, -0.8 * high)]))
    return outline, lines


def _cup(rng: Generator) -> tuple[Shapes, Shapes]:
    tall, foot = rng.uniform(0.7, 1.6), rng.uniform(0.25, 0.5)
    outline = [closed([(-0.5, 0), (0.5, 0), (foot, tall), (-foot, tall)])]
    if rng.random() < 0.6:  # its opening
        outline.append(oval(0.5, rng.uniform(0.05, 0.2)))
    if rng.random() < 0.7:
        outline.append(_at(oval(0.22, 0.3 * tall), 0.55, 0.45 * tall))
    lines = []
    if rng.random() < 0.3:
        lines = [_stroke((x, -0.2), (x + 0.05, -0.35), (x, -0.5)) for x in (-0.2, 0, 0.2)]
    return outline, lines


def _clock(rng: Generator) -> tuple[Shapes, Shapes]:
    outline, lines = [oval(1, 1)], []
    for reach in rng.uniform(0.4, 0.85, int(rng.integers(1, 3))):
        angle = rng.uniform(0, 2 * np.pi)
        lines.append(_stroke((0, 0), (reach * np.sin(angle), -reach * np.cos(angle))))
    marks = int(rng.choice([0, 4, 12]))
    for angle in 2 * np.pi * np.arange(marks) / max(1, marks):
        lines.append(np.array([[np.sin(angle), np.cos(angle)]]) * [[0.8], [0.93]])
    if rng.random() < 0.2:
        outline.append(oval(1.15, 1.15))
    return outline, lines


def _eye(rng: Generator) -> tuple[Shapes, Shapes]:
    high = rng.uniform(0.3, 0.7)
    outline, iris = [_lens(1, high)], high * rng.uniform(0.5, 0.95)
    lines = [oval(iris, iris)] + ([oval(0.4 * iris, 0.4 * iris)] if rng.random() < 0.7 else [])
    if rng.random() < 0.5:
        for x in np.linspace(-0.8, 0.8, int(rng.integers(3, 8))):
            foot = -high * (1 - x**2)
            lines.append(_stroke((x, foot), (1.15 * x, foot - 0.25)))
    return outline, lines


def _car(rng: Generator) -> tuple[Shapes, Shapes]:
    wheel, roof = rng.uniform(0.13, 0.24), rng.uniform(0.25, 0.5)
    outline = [_box(-1, 0, 1, rng.uniform(0.3, 0.5))]
    outline.append(closed([(-0.6, 0), (-0.4, -roof), (0.35, -roof), (0.65, 0)]))
    outline += [_at(oval(wheel, wheel), x, outline[0][2, 1]) for x in (-0.55, 0.55)]
    lines = [_stroke((0, 0), (0, -roof))] if rng.random() < 0.5 else []
    return outline, lines


def _star_or_sun(rng: Generator) -> tuple[Shapes, Shapes]:
    if rng.random() < 0.7:
        corners = int(rng.choice([4, 5, 5, 5, 6]))
        return [_star(corners, rng.uniform(0.3, 0.6), rng.normal(0, 0.2))], []
    rays = 2 * np.pi * np.arange(rng.integers(6, 13)) / 8
    return [oval(0.6, 0.6)], [np.array([[np.sin(a), np.cos(a)]]) * [[0.7], [1.05]] for a in rays]


def _moon(rng: Generator) -> tuple[Shapes, Shapes]:
    angle, depth = np.linspace(-1, 1, 21) * rng.uniform(1.6, 2.4), rng.uniform(0.2, 0.8)
    outside = np.column_stack([np.cos(angle), np.sin(angle)])
    tip = outside[0, 0]
    inside = np.column_stack([tip + depth * (outside[:, 0] - tip), outside[:, 1]])
    return [closed(np.vstack([outside, inside[-2:0:-1]]))], []


def _fruit(rng: Generator) -> tuple[Shapes, Shapes]:
    angle = np.linspace(0, 2 * np.pi, 33)[:-1]
    reach = 1 - rng.uniform(0, 0.35) * np.exp(-((angle - 1.5 * np.pi) ** 2) / 0.1)
    reach -= rng.uniform(0, 0.15) * np.exp(-((angle - 0.5 * np.pi) ** 2) / 0.1)
    outline = [closed(np.column_stack([reach * np.cos(angle), reach * np.sin(angle)]))]
    lines = [_stroke((0, -0.75), (rng.uniform(-0.1, 0.2), -1.2))]
    if rng.random() < 0.6:
        outline.append(_at(_lens(0.3, 0.12), 0.35, -1.1))
    return outline, lines


def _plane(rng: Generator) -> tuple[Shapes, Shapes]:
    body, back, span = rng.uniform(0.1, 0.2), rng.uniform(0.1, 0.5), rng.uniform(0.6, 1.0)
    outline = [oval(1, body)]
    sides = (-1, 1) if rng.random() < 0.6 else (1,)  # from above or from the side
    for side in sides:
        wing = [(-0.2, body / 2), (back, span), (back + 0.2, span), (0.2, body / 2)]
        outline.append(closed(np.array(wing) * [1, side]))
        outline.append(closed([(0.75, 0), (1, side * 0.4), (1.1, side * 0.4), (0.95, 0)]))
    windows = [_at(oval(0.05, 0.05), x, 0) for x in (-0.6, -0.4)]
    return outline, windows if rng.random() < 0.4 else []


def _tree(rng: Generator) -> tuple[Shapes, Shapes]:
    trunk, tall = rng.uniform(0.08, 0.2), rng.uniform(0.5, 1.1)
    outline = [_box(-trunk, 0, trunk, tall)]
    if rng.random() < 0.3:
        for at in range(int(rng.integers(1, 4))):
            outline.append(closed([(-0.7, -0.4 * at), (0, -0.4 * at - 0.7), (0.7, -0.4 * at)]))
    else:
        crowns = [(0, -0.5), (-0.4, -0.3), (0.4, -0.3)][: int(rng.choice([1, 3]))]
        outline += [_at(oval(rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.7)), *at) for at in crowns]
    return outline, []


def _chair(rng: Generator) -> tuple[Shapes, Shapes]:
    back, leg, thick = rng.uniform(0.6, 1.2), rng.uniform(0.5, 1.0), rng.uniform(0.03, 0.15)
    outline = [_box(-0.5, 0, 0.5, thick), _box(-0.5, -back, -0.5 + thick, 0)]
    outline += [_box(x, thick, x + 0.6 * thick, leg) for x in (-0.5, 0.5 - thick)]
    lines = [_stroke((-0.25, thick), (-0.25, 0.8 * leg))] if rng.random() < 0.5 else []
    return outline, lines


def _animal(rng: Generator) -> tuple[Shapes, Shapes]:
    """The face of a cat or a dog."""
    ear, out = rng.uniform(0.3, 0.6), rng.uniform(0.5, 0.8)
    outline = [oval(1, rng.uniform(0.8, 1.1))]
    for side in (-1, 1):
        if rng.random() < 0.6:
            points = [(0.85, -0.5), (out, -0.9 - ear), (0.3, -0.95)]
            outline.append(closed(np.array(points) * [side, 1]))
        else:
            outline.append(_at(oval(0.22, 0.4 + ear / 2), side * 0.95, -0.3))
    lines = [_at(oval(0.1, 0.1), x, -0.2) for x in (-0.4, 0.4)]
    lines.append(closed([(-0.1, 0.15), (0.1, 0.15), (0, 0.3)]))
    if rng.random() < 0.6:
        lines += [_stroke((s * 0.3, y), (s * 1.3, y + 0.1)) for s in (-1, 1) for y in (0.2, 0.4)]
    return outline, lines


def _flower(rng: Generator) -> tuple[Shapes, Shapes]:
    middle, petals = rng.uniform(0.2, 0.4), int(rng.integers(4, 9))
    reach = rng.uniform(0.2, 0.4)
    outline = [oval(middle, middle)]
    for angle in 2 * np.pi * np.arange(petals) / petals:
        place = (middle + reach) * np.sin(angle), (middle + reach) * np.cos(angle)
        outline.append(_at(oval(reach, reach), *place))
    lines = [_stroke((0, middle + 2 * reach), (rng.uniform(-0.2, 0.2), rng.uniform(1.5, 2.5)))]
    if rng.random() < 0.5:
        outline.append(_at(_lens(0.35, 0.12), 0.35, 1.6))
    return outline, lines


def _bicycle(rng: Generator) -> tuple[Shapes, Shapes]:
    wheel = rng.uniform(0.4, 0.6)
    outline = [_at(oval(wheel, wheel), x, 0) for x in (-0.8, 0.8)]
    frame = [
        _stroke((-0.8, 0), (-0.3, -0.7), (0.5, -0.7), (0, 0), (-0.8, 0)),
        _stroke((0.8, 0), (0.45, -0.95), (0.65, -1)),
    ]
    return outline, [*frame, _stroke((0, 0), (-0.35, -0.85)), _stroke((-0.5, -0.87), (-0.2, -0.87))]


def _umbrella(rng: Generator) -> tuple[Shapes, Shapes]:
    top = closed(arch((0.0, 0.0), 1, rng.uniform(0.5, 1), rng.uniform(0.8, 1.2)))
    hook = _stroke((0, 0), (0, 1.1), (0.1, 1.25), (0.22, 1.1))
    ribs = [_stroke((0, -0.6), (x, 0)) for x in (-0.5, 0.5)] if rng.random() < 0.5 else []
    return [top], [hook, *ribs]


def _guitar(rng: Generator) -> tuple[Shapes, Shapes]:
    neck = rng.uniform(0.05, 0.12)
    outline = [oval(0.5, 0.45), _at(oval(0.38, 0.32), 0, -0.6), _box(-neck, -2.1, neck, -0.8)]
    outline.append(_box(-1.6 * neck, -2.4, 1.6 * neck, -2.1))
    return outline, [_at(oval(0.15, 0.15), 0, -0.2)] if rng.random() < 0.7 else []


def _key(rng: Generator) -> tuple[Shapes, Shapes]:
    ring = rng.uniform(0.25, 0.45)
    outline = [oval(ring, ring), _box(ring, -0.06, 1.5, 0.06)]
    outline += [_box(x, 0.06, x + 0.1, rng.uniform(0.2, 0.35)) for x in (1.15, 1.38)]
    return outline, [oval(0.5 * ring, 0.5 * ring)] if rng.random() < 0.6 else []


def _bottle(rng: Generator) -> tuple[Shapes, Shapes]:
    neck, tall, shoulder = rng.uniform(0.1, 0.25), rng.uniform(1.2, 2.2), rng.uniform(0.1, 0.5)
    right = [(neck, -shoulder - 0.5), (neck, -shoulder), (0.5, 0), (0.5, tall)]
    label = [_box(-0.5, 0.3 * tall, 0.5, 0.7 * tall)] if rng.random() < 0.5 else []
    return [both_sides(right)], label


def _boat(rng: Generator) -> tuple[Shapes, Shapes]:
    deep, mast = rng.uniform(0.25, 0.5), rng.uniform(0.8, 1.4)
    outline = [closed([(-1, 0), (1, 0), (0.6, deep), (-0.6, deep)])]
    outline.append(closed([(0.05, -0.1), (0.05, -mast), (rng.uniform(0.4, 0.8), -0.1)]))
    if rng.random() < 0.5:
        outline.append(closed([(-0.05, -0.1), (-0.05, -0.8 * mast), (-0.6, -0.1)]))
    return outline, [_stroke((0, 0), (0, -mast))]


def _heart_or_balloon(rng: Generator) -> tuple[Shapes, Shapes]:
    if rng.random() < 0.5:
        return [oval(0.6, rng.uniform(0.6, 0.8))], [_stroke((0, 0.75), (0.1, 1.3), (-0.05, 1.9))]
    t = np.linspace(0, 2 * np.pi, 33)[:-1]
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [closed(np.column_stack([16 * np.sin(t) ** 3, -y]) / 16)], []


def _leaf(rng: Generator) -> tuple[Shapes, Shapes]:
    high = rng.uniform(0.25, 0.6)
    veins = [_stroke((x, 0), (x + 0.2, s * 0.6 * high)) for x in (-0.4, 0, 0.4) for s in (-1, 1)]
    return [_lens(1, high)], [_stroke((-1, 0), (1.3, 0)), *veins[: 6 * int(rng.random() < 0.5)]]


def _book_or_screen(rng: Generator) -> tuple[Shapes, Shapes]:
    tall, margin = rng.uniform(0.5, 1.8), rng.uniform(0.05, 0.15)
    outline, lines = [_box(-0.5, 0, 0.5, tall)], []
    if rng.random() < 0.5:
        lines.append(_box(-0.5 + margin, margin, 0.5 - margin, rng.uniform(0.6, 0.95) * tall))
    else:
        rows = np.linspace(0.2, 0.8, int(rng.integers(1, 6))) * tall
        lines += [_stroke((-0.35, y), (rng.uniform(0, 0.35), y)) for y in rows]
    if rng.random() < 0.3:
        lines.append(_at(oval(0.06, 0.06), 0, 0.92 * tall))
    return outline, lines


_THINGS = (
    *(_house, _fish, _cup, _clock, _eye, _car, _star_or_sun, _moon, _fruit, _plane, _tree, _chair),
    *(_animal, _flower, _bicycle, _umbrella, _guitar, _key, _bottle, _boat, _heart_or_balloon),
    *(_leaf, _book_or_screen),
)
