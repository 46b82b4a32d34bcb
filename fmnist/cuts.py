"""Shapes that the training images lack: flared dresses, backpacks, hoods, shoes seen from above.

A shop's dress is long and narrow where an icon's is short and flared; its bags are wide where a
backpack is tall; its shoes stand in profile where people photograph a pair from above. `recut`
gives a training image of one class another cut of the same class, and `details` the few lines that
a drawing of that class has. Shoes from above show nothing of the profile: they are drawn anew, from
a sole, straps, laces and an opening, in the tones of the image.
"""

from collections.abc import Callable

import cv2
import numpy as np

__all__ = ["details", "recut"]

SIDE = 28
ZOOM = 4  # drawn larger and shrunk, so that lines have soft edges
TSHIRT, TROUSER, PULLOVER, DRESS, COAT, SANDAL, SHIRT, SNEAKER, BAG, BOOT = range(10)


def recut(image: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray | None:
    """Another cut of the garment, (28, 28) uint8 -> (H, W) uint8; None where it keeps its own."""
    chance, cut = _CUTS.get(label, (0.0, None))
    if cut is None or rng.random() >= chance:
        return None
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if len(rows) < 6 or len(columns) < 6:  # next to nothing: no shape to change
        return None
    return cut(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], label, rng)


def details(image: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """The lines of a drawing: collar, placket, pocket, sole. (H, W) uint8 -> (H, W) uint8, 0 or 1.

    They lie inside the garment. Each is drawn or left out by chance; a sandal has none.
    """
    drawn = np.zeros(image.shape, np.uint8)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if not len(rows):
        return drawn
    top, left = rows[0], columns[0]
    height, width = rows[-1] - top, columns[-1] - left

    def line(*points: tuple[float, float]) -> None:
        """Points as shares of the garment's width and height, from its top left corner."""
        if rng.random() < 0.7:
            places = [[round(left + x * width), round(top + y * height)] for x, y in points]
            cv2.polylines(drawn, [np.array(places, np.int32)], False, 1)

    middle, low = 0.5 + rng.normal(0, 0.02), 0.8 + rng.uniform(-0.05, 0.1)
    if label in (SHIRT, COAT):
        line((middle, 0.12), (middle, 1.0))
        neck = rng.uniform(0.1, 0.2)
        line((middle - neck, 0.0), (middle, 0.15), (middle + neck, 0.0))
    if label in (TSHIRT, PULLOVER):
        line((0.36, 0.0), (0.43, 0.09), (0.57, 0.09), (0.64, 0.0))
    if label == PULLOVER:
        line((0.3, 0.93), (0.7, 0.93))
        line((0.3, 0.92), (0.38, 0.62), (0.62, 0.62), (0.7, 0.92))
    if label == SHIRT:
        line((0.58, 0.3), (0.72, 0.3), (0.72, 0.42), (0.58, 0.42), (0.58, 0.3))
    if label == COAT:
        line((0.25, 0.6), (0.75, 0.6))
    if label == DRESS:
        waist = rng.uniform(0.35, 0.5)
        line((0.2, waist), (0.8, waist))
    if label == TROUSER:
        line((0.0, 0.07), (1.0, 0.07))
        line((middle, 0.05), (middle, 0.3))
    if label == BAG:
        line((0.22, low), (0.22, 0.55), (0.78, 0.55), (0.78, low), (0.22, low))
        line((0.05, 0.45), (0.95, 0.45))
    if label in (SNEAKER, BOOT):
        line((0.0, low), (1.0, low))
    return drawn & (image > 0)


def _flared(garment: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """A dress with a waist and a wide hem, shorter than a shop's, often with a low neck."""
    height, width = garment.shape
    tall = round(height * rng.uniform(0.65, 1.0))
    waist, hem = rng.uniform(0.65, 1.0), rng.uniform(1.1, 2.8)
    along = np.linspace(0, 1, tall)
    profile = np.interp(along, [0, 0.4, 1], [rng.uniform(0.7, 1.1), waist, hem])
    profile *= 1 + rng.uniform(0, 0.15) * np.sin(np.pi * along) * (along > 0.4)
    out = 2 * round(width * profile.max() / 2) + 2
    x = (np.arange(out) - out / 2) / profile[:, None] + width / 2
    y = np.repeat(along[:, None] * (height - 1), out, axis=1)
    cut = cv2.remap(garment, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        neck = round(width * rng.uniform(0.12, 0.25)), round(tall * rng.uniform(0.08, 0.2))
        cv2.ellipse(cut, (out // 2, 0), neck, 0, 0, 360, 0, -1)
    return cut


def _backpack(garment: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """A bag that is as tall as wide or taller, round at the top, with a loop to hang it up."""
    height, width = 28, round(28 * rng.uniform(0.6, 1.0))
    body = cv2.resize(garment, (width, height), interpolation=cv2.INTER_LINEAR)
    tone = int(body[body > 8].mean()) if (body > 8).any() else 128
    body = np.where(body > tone // 3, body, tone).astype(np.uint8)
    round_top = np.zeros((height * ZOOM, width * ZOOM), np.uint8)
    bend = round(height * ZOOM * rng.uniform(0.2, 0.5))
    half = width * ZOOM // 2
    cv2.ellipse(round_top, (half, bend), (half, bend), 0, 180, 360, 255, -1)
    round_top[bend : height * ZOOM - rng.integers(0, 8)] = 255
    body = cv2.multiply(
        body, cv2.resize(round_top, (width, height), interpolation=cv2.INTER_AREA), scale=1 / 255
    )
    above = int(rng.integers(0, 5))
    cut = np.zeros((height + above, width), np.uint8)
    if above:
        cv2.ellipse(cut, (width // 2, above + 1), (int(width * 0.18), above), 0, 180, 360, tone, 1)
    cut[above:] = np.maximum(cut[above:], body)
    return cut


def _folded(garment: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """A shirt with its sleeves folded behind it: the middle of the body, often shortened."""
    height, width = garment.shape
    aside = round(width * rng.uniform(0.15, 0.28))
    low = round(height * rng.uniform(0.5, 1.0))
    return np.ascontiguousarray(garment[:low, aside : width - aside])


def _hooded(garment: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """A hood above the collar, with its opening."""
    height, width = garment.shape
    above = int(rng.integers(3, 8))
    cut = np.zeros((height + above, width), np.uint8)
    tone = float(np.median(garment[garment > 8])) if (garment > 8).any() else 128.0
    half = width * rng.uniform(0.14, 0.24)
    centre = width // 2, above + 1
    cv2.ellipse(cut, centre, (round(half), above + 1), 0, 0, 360, tone, -1)
    np.maximum(cut[above:], garment, out=cut[above:])
    if rng.random() < 0.7:
        opening = max(1, round(half * 0.6)), max(1, round(above * 0.6))
        cv2.ellipse(cut, (centre[0], above + 2), opening, 0, 0, 360, tone * rng.uniform(0, 0.7), -1)
    return cut


def _shoes_from_above(garment: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """A pair of shoes, sometimes one, toes up or down, turned a little apart."""
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


def _patterned(shoe: np.ndarray, garment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
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


def _shoe_from_above(label: int, tone: float, rng: np.random.Generator) -> np.ndarray:
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


def _shaft(
    wide: int, heel: float, tone: float, inside: float, rng: np.random.Generator
) -> np.ndarray:
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


def _straps(drawn: np.ndarray, foot: np.ndarray, tone: float, rng: np.random.Generator) -> None:
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


_CUTS: dict[int, tuple[float, Callable]] = {
    PULLOVER: (0.15, _hooded),
    DRESS: (0.45, _flared),
    COAT: (0.1, _hooded),
    # as often for all three, or a pair from above would mean one of them
    SANDAL: (0.35, _shoes_from_above),
    SHIRT: (0.3, _folded),
    SNEAKER: (0.35, _shoes_from_above),
    BAG: (0.45, _backpack),
    BOOT: (0.35, _shoes_from_above),
}
