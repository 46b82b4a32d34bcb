"""Words about a training."""

import pytest

from fmnist.runs.history import follow_progress
from fmnist.runs.progress_text import (
    describe_progress,
    describe_settings,
    duration_text,
    read_last_words,
)
from fmnist.setting_fields import rate_text
from fmnist.settings import TrainSettings
from tests.runs.test_history import append, epoch, progress


@pytest.fixture
def run(own_run):
    """A run with an empty history."""
    run = own_run()
    (run.path / "history.jsonl").unlink()
    return run


def test_progress_in_words(run):
    assert describe_progress(follow_progress(run), 4) == (0.0, "Starting takes some ten seconds")
    append(run, progress(3))
    share, words = describe_progress(follow_progress(run), 4)
    assert share == pytest.approx(2.5 / 4)
    assert words == "Epoch 3 of 4, batch 50 of 100"
    append(run, epoch(3), {"event": "start", "time": 9.0}, {"event": "resumed", "epoch": 3})
    assert describe_progress(follow_progress(run), 6) == (0.5, "Starting takes some ten seconds")


def test_settings_in_a_line():
    words = describe_settings(TrainSettings(fraction=0.3, epochs=1, mirror=True))
    assert words == "Plain CNN · 1 epoch · batch 64 · rate 0.001 · 30% of the images · mirror"
    for share, shown in {0.995: "99.5%", 0.015: "1.5%", 1 / 3: "33.3333%"}.items():
        assert f" {shown} of the images" in describe_settings(TrainSettings(fraction=share))
    assert "all 60,000 images" in describe_settings(TrainSettings(holdout=False))


def test_small_rates_have_no_exponent():
    assert [rate_text(rate) for rate in (5e-05, 0.01 / 3, 0.1, 1.0)] == [
        *("0.00005", "0.00333333", "0.1", "1"),
    ]
    changed = TrainSettings(epochs=3, learning_rate=5e-05, rate_changes=((2, 2e-05),))
    assert "rate 0.00005" in describe_settings(changed)
    assert "rate 0.00002 from epoch 2" in describe_settings(changed)


def test_durations_in_words():
    assert duration_text(59.4) == "59 s"
    assert duration_text(3600) == "60 min 0 s"
    assert duration_text(36_123) == "10 h 2 min"


def test_last_words_are_those_of_the_log_or_of_the_error(run):
    assert read_last_words(run) == ""
    append(run, {"event": "error", "message": "m", "words": "one\ntwo\nthree"})
    assert read_last_words(run, 2) == "two\nthree"
    (run.path / "log.txt").write_text("\n".join(f"line {n}" for n in range(40)))
    assert read_last_words(run, 2) == "line 38\nline 39"
