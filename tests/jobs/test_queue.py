"""The queue: an order that all processes share, without those that have died."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fmnist.cli import train
from fmnist.cli.main import main
from fmnist.errors import NameTaken, TrainingBusy
from fmnist.jobs import lock, queue, resume
from fmnist.processes import this_process
from fmnist.runs import control
from fmnist.runs.checkpoint import CHECKPOINT_FILE
from fmnist.runs.history import read_events
from fmnist.runs.library import create_run
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings, arguments
from tests.conftest import ROOT, ended_process, hold
from tests.jobs.test_launch import BRIEF, PATIENCE


@pytest.fixture
def file():
    """The queue's file, in a folder of this test's own."""
    return lock.machine_file(queue.FILE)


def names():
    return [path.name for path in queue.list_queue()]


def test_order_is_of_joining_and_can_be_changed():
    for name in "abc":
        queue.join_queue(Path(name))
    queue.join_queue(Path("z"), front=True)
    assert names() == ["z", "a", "b", "c"]
    queue.move_in_queue(Path("c"), -2)
    assert names() == ["z", "c", "a", "b"]
    queue.move_in_queue(Path("z"), 99)
    assert names() == ["c", "a", "b", "z"]
    queue.move_in_queue(Path("z"), -99)
    queue.move_in_queue(Path("nobody"), 1)
    assert names() == ["z", "c", "a", "b"]
    queue.leave_queue(Path("c"))
    queue.leave_queue(Path("nobody"))
    assert names() == ["z", "a", "b"]


def test_a_sweep_that_waits_is_not_overtaken_and_is_passed_as_runs_are_moved(runs_dir):
    sweep = runs_dir / ".sweeps" / "depth"
    for path in (Path("a"), sweep, Path("c")):
        queue.join_queue(path)
    queue.move_in_queue(Path("c"), -1)
    assert names() == ["c", "a", "depth"]
    queue.move_in_queue(Path("c"), 1)
    assert names() == ["a", "c", "depth"]
    for path in (Path("a"), Path("c")):
        queue.leave_queue(path)
    said = "The sweep 'depth' waits for this machine, which runs one training at a time."
    with pytest.raises(TrainingBusy, match=said), queue.hold_machine(runs_dir / "new"):
        raise AssertionError("it has overtaken the sweep")


def test_too_many_are_refused_with_what_would_work():
    for number in range(queue.MAX_WAITING):
        queue.join_queue(Path(str(number)))
    with pytest.raises(TrainingBusy, match="10 trainings wait for this machine already; cancel"):
        queue.join_queue(Path("more"))
    assert len(names()) == queue.MAX_WAITING


def test_a_run_waits_once():
    queue.join_queue(Path("runs/a"))
    with pytest.raises(NameTaken, match="'a' waits for this machine already"):
        queue.join_queue(Path("runs/a"), front=True)
    assert names() == ["a"]


def test_who_is_moved_back_while_taking_the_machine_waits_on(monkeypatch):
    take_lock, tried = queue._take_lock, []

    def take_moved(path, held):
        tried.append(path.name)
        if len(tried) == 1:  # somebody lets the other one go first just now
            queue.move_in_queue(path, 1)
        return take_lock(path, held)

    def wait():
        assert names() == ["b", "a"]
        with lock.hold_lock(Path("b")):  # the machine is free
            queue.leave_queue(Path("b"))

    monkeypatch.setattr(queue, "_take_lock", take_moved)
    queue.join_queue(Path("b"))
    with queue.hold_machine(Path("a"), wait, front=True):
        assert names() == []
    assert tried == ["a", "a"]


@pytest.mark.parametrize("how", [[], ["--wait"]])
def test_all_who_start_in_one_second_get_a_run_of_their_own(runs_dir, monkeypatch, how):
    """As many processes would: each thread takes the first name that it believes to be free."""
    together = threading.Barrier(6, timeout=60)
    monkeypatch.setattr(train, "new_run_name", lambda network: f"{network}-20260101-000000")
    check = train.check_run_name

    def check_together(name, directory):
        check(name, directory)
        if name.endswith("000000"):
            together.wait()

    monkeypatch.setattr(train, "check_run_name", check_together)

    def run(path, settings, options, begin, *, waits, front=False):
        if waits:
            queue.join_queue(path)
        begin()
        return 0

    monkeypatch.setattr(train, "_run", run)
    with ThreadPoolExecutor(6) as pool:
        starts = [pool.submit(main, ["train", "--network", "quick", *how]) for _ in range(6)]
        assert [start.result() for start in starts] == [0] * 6
    numbers = ["", *(f"-{number}" for number in range(2, 7))]
    expected = {f"quick-20260101-000000{number}" for number in numbers}
    assert {path.name for path in runs_dir.iterdir()} == expected
    assert all(read_run(path).active for path in runs_dir.iterdir())


@pytest.mark.long
def test_real_processes_that_start_in_one_second_train_one_after_another(runs_dir):
    command = [sys.executable, "-m", "fmnist", "train", *arguments(BRIEF)]
    for _ in range(10):
        before = set(runs_dir.iterdir())
        processes = [
            subprocess.Popen(
                [*command, *how],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for how in [["--wait"], [], [], ["--wait"], [], ["--wait"]]
        ]
        words = [process.communicate(timeout=PATIENCE)[1] for process in processes]
        ended = [process.returncode for process in processes]
        refused = [text for text, status in zip(words, ended, strict=True) if status]
        assert all(
            "one training at a time" in text and "Traceback" not in text for text in refused
        ), words
        runs = [read_run(path) for path in set(runs_dir.iterdir()) - before]
        assert [run.state for run in runs] == ["finished"] * ended.count(0)
        assert 3 <= len(runs) <= 4  # those that wait, and at most one that came before them
        events = sorted((read_events(run) for run in runs), key=lambda events: events[0]["time"])
        for first, then in itertools.pairwise(events):
            assert first[-1]["time"] <= then[0]["time"]


def test_a_name_that_somebody_chose_is_not_changed(own_run, capsys):
    own_run("mine")
    assert main(["train", "--name", "mine"]) == 1
    assert "There is already a run 'mine'; choose another name" in capsys.readouterr().err


@pytest.fixture
def full(runs_dir):
    """A machine that trains and for which as many wait as may."""
    other = create_run("other", TrainSettings())
    hold(other)
    for number in range(queue.MAX_WAITING):
        queue.join_queue(create_run(f"w{number}", TrainSettings(), state="waiting"))
    return other


@pytest.mark.parametrize("how", ["--wait", "--stop-other"])
def test_where_the_queue_is_full_nothing_is_begun_or_stopped(how, full, runs_dir, capsys):
    assert main(["train", "--name", "mine", how]) == 1
    assert "10 trainings wait for this machine already" in capsys.readouterr().err
    assert not (runs_dir / "mine").exists()
    assert not control.has_request(full, control.STOP)


def test_a_sweep_is_not_stopped_for_another_training(runs_dir, capsys):
    hold(runs_dir / ".sweeps" / "depth")
    assert main(["train", "--name", "mine", "--stop-other"]) == 1
    assert "The sweep 'depth' is training on this machine" in capsys.readouterr().err
    assert not (runs_dir / "mine").exists()


def test_a_run_whose_folder_is_deleted_while_it_waits_is_one_sentence(
    monkeypatch, runs_dir, capsys
):
    hold(create_run("other", TrainSettings()))
    enter = queue._take_turn

    def delete(path, held):
        shutil.rmtree(path)
        return enter(path, held)

    monkeypatch.setattr(queue, "_take_turn", delete)
    assert main(["train", "--name", "mine", "--wait"]) == 1
    said = "fmnist: The run 'mine' is gone; somebody has deleted its folder.\n"
    assert capsys.readouterr().err == said


def test_where_the_queue_is_full_a_run_that_would_go_on_stays_as_it_was(full, own_run, capsys):
    run = own_run("done")
    about = json.dumps({"epoch": 10, "seconds": 10.0, "last": {}}).encode()
    np.savez(run.path / CHECKPOINT_FILE, about=np.frombuffer(about, np.uint8))
    before = (run.path / "run.json").read_text()
    assert main(["resume", "done", "--more", "2", "--wait"]) == 1
    assert "10 trainings wait" in capsys.readouterr().err
    assert (run.path / "run.json").read_text() == before


def test_a_failed_run_that_is_cancelled_in_the_queue_has_failed_as_before(own_run, monkeypatch):
    run = own_run("broken", state="failed", error="The disk was full.", epochs_done=0)
    monkeypatch.setattr(
        queue, "_take_turn", lambda path, held: control.post_request(path, control.STOP)
    )
    assert main(["resume", "broken", "--wait"]) == 0
    again = read_run(run.path)
    assert (again.state, again.reason) == ("failed", "The disk was full.")
    assert "process" not in again.info


def test_a_name_that_was_taken_meanwhile_leaves_no_place_in_the_queue(runs_dir, monkeypatch):
    monkeypatch.setattr(train, "check_run_name", lambda name, directory: None)
    (runs_dir / "mine").mkdir()
    (runs_dir / "mine" / "file").touch()
    assert main(["train", "--name", "mine", "--wait"]) == 1
    assert queue.list_queue() == []


def test_a_run_that_somebody_else_has_resumed_meanwhile_is_left_alone(own_run, monkeypatch):
    run = own_run("mine", state="failed", error="The disk was full.", epochs_done=0)
    before = resume.resumed_settings

    def slow(run, more=0):
        settings = before(run, more)
        write_run_info(run.path, state="running", process=this_process())
        return settings

    monkeypatch.setattr(resume, "resumed_settings", slow)
    assert main(["resume", "mine"]) == 1
    assert read_run(run.path).state == "running"


def test_the_dead_do_not_wait(file):
    queue.join_queue(Path("alive"))
    (entry,) = json.loads(file.read_text())
    dead = {"path": "dead", "process": ended_process()}
    file.write_text(json.dumps([dead, entry]))
    assert names() == ["alive"]


@pytest.mark.parametrize("text", ["", "{}", "[3]", '[{"path": 3}]', "[" * 99_999])
def test_a_damaged_queue_is_empty(file, text):
    file.write_text(text)
    assert names() == []
    queue.join_queue(Path("a"))
    assert names() == ["a"]
