"""Upper garments drawn from a sewing pattern, as icons and people who lay clothes down show them.

The dataset's sleeves hang, or lie along the body. An icon's stick out, a hoodie's are bent at the
elbow, and a photographed pullover's lie where they fell. `draw_sewn` draws a body, two
sleeves and a neck with proportions drawn by lot, in the tones of a training
image of the same class.
"""

import cv2
import numpy as np
from numpy.random import Generator

from fmnist.data import COAT, DRESS, PULLOVER, SHIRT, TSHIRT

# share of each class
LONG_SLEEVED = {TSHIRT: 0.0, PULLOVER: 1.0, DRESS: 0.15, COAT: 1.0, SHIRT: 0.6}
ZOOM = 4  # drawn larger and shrunk, so that lines have soft edges
WIDE = 14 * ZOOM  # of the chest, in drawn pixels
ROOM = 20 * ZOOM  # for a sleeve at either side

_LENGTHS = {  # of the body, shortest and longest, in widths of the chest
    TSHIRT: (1.0, 1.5),
    PULLOVER: (0.9, 1.4),
    DRESS: (1.5, 2.5),
    COAT: (1.2, 2.2),
    SHIRT: (1.0, 1.6),
}


def draw_sewn(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Draw a garment of class `label`, as `draw_sewn_large` does, at the size of a dataset's."""
    drawn = draw_sewn_large(garment, label, rng)
    size = max(1, drawn.shape[1] // ZOOM), max(1, drawn.shape[0] // ZOOM)
    return cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)


def draw_sewn_large(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Draw a garment of class `label` (one of LONG_SLEEVED), in tones of `garment` (H, W) uint8.

    Returns (H', W') uint8, some 130 pixels high, trimmed, with black around it. Body and sleeves
    differ a little in tone, so that the seam shows; a shirt has its placket and collar, a coat its
    front, many a pullover a hood.
    """
    tones = garment[garment > 8]
    tone = float(np.clip(rng.choice(tones), 60, 230)) if len(tones) else 128.0
    tall = round(WIDE * rng.uniform(*_LENGTHS[label]))
    drawn = np.zeros((tall + 16 * ZOOM, WIDE + 2 * ROOM), np.uint8)
    top, middle, half = 8 * ZOOM, drawn.shape[1] // 2, WIDE // 2
    neck = half * rng.uniform(0.3, 0.5)
    drop = WIDE * rng.uniform(0.04, 0.14)  # from the neck down to the shoulder's end
    if label != DRESS or rng.random() < 0.6:
        _sleeves(drawn, label, (middle, top + drop, tall), tone, rng)

    waist, hem = 1.0, rng.uniform(0.92, 1.12)
    if label == DRESS:
        waist, hem = rng.uniform(0.65, 1.0), rng.uniform(0.9, 2.2)
    elif label == COAT:
        hem = rng.uniform(0.95, 1.35)
    right = [
        (neck, 0),
        (half, drop),
        (half, drop + 0.3 * WIDE),
        (half * waist, 0.6 * WIDE),
        (half * hem, tall),
    ]
    left = [(-x, y) for x, y in reversed(right)]
    _fill(drawn, [(middle + x, top + y) for x, y in right + left], tone)
    _neck(drawn, label, (middle, top), neck, tone, rng)
    _front(drawn, label, (middle, top, tall), tone, rng)
    return drawn[np.ix_(drawn.any(axis=1), drawn.any(axis=0))]


def _fill(drawn: np.ndarray, corners: list, tone: float) -> None:
    """A polygon of (x, y) corners."""
    cv2.fillPoly(drawn, [np.round(corners).astype(np.int32)], tone)


def _sleeves(
    drawn: np.ndarray, label: int, place: tuple[int, float, int], tone: float, rng: Generator
) -> None:
    """Two sleeves, long or short, bent or not; `place`: middle, shoulder's end, body length."""
    middle, shoulder, tall = place
    long = rng.random() < LONG_SLEEVED[label]
    turn = rng.uniform(5, 60) if long else rng.uniform(15, 75)  # degrees from hanging down
    bend = rng.uniform(20, 70) if long and rng.random() < 0.5 else 0.0
    wide = WIDE * rng.uniform(0.26, 0.42)
    shade = float(np.clip(tone * rng.uniform(0.75, 1.2), 30, 255))
    for side in (-1, 1):
        angle = turn + rng.normal(0, 6)
        length = tall * rng.uniform(0.75, 1.05) if long else WIDE * rng.uniform(0.25, 0.55)
        half_length = min(length, WIDE * 1.25) / 2
        # shoulder, elbow, wrist; then the two edges of the sleeve along them
        points = [np.array([middle + side * WIDE * 0.49, shoulder + wide * 0.45])]
        for degrees in (angle, angle - bend):
            way = np.deg2rad(degrees)
            points.append(points[-1] + half_length * np.array([side * np.sin(way), np.cos(way)]))
        armhole = middle + side * WIDE * 0.4
        outer, inner = [(armhole, shoulder)], [(armhole, shoulder + wide)]
        for joint, point in enumerate(points):
            ahead = points[min(joint + 1, 2)] - points[max(joint - 1, 0)]
            across = np.array([ahead[1], -ahead[0]]) / np.hypot(*ahead) * side
            across *= wide * (1 - 0.15 * joint) / 2
            outer.append(point + across)
            inner.append(point - across)
        _fill(drawn, outer + inner[::-1], shade)


def _neck(
    drawn: np.ndarray, label: int, place: tuple[int, int], neck: float, tone: float, rng: Generator
) -> None:
    """A round or pointed neckline, a hood or a collar, at `place` (x, y)."""
    x, y = place
    half = round(neck)
    other = float(np.clip(tone * rng.choice([0.5, 0.7, 1.3]), 0, 255))
    if label in (PULLOVER, COAT) and rng.random() < (0.4 if label == PULLOVER else 0.2):
        high = round(WIDE * rng.uniform(0.12, 0.3))
        cv2.ellipse(drawn, (x, y), (round(half * 1.2), high), 0, 180, 360, tone, -1)
        cv2.ellipse(drawn, (x, y), (half, round(high * 0.7)), 0, 0, 360, other, -1)
        return
    deep = round(WIDE * rng.uniform(0.06, 0.25 if label != DRESS else 0.4))
    collared = label in (SHIRT, COAT)
    if rng.random() < 0.6 and not collared:
        cv2.ellipse(drawn, (x, y), (half, deep), 0, 0, 360, 0, -1)
        if rng.random() < 0.5:  # the rib of the collar
            cv2.ellipse(drawn, (x, y), (half, deep), 0, 0, 180, other, ZOOM)
        return
    _fill(drawn, [(x - half, y), (x + half, y), (x, y + deep)], other if collared else 0)
    if collared:
        flap = round(half * rng.uniform(0.5, 1.0))
        for side in (-1, 1):
            collar = [[x + side * half, y - ZOOM], [x + side * (half + flap // 2), y + deep // 2]]
            cv2.polylines(drawn, [np.array([*collar, [x, y + deep]], np.int32)], True, other, ZOOM)


def _front(
    drawn: np.ndarray, label: int, place: tuple[int, int, int], tone: float, rng: Generator
) -> None:
    """Placket, front, pocket, belt, print or stripes on the body at `place` (x, top, tall)."""
    x, top, tall = place
    other = float(np.clip(tone * rng.choice([0.35, 0.6, 1.5]), 0, 255))
    half, bottom = WIDE // 2, top + tall
    shape = drawn > 0
    if label in (SHIRT, COAT):
        cv2.line(drawn, (x, top), (x, bottom), other, ZOOM)
    if label == SHIRT and rng.random() < 0.4:
        corner = x + half // 4, top + round(0.3 * WIDE)
        end = corner[0] + half // 2, corner[1] + half // 2
        cv2.rectangle(drawn, corner, end, other, ZOOM // 2)
    if (label == COAT and rng.random() < 0.4) or (label == DRESS and rng.random() < 0.4):
        y = top + round(0.62 * WIDE)
        cv2.line(drawn, (x - 2 * half, y), (x + 2 * half, y), other, ZOOM)
    if label == PULLOVER and rng.random() < 0.45:
        low, high = bottom - round(0.06 * WIDE), bottom - round(0.4 * WIDE)
        pocket = [[x - half // 2, low], [x - half // 3, high], [x + half // 3, high]]
        pocket.append([x + half // 2, low])
        cv2.polylines(drawn, [np.array(pocket, np.int32)], rng.random() < 0.5, other, ZOOM // 2)
    if label == PULLOVER and rng.random() < 0.4:  # ribs at the hem
        y = bottom - round(0.1 * WIDE)
        cv2.line(drawn, (x - half, y), (x + half, y), other, ZOOM // 2)
    if label in (TSHIRT, PULLOVER) and rng.random() < 0.2:  # a print
        wide, high = (rng.uniform(0.2, 0.7, 2) * half).astype(int)
        y = top + round(0.55 * WIDE)
        cv2.rectangle(drawn, (x - wide, y - high), (x + wide, y + high), other, -1)
    if label in (TSHIRT, PULLOVER, DRESS) and rng.random() < 0.15:  # stripes, sleeves and all
        period = round(rng.uniform(3, 7)) * ZOOM
        for y in range(top, bottom, period):
            cv2.line(drawn, (0, y), (drawn.shape[1], y), other, period // 2)
    drawn[~shape] = 0
