"""Made-up pictures that are not clothing, to fit when a run rejects a picture.

Letters, digits and words, noise, shapes, faces of three strokes, blobs that a segmentation might
have cut out of a landscape, and garments whose quarters have changed places. All are framed as
every input is: trimmed, longest edge 28, centred. None comes from a real image, so that pictures
of such things remain to measure with.

That such outliers teach what they are meant to, also about others: Hendrycks et al., Deep Anomaly
Detection with Outlier Exposure, arXiv 1812.04606.
"""

import functools
import string

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from fmnist.augmentation.details import closed
from fmnist.augmentation.doodles.things import doodle_thing
from fmnist.augmentation.sketches import draw_doodle, draw_lines, prepare_sheet
from fmnist.augmentation.stylised import frame_garment
from fmnist.data import NOT_CLOTHING

CANVAS = 56  # twice the network's side, so that thin strokes survive
SIGNS = string.ascii_letters + 2 * string.digits + "?!&%@#$€+=*"


def make_outliers(number: int, garments: np.ndarray, rng: Generator) -> np.ndarray:
    """Make `number` pictures, (number, 28, 28) uint8.

    garments: (N, 28, 28) uint8, some of which are cut up
    """
    kinds = (*DRAWN, _words, _noise, _blob, functools.partial(_cut_up, garments))
    pictures = []
    for _ in range(number):
        kind = kinds[rng.integers(len(kinds))]
        picture = kind(rng)
        if kind in DRAWN and rng.random() < 0.7:  # as a visitor's drawing: outlines are filled
            framed = prepare_sheet(picture)
        else:
            framed = frame_garment(_textured(picture, rng) if rng.random() < 0.5 else picture)
        pictures.append(np.ascontiguousarray(framed[:, ::-1]) if rng.random() < 0.5 else framed)
    return np.stack(pictures) if pictures else np.empty((0, 28, 28), np.uint8)


def make_drawn_outliers(number: int, rng: Generator, things: bool = False) -> np.ndarray:
    """Make `number` drawings, prepared as a visitor's: (number, 28, 28) uint8, number >= 1.

    Every other one is of clothes that are none of the ten: hats, socks, shorts, briefs, belts.

    things: whether every fourth is of a thing, such as a house, a fish, a cup or a star
    """
    pictures = []
    for at in range(number):
        if at % 2:
            sheet = draw_doodle(NOT_CLOTHING, rng)
        elif things and at % 4:
            sheet = draw_lines(*doodle_thing(rng), rng)
        else:
            sheet = DRAWN[rng.integers(len(DRAWN))](rng)
        pictures.append(prepare_sheet(sheet))
    return np.stack(pictures)


_font = functools.cache(ImageFont.load_default)  # it decodes the whole font each time


def _written(text: str, size: int, rng: Generator) -> np.ndarray:
    """Text in light on black, turned a little, its strokes sometimes thickened."""
    font = _font(size)
    left, top, right, bottom = font.getbbox(text)
    sheet = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(sheet).text((4 - left, 4 - top), text, int(rng.integers(120, 256)), font)
    sheet = sheet.rotate(rng.normal(0, 8), Image.Resampling.BILINEAR, expand=True)
    picture = np.asarray(sheet)
    thick = int(rng.integers(1, 1 + max(2, size // 10)))
    return cv2.dilate(picture, np.ones((thick, thick), np.uint8))


def _sign(rng: Generator) -> np.ndarray:
    return _written(str(rng.choice(list(SIGNS))), CANVAS, rng)


def _words(rng: Generator) -> np.ndarray:
    letters = list(string.ascii_lowercase)
    lines = [
        "".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(int(rng.integers(1, 6)))
    ]
    pictures = [_written(line, 18, rng) for line in lines]
    width = max(picture.shape[1] for picture in pictures)
    return np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p in pictures])


def _noise(rng: Generator) -> np.ndarray:
    """White or soft noise over the whole picture."""
    picture: np.ndarray = rng.normal(rng.uniform(60, 180), rng.uniform(20, 80), (28, 28))
    if rng.random() < 0.6:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 4)))
        picture = (picture - picture.mean()) / (picture.std() + 1e-3) * rng.uniform(20, 70) + 120
    return np.clip(picture, 1, 255).astype(np.uint8)


def _shapes(rng: Generator) -> np.ndarray:
    """One to four ellipses, rings, stars or polygons."""
    picture = np.zeros((CANVAS, CANVAS), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        tone = int(rng.integers(60, 256))
        middle = tuple(int(v) for v in rng.integers(14, CANVAS - 14, 2))
        size = int(rng.integers(6, 22)), int(rng.integers(6, 22))
        thickness = -1 if rng.random() < 0.6 else int(rng.integers(1, 6))
        if rng.random() < 0.5:
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(picture, middle, size, angle, 0, 360, tone, thickness)
            continue
        corners = int(rng.integers(3, 11))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(6, 26, corners)
        around = np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, np.newaxis]
        points = (np.array(middle) + around).astype(np.int32)
        if thickness < 0:
            cv2.fillPoly(picture, [points], tone)
        else:
            cv2.polylines(picture, [points], True, tone, thickness)
    return picture


