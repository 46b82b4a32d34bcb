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

from fmnist import continuing, control, epochs, jobs, runs, waiting
from fmnist.curves import curves_table
from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.history import last_words, read_history
from fmnist.settings import TrainSettings
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

# an hour of work, so that a test always catches it in the middle; the network that is soonest done
# with the 15,000 images that are answered after each epoch
LONG = TrainSettings(network="quick", epochs=1000, fraction=0.1, batch_size=32)
# the same with all images: an epoch of minutes
UNENDING = dataclasses.replace(LONG, fraction=1.0, batch_size=1)
BRIEF = TrainSettings(network="quick", epochs=1, fraction=0.02)
PATIENCE = 300  # seconds until a whole training has ended, beside other tests on the same cores
# everything that has a state which must not be lost: moments, dropout, schedule, augmentation
PLANNED = TrainSettings(
    epochs=3,
    fraction=0.03,
    schedule="one-cycle",
    weight_decay=0.05,
    mirror=True,
    shift=1,
    erasing=0.5,
    label_smoothing=0.1,
    deterministic=True,
    initial="seed-cnn",
)


def wait_until(condition, limit=90.0):
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
    return runs.read(run.path).state


def latest_progress(run):
    """The newest progress event, or None."""
    return next((e for e in reversed(read_history(run)) if e["event"] == "progress"), None)


def test_stop_keeps_what_was_learnt_and_frees_the_machine():
    run = jobs.start(LONG, name="long")
    assert run.active
    assert jobs.active().name == "long"
    wait_until(lambda: latest_progress(run))

    with pytest.raises(TrainingBusy, match="'long' is training"):
        jobs.start(BRIEF, name="second")
    assert not (runs.runs_directory() / "second").exists()
    with pytest.raises(RunError, match="already a run"):
        jobs.start(BRIEF, name="long")

    jobs.request_stop(run)
    asked = time.time()
    wait_until(lambda: state(run) not in ("starting", "running"), limit=30)
    wait_until(lambda: not runs.read(run.path).active, limit=60)
    stopped = runs.read(run.path)
    assert stopped.state == "stopped"
    assert stopped.usable
    wait_until(lambda: not control.asked(run.path, control.STOP))
    assert runs.load_predictions(stopped).shape == (10_000, 10)
    last = [e for e in read_history(run) if e["event"] == "progress"][-1]
    assert last["time"] - asked < 5  # no training went on after the stop was seen
    wait_until(lambda: jobs.active() is None)
    with pytest.raises(RunError, match="not training"):
        jobs.request_stop(stopped)


def epochs_done(run) -> int:
    return len([e for e in read_history(run) if e["event"] == "epoch"])


def test_progress_is_moderate_and_makes_curves_and_every_epochs_answers_are_kept():
    run = jobs.start(LONG, name="curves")
    wait_until(lambda: epochs_done(run) >= 2 and len(epochs.read(run)) >= 2)
    events = read_history(run)
    progress = [event for event in events if event["event"] == "progress"]
    within = [e for e in progress if e["batch"] < e["batches"]]
    gaps = np.diff([event["time"] for event in within])
    assert len(gaps) == 0 or gaps.min() > 0.1  # several times a second at most
    for event in progress:
        assert 0 <= event["accuracy"] <= 1
        assert event["images_per_second"] > 0
        assert event["seconds_left"] > 0
    table = curves_table([runs.read(run.path)])
    whole = table[table["epoch"] % 1 == 0]
    assert set(whole["part"]) == {"training", "validation"}
    kept = epochs.read(run)
    assert kept.shape[1:] == (10_000, 10)
    assert (kept[0] != kept[1]).any()


def test_stop_while_tensorflow_loads_ends_at_once():
    run = jobs.start(LONG, name="early")
    jobs.request_stop(run)
    wait_until(lambda: not runs.read(run.path).active)
    assert state(run) == "stopped"
    assert not runs.read(run.path).usable
    assert jobs.active() is None


