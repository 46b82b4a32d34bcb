"""Real trainings in real processes: start, watch, stop, kill, one at a time."""

import contextlib
import dataclasses
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from fmnist.charts.training_charts import curves_table
from fmnist.cli.train import _stopper
from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.jobs import launch, lock, queue, requests, resume
from fmnist.runs import control
from fmnist.runs.history import read_events
from fmnist.runs.library import create_run, runs_directory
from fmnist.runs.predictions import (
    TEST_EPOCHS_FILE,
    VALIDATION_EPOCHS_FILE,
    load_predictions,
)
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import read_run
from fmnist.settings import TrainSettings
from tests.conftest import ROOT, TRAINED, load_epoch_predictions

pytestmark = pytest.mark.slow

# an hour of work, so that a test always catches it in the middle; the network that is soonest done
# with the 15,000 images that are answered after each epoch; no batch of another size to be compiled
LONG = TrainSettings(network="quick", epochs=1000, fraction=0.1, batch_size=50)
# the same with all images: an epoch of minutes
UNENDING = dataclasses.replace(LONG, fraction=1.0, batch_size=1)
BRIEF = TrainSettings(network="quick", epochs=1, fraction=0.02)
PATIENCE = 300  # seconds, for a whole training beside other tests on the same cores takes a minute


def wait_until(condition, limit=PATIENCE):
    """Return condition()'s first true value; fail after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return value


@pytest.fixture(autouse=True)
def leave_no_process():
    yield
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended, or waits to be collected
            if "fmnist" in child.cmdline():
                child.kill()


def state(run):
    return read_run(run.path).state


def latest_progress(run):
    """The newest progress event, or None."""
    return next((e for e in reversed(read_events(run)) if e["event"] == "progress"), None)


def epochs_done(run) -> int:
    return len([e for e in read_events(run) if e["event"] == "epoch"])


def test_stop_while_tensorflow_loads_ends_at_once():
    run = launch.start_training(LONG)
    assert run.name.startswith("quick-")  # and the time
    requests.request_stop(run)
    wait_until(lambda: not read_run(run.path).active)
    assert state(run) == "stopped"
    assert not read_run(run.path).usable
    assert lock.active_run() is None


def test_killed_training_has_failed_frees_the_machine_and_begins_again():
    run = launch.start_training(UNENDING, name="killed")
    wait_until(lambda: latest_progress(run))
    psutil.Process(run.info["process"]["pid"]).kill()
    wait_until(lambda: not read_run(run.path).active)
    failed = read_run(run.path)
    assert failed.state == "failed"
    assert "without reporting an error" in failed.reason
    assert "loading TensorFlow" in read_last_words(failed)
    assert lock.active_run() is None

    # killed before its first epoch ended, it begins again
    assert epochs_done(failed) == 0
    first = launch.resume_training(failed)
    assert first.active
    wait_until(lambda: state(first) == "running")


def test_kill_9_then_resume_gives_the_run_that_was_never_killed(trained, monkeypatch):
    first = read_run(trained.runs / "tiny")
    run = launch.start_training(TRAINED, name="killed")
    wait_until(lambda: (latest_progress(run) or {}).get("epoch") == 2)
    psutil.Process(run.info["process"]["pid"]).kill()
    wait_until(lambda: state(run) == "failed")
    assert read_run(run.path).count("epochs_done") == 1
    assert resume.can_resume(read_run(run.path))

    again = launch.resume_training(read_run(run.path))
    wait_until(lambda: state(run) == "finishing")
    # killed while it is saved, it has only to be saved again
    psutil.Process(again.info["process"]["pid"]).kill()
    wait_until(lambda: state(run) == "failed")
    again = launch.resume_training(read_run(run.path))  # and once more, while it starts
    psutil.Process(again.info["process"]["pid"]).kill()
    wait_until(lambda: state(run) == "failed")
    launch.resume_training(read_run(run.path))
    wait_until(lambda: state(run) == "finished")
    second = read_run(run.path)
    assert second.reason == ""
    assert second.settings == first.settings
    # to the digit
    np.testing.assert_array_equal(load_predictions(second), load_predictions(first))
    for file in (TEST_EPOCHS_FILE, VALIDATION_EPOCHS_FILE):
        np.testing.assert_array_equal(
            load_epoch_predictions(second, file), load_epoch_predictions(first, file)
        )
    learnt = [
        [(e["epoch"], e["loss"], e["val_loss"]) for e in read_events(r) if e["event"] == "epoch"]
        for r in (first, second)
    ]
    assert learnt[0] == learnt[1]
    assert len(learnt[0]) == 3
    table = curves_table([second])
    assert (table["epoch"] % 1 == 0).all()  # what the killed process had begun is no longer shown

    # it could go on for more epochs than it was to have
    with pytest.raises(RunError, match=r"has had all its epochs \(3\)"):
        launch.resume_training(second)
    monkeypatch.setattr(launch, "launch_module", lambda command, find_begun: command)
    assert launch.resume_training(second, more=1) == ["resume", "killed", "--more", "1"]


def check_what_is_written(run):
    """Of a training with two epochs: progress now and then, curves, every epoch's predictions."""
    progress = [event for event in read_events(run) if event["event"] == "progress"]
    within = [event["time"] for event in progress if event["batch"] < event["batches"]]
    # several times a second at most; not from one to the next, for one may be written late
    assert len(within) <= 2 + np.ptp(within or [0]) / 0.1
    for event in progress:
        assert 0 <= event["accuracy"] <= 1
        assert event["images_per_second"] > 0
        assert event["seconds_left"] > 0
    table = curves_table([read_run(run.path)])
    whole = table[table["epoch"] % 1 == 0]
    assert set(whole["part"]) == {"training", "validation"}
    wait_until(lambda: len(load_epoch_predictions(run)) >= 2)
    kept = load_epoch_predictions(run)
    assert kept.shape[1:] == (10_000, 10)
    assert (kept[0] != kept[1]).any()


