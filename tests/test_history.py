"""A run's history: sound events are handed on, whatever else the file holds is not."""

import json

import pytest

from fmnist.curves import curves_table
from fmnist.history import (
    duration_text,
    last_words,
    read_history,
)

EPOCH = {"event": "epoch", "time": 1.0, "epoch": 1, "accuracy": 0.7, "loss": 0.9}
VALIDATED = {**EPOCH, "epoch": 2, "val_accuracy": 0.8, "val_loss": 0.6}
PROGRESS = {
    "event": "progress",
    "time": 2.0,
    "epoch": 3,
    "epochs": 4,
    "batch": 50,
    "batches": 100,
    "accuracy": 0.81,
    "loss": 0.5,
    "images_per_second": 1234,
    "seconds_left": 75.0,
}


@pytest.fixture
def run(own_run):
    """A run with an empty history."""
    run = own_run()
    (run.path / "history.jsonl").unlink()
    return run


def write(run, *lines):
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (run.path / "history.jsonl").write_text("\n".join(text))


def test_curves_have_a_point_an_epoch_and_the_running_mean_of_the_last(run):
    early = {**PROGRESS, "epoch": 2}  # of an epoch that has ended: its whole point stands instead
    write(run, EPOCH, early, VALIDATED, PROGRESS)
    table = curves_table([run])
    points = [tuple(row) for row in table[["epoch", "part", "accuracy"]].to_numpy()]
    assert points == [
        (1.0, "training", 0.7),
        (2.0, "training", 0.7),
        (2.0, "validation", 0.8),
        (2.5, "training", 0.81),
    ]


DAMAGED = [
    {"event": "progress", "epoch": 1},
    {**PROGRESS, "epoch": [1]},
    {**PROGRESS, "batches": 0},
    {**PROGRESS, "batch": True},
    {**PROGRESS, "accuracy": "x"},
    {**EPOCH, "loss": None},
    {**EPOCH, "epoch": 10**20},
    {**VALIDATED, "val_loss": 1e300},
    {"event": ["epoch"]},
    {"event": "progress", **{key: None for key in PROGRESS if key != "event"}},
    '{"event": "epoch", "epoch": 1, "accuracy": NaN, "loss": 1}',
    "[" * 200_000,
    "not json",
    "7",
]


@pytest.mark.parametrize("line", DAMAGED)
def test_damaged_events_are_left_out(run, line):
    write(run, line, EPOCH, line)
    assert read_history(run) == [EPOCH]
    assert len(curves_table([run])) == 1


def test_history_that_is_no_file_is_empty(run):
    (run.path / "history.jsonl").mkdir()
    assert read_history(run) == []
    assert curves_table([run]).empty


def test_durations_in_words():
    assert duration_text(59.4) == "59 s"
    assert duration_text(3600) == "60 min 0 s"
    assert duration_text(36_123) == "10 h 2 min"


def test_last_words_are_those_of_the_log_or_of_the_error(run):
    assert last_words(run) == ""
    write(run, {"event": "error", "message": "m", "words": "one\ntwo\nthree"})
    assert last_words(run, 2) == "two\nthree"
    (run.path / "log.txt").write_text("\n".join(f"line {n}" for n in range(40)))
    assert last_words(run, 2) == "line 38\nline 39"
