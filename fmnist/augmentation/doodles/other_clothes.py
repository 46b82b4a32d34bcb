"""Clothes that are none of the ten as people doodle them; they only show what is to be rejected."""

import numpy as np
from numpy.random import Generator

from fmnist.augmentation.details import Shapes, arch, both_sides, closed, oval


def doodle_other_clothing(rng: Generator) -> tuple[Shapes, Shapes]:
    """Draw a hat, a sock, shorts, briefs or a belt, as `garments.doodle` draws garments."""
    kinds = (_hat, _sock, _shorts, _briefs, _belt)
    outline, lines = kinds[rng.integers(len(kinds))](rng)
    side = rng.choice([-1, 1])
    return [line * [side, 1] for line in outline], [line * [side, 1] for line in lines]


def _hat(rng: Generator) -> tuple[Shapes, Shapes]:
    """A crown over a brim, over a visor, or alone, some with a band and a bobble."""
    half, high = rng.uniform(0.25, 0.5), rng.uniform(0.25, 0.8)
    outline, lines = [closed(arch((0.0, 0.0), half, high, rng.uniform(0.3, 1.2)))], []
    lot, wide, thick = rng.random(), half * rng.uniform(1.3, 2.3), rng.uniform(0.05, 0.2)
    if lot < 0.3:
        outline.append(oval(wide, thick))
    elif lot < 0.5:
        outline.append(closed([(-wide, 0), (wide, 0), (wide, thick), (-wide, thick)]))
    elif lot < 0.8:
        tip = [(wide, rng.uniform(0, 0.15)), (0.9 * wide, 0.12)]
        outline.append(closed([(half / 2, -0.05), *tip, (half / 2, 0.08)]))
    if rng.random() < 0.5:
        band = -rng.uniform(0.05, 0.2)
        lines.append(np.array([(-half, band), (half, band)]))
    if rng.random() < 0.25:
        outline.append(oval(0.08, 0.08) - np.array([0, high + 0.06]))
    return outline, lines


def _sock(rng: Generator) -> tuple[Shapes, Shapes]:
    """A bent tube, one or two, with a cuff, a heel and toes by chance."""
    wide, tall = rng.uniform(0.2, 0.4), rng.uniform(0.6, 1.3)
    foot, thick = rng.uniform(0.45, 0.9), rng.uniform(0.2, 0.35)
    toe = wide + foot
    shape = [(0, 0), (wide, 0), (wide, tall - 0.3 * thick), (wide + 0.8 * foot, tall - 0.1 * thick)]
    shape += [(wide + 0.85 * foot, tall + 0.6 * thick), (wide + 0.5 * foot, tall + 0.8 * thick)]
    outline, lines = [closed([*shape, (0.05, tall + 0.7 * thick), (-0.03, tall)])], []
    if rng.random() < 0.6:
        lines.append(np.array([(0, 0.12), (wide, 0.12)]))
    if rng.random() < 0.4:
        low = wide + 0.4 * foot, tall + 0.75 * thick
        lines.append(np.array([(wide + 0.5 * foot, tall - 0.2 * thick), low]))
    if rng.random() < 0.4:
        heel = [(0.6 * wide, tall + 0.3 * thick), (0.5 * wide, tall + 0.75 * thick)]
        lines.append(np.array([(0, tall - 0.1), *heel]))
    if rng.random() < 0.3:
        outline.append(outline[0] + np.array([toe, rng.uniform(-0.1, 0.1)]))
    return outline, lines


def _shorts(rng: Generator) -> tuple[Shapes, Shapes]:
    tall, crotch = rng.uniform(0.45, 0.85), rng.uniform(0.35, 0.7)
    outside = 0.5 * rng.uniform(1, 1.7)
    inside, lines = outside * rng.uniform(0.05, 0.4), []
    if rng.random() < 0.5:
        lines.append(np.array([(-0.5, 0.08), (0.5, 0.08)]))
    if rng.random() < 0.4:
        lines.append(np.array([(0, 0.05), (0, crotch * tall)]))
    right = [(0.5, 0), (outside, tall), (inside, tall), (0, crotch * tall)]
    return [both_sides(right)], lines


def _briefs(rng: Generator) -> tuple[Shapes, Shapes]:
    tall, wide = rng.uniform(0.35, 0.7), rng.uniform(0.05, 0.2)
    side = (0.5 * rng.uniform(0.9, 1.1), tall * rng.uniform(0.05, 0.35))
    band = [np.array([(-0.5, 0.07), (0.5, 0.07)])] if rng.random() < 0.5 else []
    return [both_sides([(0.5, 0), side, (1.6 * wide, 0.8 * tall), (wide, tall)])], band


def _belt(rng: Generator) -> tuple[Shapes, Shapes]:
    """A strap with a buckle and holes, stretched out or closed to a ring."""
    high = rng.uniform(0.05, 0.18)
    if rng.random() < 0.5:
        half, x = high * rng.uniform(1, 1.8), rng.uniform(-1, 1)
        top, low = -0.3 * half, high + 0.3 * half
        strap = closed([(-1, 0), (1, 0), (1, high), (-1, high)])
        buckle = closed([(x - half, top), (x + half, top), (x + half, low), (x - half, low)])
        places = 0.9 - 0.12 * np.arange(rng.integers(0, 5))
        return [strap, buckle], [np.array([(x, high / 2), (x + 0.02, high / 2)]) for x in places]
    flat, half = rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.25)
    ring = [oval(1, flat)]
    if rng.random() < 0.7:
        ring.append(oval(0.95, 0.95 * flat) + np.array([0, high]))
    top, low = flat - half / 2, flat + half
    return [*ring, closed([(-half, top), (half, top), (half, low), (-half, low)])], []
