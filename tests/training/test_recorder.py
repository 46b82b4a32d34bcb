"""Progress events: how many, and what they say."""

import itertools

import psutil
import pytest

from fmnist.settings import TrainSettings
from fmnist.training.recorder import Progress


def record_of(batches: int, seconds_a_batch: float, epochs: int = 1) -> list[dict]:
    """The events of an imagined training."""
    events, now = [], itertools.count()
    ticks = {"now": 0.0}
    progress = Progress(lambda event, **values: events.append(values), lambda: ticks["now"])
    settings = TrainSettings(epochs=epochs, batch_size=100)
    for epoch in range(epochs):
        progress.epoch_begins(settings, epoch, batches * 100)
        for batch in range(batches):
            ticks["now"] += seconds_a_batch
            mean = next(now) / 1000
            progress.batch_ends(batch, {"accuracy": mean, "loss": 1 - mean}, 1e-3)
    return events


def test_half_a_second_lies_between_two_events_and_every_epochs_end_is_told():
    events = record_of(100, 0.125, epochs=2)
    assert [event["batch"] for event in events[:3]] == [4, 8, 12]
    assert [(e["epoch"], e["batch"]) for e in events if e["batch"] == 100] == [(1, 100), (2, 100)]
    first = events[0]
    assert (first["epochs"], first["batches"], first["images_per_second"]) == (2, 100, 800)
    assert first["seconds_left"] == pytest.approx(24.5)
    assert first["learning_rate"] == 1e-3
    assert first["memory_mib"] > 10
    assert 0 <= first["processor"] <= 100


def test_an_epochs_last_batch_is_as_large_as_its_images_allow():
    events, ticks = [], {"now": 0.0}
    progress = Progress(lambda event, **values: events.append(values), lambda: ticks["now"])
    progress.epoch_begins(TrainSettings(batch_size=512), 0, 550)
    for batch in range(2):
        ticks["now"] += 1.0
        progress.batch_ends(batch, {"accuracy": 0.5, "loss": 1.0}, 1e-3)
    assert [event["images_per_second"] for event in events] == [512, 275]


def test_a_share_of_the_processor_over_no_time_at_all_is_no_more_than_all_of_it(monkeypatch):
    monkeypatch.setattr(psutil.Process, "cpu_percent", lambda process: 100 * 1382.2)
    assert {event["processor"] for event in record_of(10, 1.0)} == {100}


def test_a_training_of_hours_writes_no_more_than_some_thousand_events():
    assert len(record_of(500, 0.1, epochs=144)) < 2_500  # two hours
    late = record_of(500, 0.1, epochs=144)[-3:]
    assert late[1]["batch"] - late[0]["batch"] <= 51  # a look every five seconds at least


def test_recent_values_are_of_the_batches_since_the_last_event():
    events, ticks = [], {"now": 0.0}
    progress = Progress(lambda event, **values: events.append(values), lambda: ticks["now"])
    progress.epoch_begins(TrainSettings(batch_size=100), 0, 400)
    each = [0.2, 0.4, 0.9, 0.9]  # accuracy of each batch
    for batch in range(4):
        ticks["now"] += 1.0
        mean = sum(each[: batch + 1]) / (batch + 1)
        progress.batch_ends(batch, {"accuracy": mean, "loss": mean}, 1e-3)
    assert [event["accuracy"] for event in events] == pytest.approx([0.2, 0.3, 0.5, 0.6])
    smoothed = [0.2, 0.3, 0.6, 0.75]  # each halfway from the last to the new batch
    assert [event["recent_accuracy"] for event in events] == pytest.approx(smoothed)
