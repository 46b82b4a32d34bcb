"""Shoes seen from above, which show nothing of the profile that the dataset has of them.

They are drawn anew, from a sole, straps, laces and an opening, in the tones of a training image.
"""

import cv2
import numpy as np
from numpy.random import Generator

from fmnist.data import BOOT, SANDAL

ZOOM = 4  # drawn larger and shrunk, so that lines have soft edges


def draw_shoes_from_above(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Draw a pair of shoes, sometimes one, toes up or down, turned a little apart."""
    tones = garment[garment > 8]
    tone = float(rng.choice(tones)) if len(tones) else 128.0
    shoe = _shoe_from_above(label, max(60.0, tone), rng)
    if rng.random() < 0.6:
        shoe = _patterned(shoe, garment, rng)
    if rng.random() < 0.1:
        return shoe
    shoe = _turned(shoe, rng.normal(0, 5) if rng.random() < 0.8 else rng.normal(0, 20))
    other = shoe[:, ::-1]
    down = round(rng.normal(0, 1.5))
    gap = int(rng.integers(0, 4))
    tall = shoe.shape[0] + abs(down)
    pair = np.zeros((tall, 2 * shoe.shape[1] + gap), np.uint8)
    pair[max(down, 0) : max(down, 0) + shoe.shape[0], : shoe.shape[1]] = shoe
    pair[max(-down, 0) : max(-down, 0) + shoe.shape[0], shoe.shape[1] + gap :] = other
    return pair if rng.random() < 0.8 else np.ascontiguousarray(pair[::-1])


def _patterned(shoe: np.ndarray, garment: np.ndarray, rng: Generator) -> np.ndarray:
    """The shoe with the light and dark of the profile: seams, prints, shadows; (H, W) uint8."""
    profile = np.rot90(garment, int(rng.choice([1, -1])))
    profile = cv2.resize(np.ascontiguousarray(profile), shoe.shape[::-1]).astype(np.float32)
    lit = profile > 8
    mean = float(profile[lit].mean()) if lit.any() else 1.0
    factor = np.where(lit, profile / max(mean, 1.0), 1.0) ** rng.uniform(0.5, 1.5)
    return np.clip(shoe * np.clip(factor, 0.3, 1.8), 0, 255).astype(np.uint8)


def _turned(shoe: np.ndarray, degrees: float) -> np.ndarray:
    """(H, W) -> (H, W'), with room at the sides and ends cut off where it needs more."""
    shoe = np.pad(shoe, ((1, 1), (2, 2)))
    height, width = shoe.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(shoe, matrix, (width, height))
    columns = np.flatnonzero(turned.any(axis=0))
    return turned[:, columns[0] : columns[-1] + 1]


def _shoe_from_above(label: int, tone: float, rng: Generator) -> np.ndarray:
    """A left shoe, toes up: (30 or more, 11 to 16) uint8."""
    tall, wide = 30 * ZOOM, round(rng.uniform(11, 16)) * ZOOM
    middle, ball, heel = wide / 2, wide * rng.uniform(0.46, 0.49), wide * rng.uniform(0.3, 0.44)
    drawn = np.zeros((tall, wide), np.uint8)

    def ellipse(x, y, half_x, half_y, value, thickness=-1):
        place, half = (round(x), round(y)), (max(1, round(half_x)), max(1, round(half_y)))
        cv2.ellipse(drawn, place, half, 0, 0, 360, float(np.clip(value, 0, 255)), thickness)

    # the foot: a wide oval in front, a narrower one behind, and what lies between them
    ellipse(middle, tall * 0.32, ball, tall * 0.32 - 1, tone)
    ellipse(middle, tall * 0.78, heel, tall * 0.22 - 1, tone)
    between = [
        (middle - ball, tall * 0.32),
        (middle + ball, tall * 0.32),
        (middle + heel, tall * 0.78),
        (middle - heel, tall * 0.78),
    ]
    cv2.fillPoly(drawn, [np.round(between).astype(np.int32)], tone)
    foot = drawn > 0
    if rng.random() < 0.4:  # a rim
        ellipse(middle, tall * 0.32, ball * 0.85, tall * 0.28, tone * rng.uniform(0.7, 1.3))
        ellipse(middle, tall * 0.78, heel * 0.8, tall * 0.18, tone * rng.uniform(0.7, 1.3))

    other = tone * rng.uniform(1.3, 2.2) if rng.random() < 0.5 else tone * rng.uniform(0, 0.7)
    if label != SANDAL and rng.random() < 0.4:  # dark inside dark: next to nothing is seen
        other = tone * rng.uniform(0.8, 1.2)
    if label == SANDAL:
        _straps(drawn, foot, other, rng)
    else:
        back = rng.uniform(0.68, 0.76)
        ellipse(middle, tall * back, heel * 0.7, tall * rng.uniform(0.12, 0.2), other)
        if label == BOOT:  # a shaft stands around its opening
            ellipse(middle, tall * back, heel * 0.95, tall * 0.2, tone * 1.2, rng.integers(3, 9))
        if rng.random() < 0.5:  # a tongue
            ellipse(middle, tall * 0.48, ball * 0.35, tall * 0.16, tone * rng.uniform(0.5, 1.6))
        for step in range(int(rng.integers(0, 8))):  # laces
            y = round(tall * (0.3 + 0.05 * step))
            half = round(ball * 0.4)
            start, end = (round(middle) - half, y), (round(middle) + half, y)
            cv2.line(drawn, start, end, float(np.clip(other, 0, 255)), ZOOM // 2)
    if label == BOOT and rng.random() < 0.5:
        drawn = np.vstack([drawn[: round(tall * 0.85)], _shaft(wide, heel, tone, other, rng)])
    size = wide // ZOOM, len(drawn) // ZOOM
    return cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)


def _shaft(wide: int, heel: float, tone: float, inside: float, rng: Generator) -> np.ndarray:
    """What is seen of a boot's shaft from above and in front: (H, wide) uint8, its opening last."""
    tall = round(rng.uniform(6, 18)) * ZOOM
    drawn = np.zeros((tall + wide // 4, wide), np.uint8)
    middle, half = wide / 2, rng.uniform(heel, wide * 0.48)
    corners = [(middle - heel, 0), (middle + heel, 0), (middle + half, tall), (middle - half, tall)]
    shade = float(np.clip(tone * rng.uniform(0.7, 1.3), 30, 255))
    cv2.fillPoly(drawn, [np.round(corners).astype(np.int32)], shade)
    rim = round(middle), tall
    axes = round(half), max(2, wide // 5)
    cv2.ellipse(drawn, rim, axes, 0, 0, 360, shade, -1)
    if rng.random() < 0.7:
        inner = round(half * 0.8), max(1, round(axes[1] * 0.7))
        cv2.ellipse(drawn, rim, inner, 0, 0, 360, float(np.clip(inside, 0, 255)), -1)
    return drawn


def _straps(drawn: np.ndarray, foot: np.ndarray, tone: float, rng: Generator) -> None:
    """Straps over a sandal's sole: bands across, or a thong's two from between the toes."""
    tall, wide = drawn.shape
    straps = np.zeros_like(drawn)
    thick = round(rng.uniform(1.2, 4) * ZOOM)
    if rng.random() < 0.35:
        toe = round(wide * rng.uniform(0.4, 0.6)), round(tall * rng.uniform(0.15, 0.25))
        low = round(tall * rng.uniform(0.4, 0.55))
        for side in (0, wide - 1):
            cv2.line(straps, toe, (side, low), 1, thick)
    else:
        bands = rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.2, 0.15])
        for place in rng.uniform(0.2, 0.8 if bands > 1 else 0.5, bands):
            slant = round(rng.normal(0, 0.06) * tall)
            y = round(place * tall)
            thick = round(rng.uniform(1.2, 8 if bands == 1 else 4) * ZOOM)
            cv2.line(straps, (0, y + slant), (wide - 1, y - slant), 1, thick)
        if rng.random() < 0.3:  # crossed
            y = round(rng.uniform(0.2, 0.5) * tall)
            cv2.line(straps, (0, y), (wide - 1, y + tall // 5), 1, thick)
            cv2.line(straps, (wide - 1, y), (0, y + tall // 5), 1, thick)
    if rng.random() < 0.6:
        straps &= foot
    drawn[straps > 0] = np.clip(tone, 0, 255)
