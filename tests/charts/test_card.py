"""The card of an answer."""

import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from fmnist.charts.card import draw_card
from fmnist.charts.panels import ANSWER, TRUE

PROBABILITIES = np.array([0.25, 0.5, 0.25, 0, 0, 0, 0, 0, 0, 0], np.float32)


def card(**more) -> np.ndarray:
    """A card's pixels (H, W, 3) uint8, with a checkerboard as what was classified."""
    pixels = np.indices((28, 28)).sum(axis=0).astype(np.uint8) % 2 * 255
    png = draw_card(pixels, PROBABILITIES, title="Trouser, 50.0%", network="a $ b $ c", **more)
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return np.asarray(image.convert("RGB"))


def longest(drawn: np.ndarray, colour: str) -> int:
    """Pixels of this colour in the row that has most of them."""
    return int((drawn == ImageColor.getrgb(colour)).all(axis=2).sum(axis=1).max())


def test_bars_are_as_long_as_the_probabilities():
    drawn = card(true=0)
    assert longest(drawn, TRUE) == pytest.approx(longest(drawn, ANSWER) / 2, abs=2)
    assert longest(drawn, ANSWER) == pytest.approx(0.5 * (1200 - 540 - 110), abs=2)


def test_picture_is_shown_whole_and_the_heat_map_has_its_place():
    red = Image.new("RGB", (400, 200), "#ff0000")
    with_picture, without = card(picture=red), card()
    assert longest(with_picture, "#ff0000") == pytest.approx(240, abs=3)
    assert longest(without, "#ff0000") == 0
    marked = card(attribution=np.ones((28, 28), np.float32))
    assert (marked != without).any(axis=2).sum() > 150 * 150 / 2  # black is never marked
