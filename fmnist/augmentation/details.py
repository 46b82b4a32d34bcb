"""Lines of drawings: arches, and what each class has inside: plackets, laces, pockets."""

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from fmnist.data import BAG, BOOT, COAT, DRESS, PULLOVER, SANDAL, SHIRT, SNEAKER, TROUSER, TSHIRT

Line = np.ndarray  # (n, 2) float: x and y of its points
Shapes = list[Line]  # in widths of a garment's body, y down


def closed(points: ArrayLike) -> Line:
    """Points (n, 2) and the first of them again."""
    points = np.asarray(points, float)
    return np.vstack([points, points[:1]])


def turning(angle: float) -> np.ndarray:
    """The (2, 2) by which lines are multiplied, `line @ turning(angle)`; angle in radians."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def both_sides(right: ArrayLike) -> Line:
    """The closed outline of a garment whose right half has these points, from the top down."""
    points = np.asarray(right, float)
    return closed(np.vstack([points, points[::-1] * [-1, 1]]))


def arch(centre: tuple[float, float], half: float, high: float, bend: float) -> Line:
    """An arch over `centre`; bend: 0.3 for a box, 1 for half an ellipse, 2 for a gable."""
    angle = np.linspace(0, np.pi, 15)
    across, up = np.cos(angle), np.sin(angle)
    shape = np.sign(across) * abs(across) ** bend, up**bend
    return np.column_stack([centre[0] + half * shape[0], centre[1] - high * shape[1]])


def oval(half: float, high: float) -> Line:
    """An ellipse around (0, 0), closed."""
    angle = np.linspace(0, 2 * np.pi, 21)[:-1]
    return closed(np.column_stack([half * np.cos(angle), high * np.sin(angle)]))


def in_box(lines: list[Line], left: float, top: float, width: float, height: float) -> list[Line]:
    """Lines whose points are shares of a box's width and height, in the units of the box."""
    return [np.array([left, top]) + line * [width, height] for line in lines]


def detail_lines(label: int, rng: Generator) -> list[Line]:
    """The lines that a drawing of this class has inside, each drawn or left out by chance.

    Points (x, y) as shares of the garment's width and height, from its top left corner.
    """
    lines: list[Line] = []

    def line(chance: float, *points: tuple[float, float], both: bool = False) -> None:
        if rng.random() < chance:
            lines.append(np.array(points))
            if both:  # on the other side, too
                lines.append(np.array([(1 - x, y) for x, y in points]))

    def row(chance: float, where: np.ndarray, *points: tuple[float, float]) -> None:
        """The same short line at several places, (n, 2): buttons, laces, straps."""
        if rng.random() < chance:
            lines.extend(np.array(points) + place for place in where)

    middle = 0.5 + rng.normal(0, 0.02)
    neck, deep = rng.uniform(0.1, 0.2), rng.uniform(0.06, 0.2)
    if label == SHIRT:
        line(0.95, (middle, deep), (middle, 1.0))
        collar = 0.5 - neck * rng.uniform(0.7, 1.3)
        line(0.8, (0.5 - neck, 0.0), (collar, deep * 1.2), (0.5, deep), both=True)
        buttons = np.arange(deep + 0.1, 0.95, rng.uniform(0.1, 0.2))
        aside = np.full(len(buttons), middle + 0.02)
        row(0.5, np.column_stack([aside, buttons]), (0, 0), (0.015, 0))
        line(0.4, (0.58, 0.3), (0.72, 0.3), (0.72, 0.42), (0.58, 0.42), (0.58, 0.3))
    elif label == COAT:
        line(0.9, (middle, deep), (middle, 1.0))
        lapel = rng.uniform(0.25, 0.5)
        wide = 0.5 - neck * rng.uniform(1.0, 1.5)
        line(0.6, (0.5 - neck, 0.0), (wide, lapel * 0.6), (middle, lapel), both=True)
        buttons = np.arange(lapel, 0.9, rng.uniform(0.1, 0.2))
        aside = np.full(len(buttons), middle + rng.uniform(0.04, 0.1))
        row(0.5, np.column_stack([aside, buttons]), (0, 0), (0.02, 0))
        line(0.3, (0.25, 0.6), (0.75, 0.6))
        line(0.4, (0.28, 0.68), (0.4, 0.66), both=True)
    elif label in (TSHIRT, PULLOVER):
        line(0.6, (0.36, 0.0), (0.43, deep), (0.57, deep), (0.64, 0.0))
    elif label == DRESS:
        waist = rng.uniform(0.35, 0.5)
        line(0.6, (0.2, waist), (0.8, waist))
        line(0.3, (0.4, waist), (rng.uniform(0.2, 0.4), 0.95), both=True)
        line(0.4, (0.36, 0.0), (0.5, deep), (0.64, 0.0))
    elif label == TROUSER:
        line(0.6, (0.0, 0.07), (1.0, 0.07))
        line(0.6, (middle, 0.05), (middle, 0.3))
        line(0.3, (middle, 0.3), (middle, 1.0))
        line(0.3, (0.1, 0.18), (0.3, 0.1), both=True)
    elif label == BAG:
        low = 0.8 + rng.uniform(-0.05, 0.1)
        line(0.4, (0.22, low), (0.22, 0.55), (0.78, 0.55), (0.78, low), (0.22, low))
        line(0.6, (0.05, 0.45), (0.95, 0.45))
        line(0.25, (0.05, 0.4), (0.5, rng.uniform(0.55, 0.75)), (0.95, 0.4))
        line(0.3, (0.46, 0.5), (0.54, 0.5), (0.54, 0.58), (0.46, 0.58), (0.46, 0.5))
    elif label in (SNEAKER, BOOT):
        low = 0.8 + rng.uniform(-0.05, 0.1)
        line(0.6, (0.0, low), (1.0, low))
        laces = np.column_stack([np.arange(0.35, 0.6, 0.06), np.linspace(0.38, 0.3, 5)])
        row(0.6 if label == SNEAKER else 0.2, laces, (0, 0), (0.06, 0.15))
        if label == SNEAKER:
            line(0.3, (0.2, 0.5), (0.25, low))
            line(0.3, (0.5, low), (0.6, 0.55), (0.8, 0.5))
        else:
            line(0.3, (0.45, 0.5), (0.95, 0.5))
            line(0.3, (0.4, 0.08), (1.0, 0.08))
    elif label == SANDAL:
        line(0.4, (0.0, 0.85), (1.0, 0.9))
        straps = rng.uniform(0.1, 0.7, int(rng.integers(0, 4)))
        row(1.0, np.column_stack([straps, np.full(len(straps), 0.4)]), (0, 0), (0.15, 0.45))
    if label == TSHIRT:  # a print
        line(0.15, (0.38, 0.4), (0.62, 0.4), (0.62, 0.6), (0.38, 0.6), (0.38, 0.4))
    if label == PULLOVER:
        line(0.5, (0.25, 0.93), (0.75, 0.93))
        line(0.25, (0.3, 0.92), (0.38, 0.62), (0.62, 0.62), (0.7, 0.92))
        line(0.3, (0.02, 0.88), (0.16, 0.9), both=True)
    return lines


def sleeve_lines(label: int, rng: Generator) -> list[Line]:
    """Where sleeves lie on the body, by chance; points as in `detail_lines`."""
    if label not in (PULLOVER, SHIRT, COAT) or rng.random() < 0.5:
        return []
    left = np.array([(0.22, rng.uniform(0.2, 0.35)), (0.2, 0.92)])
    return [left, [1, 0] + left * [-1, 1]]
