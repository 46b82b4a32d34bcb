"""The report as one file: complete, in itself, and safe whatever a run's folder says."""

import re
from html.parser import HTMLParser

import pytest

from fmnist.charts.html_report import render_report
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from fmnist.settings import TrainSettings


class Reader(HTMLParser):
    """Collects text, and every address that a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.words, self.addresses, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        fetched = ("src", "href", "xlink:href", "data", "srcset", "poster", "action")
        self.addresses += [value for name, value in attrs if name in fetched]
        for name, value in attrs:
            if name in ("style", "fill", "clip-path"):
                self.addresses += re.findall(r"url\((.*?)\)", value or "")

    def handle_data(self, data):
        self.words.append(data)
        self.addresses += re.findall(r"url\((.*?)\)", data)  # of a style sheet


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def report():
    from fmnist.data import load

    run, part = find_run("seed-cnn"), load("test")
    return read(render_report(run, load_predictions(run), part.images, part.labels))


def test_it_has_the_numbers_of_the_run(report):
    words = " ".join(report.words)
    accuracy = find_run("seed-cnn").scores["test_accuracy"]
    title = "The specification's CNN · built in"
    assert f"{title}: {accuracy:.2%} of 10,000 test images" in words
    assert "rate_changes" not in words  # there are none
    for expected in (
        "seed-cnn",
        "T-shirt/top",
        "macro avg",
        "settings: epochs",
        "versions: keras",
        "AMD",
    ):
        assert expected in words
    assert {"svg", "img", "table"} <= report.tags


def test_it_needs_nothing_else(report):
    assert all(address.startswith(("data:", "#")) for address in report.addresses)
    assert "script" not in report.tags


def test_nothing_from_a_folder_is_read_as_markup(own_run, test_part):
    hostile = "<script>alert(1)</script>"
    settings = TrainSettings(network="custom").to_dict()
    run = own_run(versions={"keras": hostile}, machine={hostile: 1}, settings=settings)
    reader = read(render_report(run, load_predictions(run), test_part.images, test_part.labels))
    assert "script" not in reader.tags
    words = " ".join(" ".join(reader.words).split())
    assert hostile in words
    assert "layer 1: convolution filters 64, kernel 3, stride 1, padding same" in words
    assert "kind" not in words


def test_a_run_without_history_has_no_curves(own_run, test_part):
    run = own_run()
    (run.path / "history.jsonl").unlink()
    reader = read(render_report(run, load_predictions(run), test_part.images, test_part.labels))
    assert "Learning" not in reader.words