def test_a_training_is_paused_gets_another_rate_and_stops_with_what_it_has_learnt():
    run = launch.start_training(LONG, name="long")
    assert run.active
    assert lock.active_run().name == "long"
    wait_until(lambda: latest_progress(run))

    with pytest.raises(TrainingBusy, match="'long' is training"):
        launch.start_training(BRIEF, name="second")
    assert not (runs_directory() / "second").exists()
    with pytest.raises(RunError, match="already a run"):
        launch.start_training(BRIEF, name="long")

    # paused between two batches; another rate counts from the next epoch
    requests.request_rate(read_run(run.path), 3e-4)
    requests.request_pause(read_run(run.path))
    wait_until(lambda: state(run) == "paused")
    assert lock.active_run().name == "long"  # it keeps the machine
    lines = len(read_events(run))
    time.sleep(1.5)
    assert len(read_events(run)) == lines
    requests.withdraw_pause(run)
    wait_until(lambda: state(run) == "running")
    wait_until(lambda: epochs_done(run) >= 2)
    check_what_is_written(run)
    changed = read_run(run.path)
    ((epoch, rate),) = changed.settings.rate_changes
    assert rate == 3e-4
    rates = {(e["epoch"], e["learning_rate"]) for e in read_events(run) if "learning_rate" in e}
    assert {(epoch - 1, 1e-3), (epoch, 3e-4)} <= rates

    requests.request_stop(run)
    wait_until(lambda: state(run) not in ("starting", "running"))
    wait_until(lambda: not read_run(run.path).active)
    stopped = read_run(run.path)
    assert stopped.state == "stopped"
    assert stopped.usable
    wait_until(lambda: not control.has_request(run.path, control.STOP))
    assert load_predictions(stopped).shape == (10_000, 10)
    assert epochs_done(run) < LONG.epochs
    # no training went on after the stop was seen
    assert [e["event"] for e in read_events(run)][-2:] == ["finishing", "end"]
    wait_until(lambda: lock.active_run() is None)
    with pytest.raises(RunError, match="not training"):
        requests.request_stop(stopped)


