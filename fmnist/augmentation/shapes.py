"""Shapes that the training images lack: flared dresses, backpacks, hoods, sleeves spread wide.

A shop's dress is long and narrow where an icon's is short and flared; its bags are wide where a
backpack is tall; its shoes stand in profile where people photograph a pair from above.
`vary_shape` gives a training image another shape of the same class.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from fmnist.augmentation.from_above import draw_shoes_from_above
from fmnist.augmentation.sewing_patterns import draw_sewn
from fmnist.data import BAG, BOOT, COAT, DRESS, PULLOVER, SANDAL, SHIRT, SNEAKER, TROUSER, TSHIRT

ZOOM = 4  # drawn larger and shrunk, so that lines have soft edges


def vary_shape(image: np.ndarray, label: int, rng: Generator) -> np.ndarray | None:
    """Give a garment another shape, (28, 28) uint8 -> (H, W) uint8; None where it keeps its own."""
    change = _drawn_by_lot(_SHAPES.get(label, []), rng.random())
    if change is None:
        return None
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if len(rows) < 6 or len(columns) < 6:  # next to nothing: no shape to change
        return None
    return change(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], label, rng)


def _drawn_by_lot(shapes: list[tuple[float, Callable]], lot: float) -> Callable | None:
    """The shape whose share of 0 to 1 holds `lot`; None in the rest."""
    for chance, shape in shapes:
        if lot < chance:
            return shape
        lot -= chance
    return None


def _flared(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
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


def _backpack(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
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


def _folded(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """A shirt with its sleeves folded behind it: the middle of the body, often shortened."""
    height, width = garment.shape
    aside = round(width * rng.uniform(0.15, 0.28))
    low = round(height * rng.uniform(0.5, 1.0))
    return np.ascontiguousarray(garment[:low, aside : width - aside])


def _hooded(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
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


def _apart(garment: np.ndarray, label: int, rng: Generator) -> np.ndarray:
    """Trousers with their legs spread: each half sheared outwards below the crotch."""
    height, width = garment.shape
    spread = rng.uniform(0.1, 0.5)
    crotch = height * rng.uniform(0.25, 0.4)
    room = round(spread * height)
    y = np.arange(height)
    cut = np.zeros((height, width + 2 * room), np.uint8)
    for side, part in ((-1, slice(0, width // 2)), (1, slice(width // 2, width))):
        leg = np.zeros_like(garment)
        leg[:, part] = garment[:, part]
        moved = side * spread * np.maximum(0, y - crotch)[:, None]
        x = np.arange(cut.shape[1])[None, :] - room - moved
        rows = np.repeat(y[:, None], cut.shape[1], axis=1)
        leg = cv2.remap(leg, x.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
        np.maximum(cut, leg, out=cut)
    return cut


_SHAPES: dict[int, list[tuple[float, Callable]]] = {  # chances; the rest keeps its shape
    TSHIRT: [(0.2, draw_sewn)],
    TROUSER: [(0.2, _apart)],
    PULLOVER: [(0.15, _hooded), (0.2, draw_sewn)],
    DRESS: [(0.35, _flared), (0.12, draw_sewn)],
    COAT: [(0.08, _hooded), (0.15, draw_sewn)],
    # sandals less often: a pair from above would mean sandals, which show least in profile
    SANDAL: [(0.3, draw_shoes_from_above)],
    SHIRT: [(0.2, _folded), (0.15, draw_sewn)],
    SNEAKER: [(0.45, draw_shoes_from_above)],
    BAG: [(0.45, _backpack)],
    BOOT: [(0.45, draw_shoes_from_above)],
}
