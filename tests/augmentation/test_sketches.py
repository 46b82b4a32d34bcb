"""Drawings of the training images: what they are made of and how they are prepared."""

import cv2
import numpy as np
import pytest
from PIL import Image

from fmnist.augmentation import sketches
from fmnist.augmentation.details import detail_lines
from fmnist.augmentation.sketches import draw_sheet, draw_sketch, prepare_sheet
from fmnist.data import BAG, COAT, SHIRT, TROUSER, load
from fmnist.images.pipeline import preprocess_image


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def part():
    return load("train")


def with_a_pen(monkeypatch) -> None:
    """Traced, in lines."""
    monkeypatch.setattr(sketches, "DOODLED", 0.0)
    monkeypatch.setattr(sketches, "FILLED", 0.0)


def test_a_drawing_is_prepared_as_a_visitors_is(part):
    # dark on white paper, through all that an uploaded picture goes through
    numbers = rng()
    drawings = 0
    for index in range(200):
        sheet = draw_sheet(part.images[index], int(part.labels[index]), numbers)
        uploaded = preprocess_image(Image.fromarray(255 - sheet).convert("RGBA"))
        if uploaded.kind == "drawing":  # the brightness of what is taken for a photo is changed
            drawings += 1
            difference = np.abs(prepare_sheet(sheet).astype(int) - uploaded.pixels)
            assert difference.max() <= 2  # the paper is made 0 by a division
    assert drawings >= 190


def test_every_class_is_drawn_and_framed(part):
    for label in range(10):
        chosen = part.images[part.labels == label][:20]
        drawn = np.stack([draw_sketch(image, label, rng(n)) for n, image in enumerate(chosen)])
        assert drawn.shape == (20, 28, 28)
        assert drawn.dtype == np.uint8
        rows = drawn.any(axis=2).sum(axis=1)
        columns = drawn.any(axis=1).sum(axis=1)
        assert np.mean(np.maximum(rows, columns) >= 27) > 0.9


def test_same_numbers_same_drawing(part):
    image, label = part.images[0], int(part.labels[0])
    assert np.array_equal(draw_sketch(image, label, rng(3)), draw_sketch(image, label, rng(3)))
    assert not np.array_equal(draw_sketch(image, label, rng(3)), draw_sketch(image, label, rng(4)))


@pytest.mark.parametrize("label", range(10))
def test_nothing_drawn_of_nothing(label, monkeypatch):
    monkeypatch.setattr(sketches, "SEWN", 0.0)
    for seed in range(5):
        assert not draw_sketch(np.zeros((28, 28), np.uint8), label, rng(seed)).any()


def test_a_steady_hand_draws_the_outline_and_a_careless_one_leaves_it(part, monkeypatch):
    with_a_pen(monkeypatch)
    monkeypatch.setattr(sketches, "_enlarge", lambda image, label, rng: (block, False))
    monkeypatch.setattr(sketches, "detail_lines", lambda label, rng: [])
    monkeypatch.setattr(sketches, "WIDEST", sketches.THINNEST)
    side = sketches.LONGEST + 2 * sketches.MARGIN
    block = np.zeros((side, side), np.uint8)
    block[40:140, 60:120] = 200
    frame = np.zeros_like(block)
    cv2.rectangle(frame, (60, 40), (119, 139), 255, 1)  # independent of the module's own lines
    near = cv2.dilate(frame, np.ones((7, 7), np.uint8)) > 0

    def strays(neatly):
        monkeypatch.setattr(sketches, "NEATLY", neatly)
        sheets = [draw_sheet(part.images[0], 0, rng(seed)) > 128 for seed in range(20)]
        return sum(bool((sheet & ~near).any()) for sheet in sheets)

    assert strays(1.0) == 0
    assert strays(0.0) > 0


def test_pens_are_thin_and_wide(part, monkeypatch):
    with_a_pen(monkeypatch)
    image = part.images[part.labels == TROUSER][0]
    ink = [(draw_sheet(image, TROUSER, rng(seed)) > 128).mean() for seed in range(60)]
    assert max(ink) > 4 * min(ink)


def test_an_open_outline_is_filled_nevertheless(part, monkeypatch):
    """Compared with the same outline drawn closed and filled."""
    with_a_pen(monkeypatch)
    filled = []
    numbers = rng()

    def spy(outline, lines, pen, hand, rng):
        sheet = drawn_with_pen(outline, lines, pen, hand, rng)
        whole = np.zeros_like(sheet)
        cv2.fillPoly(whole, [hand.bend(line) for line in outline], 255, shift=4)
        whole = np.maximum(whole, sheet)
        pixels, wanted = prepare_sheet(sheet) > 40, prepare_sheet(whole) > 40
        filled.append((pixels & wanted).sum() / (pixels | wanted).sum())
        return sheet

    drawn_with_pen = sketches._draw_with_pen
    monkeypatch.setattr(sketches, "_draw_with_pen", spy)
    for index in range(200):
        draw_sheet(part.images[index], int(part.labels[index]), numbers)
    assert np.mean(filled) > 0.9
    assert np.mean(np.array(filled) < 0.6) < 0.1  # a thick pen is not taken for an outline


def test_a_doodle_fills_the_sheet_and_shows_nothing_of_the_image(part, monkeypatch):
    monkeypatch.setattr(sketches, "DOODLED", 1.0)
    bags = part.images[part.labels == BAG][:2]
    for seed in range(20):
        sheets = [draw_sheet(image, BAG, rng(seed)) for image in bags]
        assert np.array_equal(*sheets)
        rows, columns = np.nonzero(sheets[0] > 60)
        assert max(np.ptp(rows), np.ptp(columns)) > 0.5 * sketches.LONGEST


@pytest.mark.parametrize("label", range(10))
def test_details_lie_in_the_garment_and_differ(label):
    drawn = [detail_lines(label, rng(seed)) for seed in range(40)]
    points = np.concatenate([line for lines in drawn for line in lines])
    assert points.min() >= -0.05
    assert points.max() <= 1.1
    assert len({len(lines) for lines in drawn}) > 1


@pytest.mark.parametrize("label", [SHIRT, COAT])
def test_the_front_runs_down_the_middle(label):
    fronts = [
        line
        for seed in range(40)
        for line in detail_lines(label, rng(seed))
        if line[-1][1] == 1.0 and len(line) == 2
    ]
    assert len(fronts) > 25  # drawn more often than not
    assert all(abs(line[:, 0] - 0.5).max() < 0.1 for line in fronts)
