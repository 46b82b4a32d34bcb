"""`python -m fmnist bench front`: what starts of the app and of a button are compared by."""

import json

import pytest

from fmnist.bench import front
from fmnist.cli.main import main


def test_what_is_printed_of_front(monkeypatch, capsys):
    starts = [
        ("one button", front.Front(900, 800, 56, 57)),
        ("studio", front.Front(2000, 1100, 120.4, 300)),
        ("one button", front.Front(1000, 900, 56, 57)),
        ("studio", front.Front(2200, 1300, 121.4, 310)),
    ]
    monkeypatch.setattr(front, "measure_front", lambda times: iter(starts))
    assert main(["bench", "front", "--times", "2"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["950", "ms", "2100", "ms", "1150", "ms"] in [row[-6:] for row in rows]
    assert ["56", "MiB", "121", "MiB", "65", "MiB"] in [row[-6:] for row in rows]
    assert main(["bench", "front", "--times", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["medians"]["studio"]["warm_ms"] == 1200


@pytest.mark.browser
def test_a_start_is_measured_to_the_canvas_and_through_all_pages(chromium, server):
    start = front.measure_start("studio", server, chromium)
    assert start.warm_ms > 0
    assert start.cold_ms > 0
    assert 50 < start.first_mib < start.all_mib