def test_killed_training_has_failed_frees_the_machine_and_begins_again():
    run = jobs.start(UNENDING, name="killed")
    wait_until(lambda: latest_progress(run))
    psutil.Process(run.info["process"]["pid"]).kill()
    wait_until(lambda: not runs.read(run.path).active)
    failed = runs.read(run.path)
    assert failed.state == "failed"
    assert "died" in failed.reason
    assert "loading TensorFlow" in last_words(failed)
    assert jobs.active() is None

    # killed before its first epoch ended, it begins again; the next one queues behind it
    assert epochs_done(failed) == 0
    first = jobs.resume(failed)
    assert first.active
    wait_until(lambda: state(first) == "running")
    waiting = jobs.start(BRIEF, name="waiting", wait=True)
    assert waiting.state == "waiting"
    assert state(first) == "running"
    jobs.request_stop(first)
    wait_until(lambda: state(waiting) == "running")
    assert state(first) == "stopped"
    jobs.request_stop(waiting)


@pytest.fixture
def unbroken():
    """A training of three epochs that nobody disturbed."""
    run = jobs.start(PLANNED, name="unbroken")
    yield run
    jobs.request_stop(runs.read(run.path)) if runs.read(run.path).active else None


def test_kill_9_within_an_epoch_then_resume_gives_the_run_that_was_never_killed(unbroken):
    wait_until(lambda: state(unbroken) == "finished", limit=PATIENCE)
    run = jobs.start(PLANNED, name="killed")
    wait_until(lambda: (latest_progress(run) or {}).get("epoch") == 2)
    psutil.Process(run.info["process"]["pid"]).kill()
    wait_until(lambda: state(run) == "failed")
    assert runs.read(run.path).count("epochs_done") == 1
    assert continuing.can_resume(runs.read(run.path))

    jobs.resume(runs.read(run.path))
    wait_until(lambda: state(run) == "finished", limit=PATIENCE)
    first, second = runs.read(unbroken.path), runs.read(run.path)
    assert second.reason == ""
    assert second.settings == first.settings
    # to the digit
    np.testing.assert_array_equal(runs.load_predictions(second), runs.load_predictions(first))
    for file in (epochs.FILE, epochs.VALIDATION_FILE):
        np.testing.assert_array_equal(epochs.read(second, file), epochs.read(first, file))
    # it began with the weights of another run: with new ones, the first batch is at chance
    begun = next(event for event in read_history(first) if event["event"] == "progress")
    assert begun["epoch"] == 1
    assert begun["accuracy"] > 0.5
    learnt = [
        [(e["epoch"], e["loss"], e["val_loss"]) for e in read_history(r) if e["event"] == "epoch"]
        for r in (first, second)
    ]
    assert learnt[0] == learnt[1]
    assert len(learnt[0]) == 3
    table = curves_table([second])
    assert (table["epoch"] % 1 == 0).all()  # what the killed process had begun is no longer shown

    # killed while it was saved, it has only to be saved again
    answers = runs.load_predictions(second)
    for name in second.files:
        (run.path / name).unlink()
    dead = {**runs.this_process(), "started": 0.0}
    runs.write_info(run.path, state="finishing", process=dead, files=None, scores=None)
    assert state(run) == "failed"
    jobs.resume(runs.read(run.path))
    wait_until(lambda: state(run) == "finished", limit=PATIENCE)
    saved = runs.read(run.path)
    np.testing.assert_array_equal(runs.load_predictions(saved), answers)
    assert saved.scores == second.scores
    assert epochs_done(saved) == 3

    # and it goes on for more epochs than it was to have
    with pytest.raises(RunError, match="has had all its 3 epochs"):
        jobs.resume(second)
    jobs.resume(second, more=1)
    wait_until(lambda: state(run) == "finished", limit=PATIENCE)
    longer = runs.read(run.path)
    assert (longer.settings.epochs, longer.settings.continued) == (4, (3,))
    assert longer.count("epochs_done") == len(epochs.read(longer)) == 4
    assert longer.count("train_seconds") > second.count("train_seconds")


def test_pause_halts_between_two_batches_and_another_rate_counts_from_the_next_epoch():
    run = jobs.start(LONG, name="paused")
    wait_until(lambda: latest_progress(run))
    jobs.request_rate(runs.read(run.path), 3e-4)
    jobs.request_pause(runs.read(run.path))
    wait_until(lambda: state(run) == "paused")
    assert jobs.active().name == "paused"  # it keeps the machine
    lines = len(read_history(run))
    time.sleep(1.5)
    assert len(read_history(run)) == lines
    jobs.withdraw_pause(run)
    wait_until(lambda: state(run) == "running")
    wait_until(lambda: epochs_done(run) >= 2)
    changed = runs.read(run.path)
    ((epoch, rate),) = changed.settings.rate_changes
    assert rate == 3e-4
    rates = {(e["epoch"], e["learning_rate"]) for e in read_history(run) if "learning_rate" in e}
    assert {(epoch - 1, 1e-3), (epoch, 3e-4)} <= rates

    # paused and then stopped: what was learnt is kept
    jobs.request_pause(changed)
    wait_until(lambda: state(run) == "paused")
    jobs.request_stop(runs.read(run.path))
    wait_until(lambda: state(run) == "stopped")
    assert runs.read(run.path).usable
    wait_until(lambda: not control.asked(run.path, control.PAUSE))


