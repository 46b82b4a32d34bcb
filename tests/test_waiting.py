"""The queue: an order that all processes share, without those that have died."""

import json
from pathlib import Path

import numpy as np
import pytest

from fmnist import checkpoints, continuing, control, jobs, runs, waiting
from fmnist.cli import main
from fmnist.errors import TrainingBusy
from fmnist.settings import TrainSettings
from tests.conftest import hold


@pytest.fixture
def file(tmp_path):
    return tmp_path / "queue.json"


def names(file):
    return [path.name for path in waiting.order(file)]


def test_order_is_of_joining_and_can_be_changed(file):
    for name in "abc":
        waiting.join(file, Path(name))
    waiting.join(file, Path("z"), front=True)
    assert names(file) == ["z", "a", "b", "c"]
    waiting.move(file, Path("c"), -2)
    assert names(file) == ["z", "c", "a", "b"]
    waiting.move(file, Path("z"), 99)
    assert names(file) == ["c", "a", "b", "z"]
    waiting.move(file, Path("z"), -99)
    waiting.move(file, Path("nobody"), 1)
    assert names(file) == ["z", "c", "a", "b"]
    waiting.leave(file, Path("c"))
    waiting.leave(file, Path("nobody"))
    assert names(file) == ["z", "a", "b"]


def test_too_many_are_refused_with_what_would_work(file):
    for number in range(waiting.MOST):
        waiting.join(file, Path(str(number)))
    with pytest.raises(TrainingBusy, match="10 trainings wait for this machine already; cancel"):
        waiting.join(file, Path("more"))
    assert len(names(file)) == waiting.MOST


def test_a_run_waits_once(file):
    waiting.join(file, Path("runs/a"))
    with pytest.raises(TrainingBusy, match="'a' waits for this machine already"):
        waiting.join(file, Path("runs/a"), front=True)
    assert names(file) == ["a"]


@pytest.fixture
def full(runs_dir):
    """A machine that trains and for which as many wait as may."""
    other = runs.create("other", TrainSettings())
    hold(other)
    for number in range(waiting.MOST):
        waiting.join(jobs.queue_file(), runs.create(f"w{number}", TrainSettings(), state="waiting"))
    return other


@pytest.mark.parametrize("how", ["--wait", "--stop-other"])
def test_where_the_queue_is_full_nothing_is_begun_or_stopped(how, full, runs_dir, capsys):
    assert main(["train", "--name", "mine", how]) == 1
    assert "10 trainings wait for this machine already" in capsys.readouterr().err
    assert not (runs_dir / "mine").exists()
    assert not control.asked(full, control.STOP)


def test_where_the_queue_is_full_a_run_that_would_go_on_stays_as_it_was(full, own_run, capsys):
    run = own_run("done")
    about = json.dumps({"epoch": 10, "seconds": 10.0, "last": {}}).encode()
    np.savez(run.path / checkpoints.FILE, about=np.frombuffer(about, np.uint8))
    before = (run.path / "run.json").read_text()
    assert main(["resume", "done", "--more", "2", "--wait"]) == 1
    assert "10 trainings wait" in capsys.readouterr().err
    assert (run.path / "run.json").read_text() == before


def test_a_failed_run_that_is_cancelled_in_the_queue_has_failed_as_before(own_run, monkeypatch):
    run = own_run("broken", state="failed", error="The disk was full.", epochs_done=0)
    monkeypatch.setattr(jobs, "_my_turn", lambda path, lock: control.ask(path, control.STOP))
    assert main(["resume", "broken", "--wait"]) == 0
    again = runs.read(run.path)
    assert (again.state, again.reason) == ("failed", "The disk was full.")
    assert "process" not in again.info


def test_a_name_that_was_taken_meanwhile_leaves_no_place_in_the_queue(runs_dir, monkeypatch):
    monkeypatch.setattr(runs, "check_name", lambda name, directory: None)
    (runs_dir / "mine").mkdir()
    (runs_dir / "mine" / "file").touch()
    assert main(["train", "--name", "mine", "--wait"]) == 1
    assert waiting.order(jobs.queue_file()) == []


def test_a_run_that_somebody_else_has_resumed_meanwhile_is_left_alone(own_run, monkeypatch):
    run = own_run("mine", state="failed", error="The disk was full.", epochs_done=0)
    before = continuing.resumed_settings

    def slow(run, more=0):
        settings = before(run, more)
        runs.write_info(run.path, state="running", process=runs.this_process())
        return settings

    monkeypatch.setattr(continuing, "resumed_settings", slow)
    assert main(["resume", "mine"]) == 1
    assert runs.read(run.path).state == "running"


def test_the_dead_do_not_wait(file):
    waiting.join(file, Path("alive"))
    (entry,) = json.loads(file.read_text())
    dead = {"path": "dead", "process": {**runs.this_process(), "started": 1.0}}
    file.write_text(json.dumps([dead, entry]))
    assert names(file) == ["alive"]


@pytest.mark.parametrize("text", ["", "{}", "[3]", '[{"path": 3}]', "[" * 99_999])
def test_a_damaged_queue_is_empty(file, text):
    file.write_text(text)
    assert names(file) == []
    waiting.join(file, Path("a"))
    assert names(file) == ["a"]
