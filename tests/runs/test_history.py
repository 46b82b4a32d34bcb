"""A run's history: valid events count, other content does not, and what is new is read."""

import json
import threading

import pytest

from fmnist.charts.training_charts import curves_table
from fmnist.runs import history
from fmnist.runs.history import MAX_POINTS, epoch_position, follow_progress, read_events

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
    (run.path / "history.jsonl").write_text("".join(f"{line}\n" for line in text))


def append(run, *events):
    with (run.path / "history.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def progress(epoch, batch=50, time=2.0, **values):
    return {**PROGRESS, "epoch": epoch, "batch": batch, "time": time, **values}


def epoch(number, time=2.0, **values):
    return {**VALIDATED, "epoch": number, "time": time, **values}


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
    assert read_events(run) == [EPOCH]
    assert len(curves_table([run])) == 1


def test_history_that_is_no_file_is_empty(run):
    (run.path / "history.jsonl").mkdir()
    assert read_events(run) == []
    assert curves_table([run]).empty


# --- following a file that grows


def test_only_what_is_new_is_read(run, monkeypatch):
    assert follow_progress(run) == history.TrainingProgress()
    append(run, {"event": "start", "time": 0.0}, progress(1))
    assert follow_progress(run).latest["epoch"] == 1
    parsed = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda line: parsed.append(line) or loads(line))
    assert follow_progress(run) is follow_progress(run)  # nothing new: not even another object
    assert parsed == []
    append(run, epoch(1), progress(2))
    followed = follow_progress(run)
    assert len(parsed) == 2
    assert [event["epoch"] for event in followed.epochs] == [1]
    assert followed.latest["epoch"] == 2
    assert [point["epoch"] for point in followed.points] == [1, 2]


def test_a_line_counts_once_it_has_its_end(run):
    line = json.dumps(epoch(1))
    with (run.path / "history.jsonl").open("a") as file:
        file.write(line[:20])
        file.flush()
        assert follow_progress(run).epochs == ()
        file.write(line[20:] + "\n")
        file.flush()
        assert len(follow_progress(run).epochs) == 1


@pytest.mark.parametrize("line", DAMAGED)
def test_damaged_lines_are_left_out(run, line):
    text = line if isinstance(line, str) else json.dumps(line)
    (run.path / "history.jsonl").write_text(f"{text}\n{json.dumps(EPOCH)}\n{text}\n")
    assert follow_progress(run).epochs == (EPOCH,)
    assert follow_progress(run).points == ()


def test_another_file_in_its_place_is_read_from_the_beginning(run):
    append(run, epoch(1), epoch(2), progress(3))
    assert len(follow_progress(run).epochs) == 2
    path = run.path / "history.jsonl"
    path.write_text(json.dumps(epoch(7)) + "\n")  # shorter
    assert [event["epoch"] for event in follow_progress(run).epochs] == [7]
    path.write_text("".join(json.dumps(epoch(n)) + "\n" for n in range(1, 9)))  # longer
    assert len(follow_progress(run).epochs) == 8
    path.unlink()
    assert follow_progress(run) == history.TrainingProgress()
    path.mkdir()
    assert follow_progress(run) == history.TrainingProgress()


def test_what_is_remembered_is_bounded_and_safe_for_threads(own_run):
    found = [own_run(f"r{n}") for n in range(history.FILES_KEPT + 4)]
    seen = []

    def look():
        for run in found:
            seen.append((run.name, len(follow_progress(run).epochs)))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 * len(found)
    assert {count for _, count in seen} == {10}
    assert history._followed_file.cache_info().currsize == history.FILES_KEPT


# --- going on after a kill


KILLED = [
    {"event": "start", "time": 100.0},
    progress(1, 50, 105.0),
    epoch(1, 110.0),
    progress(2, 50, 115.0),
    epoch(2, 120.0, accuracy=0.1),
    progress(3, 20, 125.0),
    {"event": "start", "time": 500.0},
    {"event": "resumed", "epoch": 1, "time": 503.0},
    progress(2, 30, 506.0),
]


def test_what_was_lost_is_not_shown(run):
    append(run, *KILLED)
    followed = follow_progress(run)
    assert [event["epoch"] for event in followed.epochs] == [1]
    assert [(point["epoch"], point["batch"]) for point in followed.points] == [(1, 50), (2, 30)]
    table = curves_table([run])
    assert table["epoch"].tolist() == [1.0, 1.0, 1.3]


def test_resumed_before_the_first_epoch_forgets_all(run):
    append(run, progress(1), {"event": "resumed", "epoch": 0, "time": 3.0})
    assert follow_progress(run).points == ()
    assert follow_progress(run).latest is None
    assert curves_table([run]).empty


def test_time_lost_or_paused_does_not_count(run):
    append(run, *KILLED)
    # ten seconds until epoch 1, and what came after the second start
    assert follow_progress(run).seconds == pytest.approx(10 + 6)
    assert follow_progress(run).elapsed(516.0) == pytest.approx(26)
    append(run, {"event": "pause", "time": 507.0})
    assert follow_progress(run).elapsed(900.0) == pytest.approx(17)
    append(run, {"event": "resume", "time": 900.0}, progress(2, 40, 903.0))
    assert follow_progress(run).elapsed(903.0) == pytest.approx(20)
    append(run, {"event": "finishing", "time": 905.0}, {"event": "end", "time": 950.0})
    assert follow_progress(run).elapsed(2000.0) == pytest.approx(22)


def test_a_refused_wish_stands_until_the_next(run):
    append(run, {"event": "refused", "message": "too high", "time": 1.0})
    assert follow_progress(run).refused == "too high"
    append(run, {"event": "rate", "epoch": 2, "learning_rate": 0.1, "time": 2.0})
    assert follow_progress(run).refused == ""


# --- thinning


def long_history(epochs_planned, batches, until):
    for number in range(1, until + 1):
        for batch in range(1, batches + 1):
            yield progress(number, batch, epochs=epochs_planned, batches=batches)
        yield epoch(number)


def test_thousands_of_points_are_thinned_and_those_shown_stay(run):
    events = list(long_history(10, 800, 10))
    append(run, *events[:4000])
    before = [epoch_position(point) for point in follow_progress(run).points]
    append(run, *events[4000:])
    after = [epoch_position(point) for point in follow_progress(run).points]
    assert 0.8 * MAX_POINTS < len(after) <= MAX_POINTS + 1
    assert after[: len(before) - 1] == before[:-1]  # only the newest moved
    assert after == sorted(after)
    assert after[-1] == pytest.approx(9.999)
    assert follow_progress(run).latest["batch"] == 800


def test_points_of_hostile_plans_are_bounded(run):
    events = [progress(number, 1, epochs=1, batches=1) for number in range(1, 3 * MAX_POINTS)]
    append(run, *events)
    assert len(follow_progress(run).points) <= 2 * MAX_POINTS + 1
