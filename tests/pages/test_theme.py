"""All text can be read: contrasts of the theme, computed as WCAG 2.2 (1.4.3) defines them."""

import tomllib

import pytest

from fmnist.charts.common import confusion_spec
from fmnist.charts.training_charts import curves_spec, learning_spec, rate_spec
from tests.conftest import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
LEAST = 4.5
PALE = 0.6  # of the text's colour: Streamlit's captions


def channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: list[float], b: list[float]) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_of_the_grey_that_is_just_enough():
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#767676"), channels("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_theme_can_be_read(name):
    theme = {key: channels(colour) for key, colour in THEME[name].items() if key[-5:] == "Color"}
    page = theme["backgroundColor"]
    caption = [
        PALE * text + (1 - PALE) * ground
        for text, ground in zip(theme["textColor"], page, strict=True)
    ]
    assert contrast(caption, page) >= LEAST
    for ground in (page, theme["secondaryBackgroundColor"]):
        for key in ("textColor", "primaryColor", "linkColor"):
            assert contrast(theme[key], ground) >= LEAST, key


@pytest.mark.parametrize(
    "spec",
    [
        confusion_spec(),
        curves_spec("loss", 3),
        learning_spec("accuracy", 3),
        rate_spec(3),
    ],
    ids=["confusion", "curves", "learning", "rate"],
)
def test_text_in_charts_has_the_colour_of_the_page(spec):
    for part in ("axis", "legend"):
        assert set(spec["config"][part].values()) == {"currentColor"}
    marks = [layer["mark"] for layer in spec["layer"]]
    written = [mark for mark in marks if mark["type"] == "text"]
    assert all(mark["color"] == "currentColor" for mark in written)