def test_queue_is_worked_off_in_the_order_that_people_gave_it():
    first = contextlib.ExitStack()
    first.enter_context(lock.hold_lock(create_run("first", LONG)))  # by this process
    others = [launch.start_training(LONG, name=name, wait=True) for name in ("b", "c", "d")]
    wait_until(lambda: [run.name for run in queue.waiting_runs()] == ["b", "c", "d"])
    queue.move_in_queue(others[2].path, -2)  # d before all
    queue.move_in_queue(others[0].path, 1)  # b behind c
    assert [run.name for run in queue.waiting_runs()] == ["d", "c", "b"]
    with pytest.raises(TrainingBusy):
        launch.start_training(BRIEF, name="e")
    requests.request_stop(read_run(others[1].path))  # c is cancelled
    wait_until(lambda: [run.name for run in queue.waiting_runs()] == ["d", "b"])
    first.close()
    wait_until(lambda: state(others[2]) in ("starting", "running"))
    assert state(others[0]) == "waiting"
    requests.request_stop(read_run(others[2].path))
    wait_until(lambda: state(others[0]) in ("starting", "running"))
    assert queue.waiting_runs() == []
    requests.request_stop(read_run(others[0].path))


def test_waiting_one_can_be_cancelled_and_the_first_be_replaced():
    first = launch.start_training(LONG, name="first")
    waiting = launch.start_training(BRIEF, name="waiting", wait=True)
    requests.request_stop(waiting)
    wait_until(lambda: state(waiting) == "stopped")
    assert read_run(first.path).active
    with pytest.raises(RunError, match="already a run"):
        launch.start_training(BRIEF, name="first", stop_other=True)
    assert read_run(first.path).active  # a name that cannot be had stops nobody
    second = launch.start_training(BRIEF, name="second", stop_other=True)
    wait_until(lambda: state(second) in ("starting", "running"))
    assert state(first) == "stopped"
    requests.request_stop(second)


def test_ctrl_c_ends_a_waiting_training_in_peace():
    command = [sys.executable, "-m", "fmnist", "train", "--wait", "--name", "patient"]
    path = runs_directory() / "patient"
    with lock.hold_lock(create_run("first", LONG)):  # by this process
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        wait_until(lambda: path.exists() and read_run(path).state == "waiting")
        process.send_signal(signal.SIGINT)
        words, _ = process.communicate(timeout=PATIENCE)
    assert words == "patient: stopped before it had begun.\n"
    assert process.returncode == 0
    assert read_run(path).state == "stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_training_at_once(number):
    path = create_run("first", LONG)
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, _stopper(path)) for each in both]
    try:
        signal.raise_signal(number)
        assert control.has_request(path, control.STOP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    finally:
        for each, handler in zip(both, before, strict=True):
            signal.signal(each, handler)


def test_relative_folders_are_those_of_the_one_who_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FMNIST_RUNS", "here")
    run = launch.start_training(LONG, name="relative")
    assert run.path == tmp_path / "here" / "relative"
    requests.request_stop(run)
    wait_until(lambda: not read_run(run.path).active)


def test_training_that_cannot_begin_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingFailed, match="cannot be made"):
        launch.start_training(BRIEF)


def test_error_while_training_is_kept_with_its_last_lines(monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))  # no files there
    run = launch.start_training(TrainSettings(epochs=1), name="no-data")
    wait_until(lambda: not read_run(run.path).active)
    failed = read_run(run.path)
    assert failed.state == "failed"
    assert "train-images-idx3-ubyte.gz is missing" in failed.reason
    assert "train-images-idx3-ubyte.gz is missing" in read_last_words(failed)


def test_same_training_by_the_command_line_is_seen_by_the_page():
    command = [sys.executable, "-m", "fmnist", "train", "--epochs", "1000", "--name", "cli"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    run = wait_until(lock.active_run)
    assert run.name == "cli"
    requests.request_stop(run)
    assert process.wait(PATIENCE) == 0


def test_damaged_lock_files_are_no_obstacle():
    holder = lock.machine_file(".json")
    for content in ("", "[]", '{"path": 3}', '{"path": "/nowhere", "process": {"pid": 1}}'):
        holder.write_text(content)
        assert lock.active_run() is None