def _face(rng: Generator) -> np.ndarray:
    """A head with eyes and a mouth, as an outline or filled, sometimes with ears or hair."""
    picture = np.zeros((CANVAS, CANVAS), np.uint8)
    head, line = int(rng.integers(100, 256)), int(rng.integers(1, 4))
    filled = rng.random() < 0.7
    size = int(rng.integers(15, 24)), int(rng.integers(18, 25))
    if rng.random() < 0.4:
        for side in (-1, 1):
            place = 28 + side * size[0] * 2 // 3, 28 - size[1] + 2
            cv2.ellipse(picture, place, (6, 8), side * 30.0, 0, 360, head, -1 if filled else line)
    cv2.ellipse(picture, (28, 28), size, 0, 0, 360, head, -1 if filled else line)
    ink = int(rng.integers(0, 90)) if filled else head
    for side in (-1, 1):
        eye = int(rng.integers(1, 4))
        cv2.ellipse(picture, (28 + side * 8, 23), (eye, eye), 0, 0, 360, ink, -1)
    cv2.ellipse(picture, (28, 35), (8, int(rng.integers(2, 7))), 0, 0, 180, ink, line)
    if rng.random() < 0.4:
        cv2.ellipse(picture, (28, 28), size, 0, 190, 350, int(rng.integers(20, 250)), 5)
    return picture


def _object(rng: Generator) -> np.ndarray:
    """A thing as people doodle it: a few boxes, ovals and wedges that touch, with lines inside."""
    outline, lines = [], []
    x = y = 0.0
    for _ in range(int(rng.integers(2, 6))):
        size = rng.uniform(0.15, 0.6, 2)
        corners = int(rng.choice([3, 4, 4, 5, 24]))
        angles = 2 * np.pi * (np.arange(corners) + rng.uniform(0, 1)) / corners
        shape = np.array([x, y]) + np.stack([np.cos(angles), np.sin(angles)], 1) * size
        shape += rng.normal(0, 0.05 if corners < 24 else 0.005, shape.shape)
        outline.append(closed(shape))
        for _ in range(int(rng.integers(0, 3))):
            ends = np.array([x, y]) + rng.uniform(-1, 1, (int(rng.integers(2, 5)), 2)) * size
            lines.append(ends if rng.random() < 0.5 else closed(ends))
        way = rng.uniform(0, 2 * np.pi)  # to the next part, which touches this one
        x, y = x + size[0] * np.cos(way), y + size[1] * np.sin(way)
    return draw_lines(outline, lines, rng)


def _blob(rng: Generator) -> np.ndarray:
    """A ragged region with an uneven inside: what is cut out of a photo without a garment."""
    field: np.ndarray = cv2.resize(rng.normal(0, 1, (6, 6)).astype(np.float32), (CANVAS, CANVAS))
    field += cv2.resize(rng.normal(0, 0.4, (16, 16)).astype(np.float32), (CANVAS, CANVAS))
    y, x = np.mgrid[-1 : 1 : CANVAS * 1j, -1 : 1 : CANVAS * 1j]
    inside = field - rng.uniform(0.5, 2.5) * (x**2 + y**2) > rng.uniform(-1.5, -0.2)
    tones: np.ndarray = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (CANVAS, CANVAS))
    tones += rng.normal(0, rng.uniform(0.05, 0.7), tones.shape)
    tones = np.clip(tones * rng.uniform(10, 60) + rng.uniform(80, 200), 9, 255)
    return (tones * inside).astype(np.uint8)


def _strokes(rng: Generator) -> np.ndarray:
    """A scribble: a few wandering lines."""
    picture = np.zeros((CANVAS, CANVAS), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        steps = np.cumsum(rng.normal(0, 6, (int(rng.integers(3, 14)), 2)), axis=0)
        points = (np.clip(rng.uniform(8, 48, 2) + steps, 0, CANVAS - 1)).astype(np.int32)
        tone, width = int(rng.integers(120, 256)), int(rng.integers(1, 6))
        cv2.polylines(picture, [points], rng.random() < 0.3, tone, width)
    return picture


def _cut_up(garments: np.ndarray, rng: Generator) -> np.ndarray:
    """Four garments' quarters, in each other's places and turned."""
    quarters = []
    for index in rng.integers(0, len(garments), 4):
        top, left = 14 * rng.integers(0, 2, 2)
        quarters.append(
            np.rot90(garments[index][top : top + 14, left : left + 14], int(rng.integers(4)))
        )
    return np.ascontiguousarray(np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])]))


def _textured(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Uneven tones where the picture is not black."""
    tones = cv2.resize(rng.normal(0, 1, (7, 7)).astype(np.float32), picture.shape[::-1])
    value = picture + tones * rng.uniform(10, 50) + rng.normal(0, rng.uniform(0, 20), picture.shape)
    return np.where(picture > 8, np.clip(value, 9, 255), 0).astype(np.uint8)


DRAWN = (_sign, _shapes, _face, _strokes, _object)  # the kinds that people draw