def test_queue_is_worked_off_in_the_order_that_people_gave_it():
    first = jobs.start(LONG, name="first")
    others = [jobs.start(LONG, name=name, wait=True) for name in ("b", "c", "d")]
    wait_until(lambda: [run.name for run in jobs.waiting_runs()] == ["b", "c", "d"])
    waiting.move(jobs.queue_file(), others[2].path, -2)  # d before all
    waiting.move(jobs.queue_file(), others[0].path, 1)  # b behind c
    assert [run.name for run in jobs.waiting_runs()] == ["d", "c", "b"]
    with pytest.raises(TrainingBusy):
        jobs.start(BRIEF, name="e")
    jobs.request_stop(runs.read(others[1].path))  # c is cancelled
    wait_until(lambda: [run.name for run in jobs.waiting_runs()] == ["d", "b"])
    jobs.request_stop(first)
    wait_until(lambda: state(others[2]) in ("starting", "running"))
    assert state(others[0]) == "waiting"
    jobs.request_stop(runs.read(others[2].path))
    wait_until(lambda: state(others[0]) in ("starting", "running"))
    assert jobs.waiting_runs() == []
    jobs.request_stop(runs.read(others[0].path))


def test_waiting_one_can_be_cancelled_and_the_first_be_replaced():
    first = jobs.start(LONG, name="first")
    waiting = jobs.start(BRIEF, name="waiting", wait=True)
    jobs.request_stop(waiting)
    wait_until(lambda: state(waiting) == "stopped")
    assert runs.read(first.path).active
    with pytest.raises(RunError, match="already a run"):
        jobs.start(BRIEF, name="first", stop_other=True)
    assert runs.read(first.path).active  # a name that cannot be had stops nobody
    second = jobs.start(BRIEF, name="second", stop_other=True)
    wait_until(lambda: state(second) == "running")
    assert state(first) == "stopped"
    jobs.request_stop(second)


def test_ctrl_c_ends_a_waiting_training_in_peace():
    first = jobs.start(LONG, name="first")
    command = [sys.executable, "-m", "fmnist", "train", "--wait", "--name", "patient"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    path = runs.runs_directory() / "patient"
    wait_until(lambda: path.exists() and runs.read(path).state == "waiting")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "patient: stopped before it had begun.\n"
    assert process.returncode == 0
    assert runs.read(path).state == "stopped"
    jobs.request_stop(first)
    wait_until(lambda: not runs.read(first.path).active)


def test_relative_folders_are_those_of_the_one_who_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FMNIST_RUNS", "here")
    run = jobs.start(LONG, name="relative")
    assert run.path == tmp_path / "here" / "relative"
    jobs.request_stop(run)
    wait_until(lambda: not runs.read(run.path).active)


def test_training_that_cannot_begin_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_RUNS", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingFailed, match="cannot be made"):
        jobs.start(BRIEF)


def test_error_while_training_is_kept_with_its_last_lines(monkeypatch, tmp_path):
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))  # no files there
    run = jobs.start(TrainSettings(epochs=1), name="no-data")
    wait_until(lambda: not runs.read(run.path).active)
    failed = runs.read(run.path)
    assert failed.state == "failed"
    assert "train-images-idx3-ubyte.gz is missing" in failed.reason
    assert "train-images-idx3-ubyte.gz is missing" in last_words(failed)


def test_same_training_by_the_command_line_is_seen_by_the_page():
    command = [sys.executable, "-m", "fmnist", "train", "--epochs", "1000", "--name", "cli"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    run = wait_until(jobs.active)
    assert run.name == "cli"
    jobs.request_stop(run)
    assert process.wait(60) == 0


def test_damaged_lock_files_are_no_obstacle():
    holder = jobs._lock_path().with_suffix(".json")
    for content in ("", "[]", '{"path": 3}', '{"path": "/nowhere", "process": {"pid": 1}}'):
        holder.write_text(content)
        assert jobs.active() is None
