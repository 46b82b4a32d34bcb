"""What is shown as HTML: read back as the XML that it is, too."""

from xml.etree import ElementTree

import numpy as np
import pytest

from fmnist.charts.panels import ANSWER, OTHER, TRUE, render_probability_bars
from fmnist.data import CLASS_NAMES


def read_bars(html: str) -> tuple[str, dict[str, tuple[float, str, str]]]:
    """The caption, and of each class the bar's width in percent, its colour, and its words."""
    table = ElementTree.fromstring(html[html.index("<table") :])
    bars = {}
    for row in table.iter("tr"):
        name, cell = row.find("th"), row.find("td")
        style = dict(part.split(":") for part in cell.find("span").get("style").split(";"))
        width = float(style["width"].removesuffix("%"))
        bars[name.text] = width, style["background"], "".join(cell.itertext()).strip()
    return table.find("caption").text, bars


def test_bars_of_the_probabilities():
    probabilities = np.zeros(10, np.float32)
    probabilities[[2, 6]] = 0.7, 0.3
    caption, bars = read_bars(render_probability_bars(probabilities, "Ten < eleven", true=6))
    assert caption == "Ten < eleven"
    assert list(bars) == list(CLASS_NAMES)
    widths = [width for width, _, _ in bars.values()]
    assert [width / sum(widths) for width in widths] == pytest.approx(list(probabilities))
    assert bars["Pullover"][1:] == (ANSWER, "70.0% answer")
    assert bars["Shirt"][1:] == (TRUE, "30.0% true class")
    assert bars["Coat"] == (0, OTHER, "0.0%")


def test_a_right_answer_and_an_unknown_class():
    probabilities = np.full(10, 0.1, np.float32)
    _, bars = read_bars(render_probability_bars(probabilities, "", true=0))
    assert bars["T-shirt/top"][1:] == (ANSWER, "10.0% answer, true class")
    _, bars = read_bars(render_probability_bars(probabilities, ""))
    assert "true" not in "".join(words for _, _, words in bars.values())
