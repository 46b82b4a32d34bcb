"""A training that is killed at each of its writes, and again while it goes on.

The commands and the training loop are the real ones, and so is the order in which they write; only
what computes is not there, so that a training takes a fraction of a second. Real processes are
killed in test_launch.py, and at any moment by the long test at the end.
"""

import contextlib
import errno
import json
import os
import shutil
import time

import numpy as np
import psutil
import pytest

from fmnist.cli.main import main
from fmnist.data import Part
from fmnist.errors import RunError
from fmnist.files import append_json_line, read_arrays, save_arrays
from fmnist.inference import classifier
from fmnist.inference.rejection import UNFITTED
from fmnist.jobs import launch
from fmnist.jobs.resume import resumed_settings
from fmnist.runs.checkpoint import CHECKPOINT_FILE, peek_checkpoint
from fmnist.runs.history import follow_progress, read_events
from fmnist.runs.predictions import load_predictions, save_epoch_predictions
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import FILES, INTERRUPTED, read_run
from fmnist.training import export, loop, recorder
from tests.conftest import TRAINED
from tests.jobs.test_launch import PATIENCE, leave_no_process, wait_until

__all__ = ["leave_no_process"]  # a fixture

TRAIN = ["train", "--name", "killed", "--epochs", "2", "--batch-size", "32"]
RESUME = ["resume", "killed"]
MORE = [*RESUME, "--more", "1"]


class Killed(BaseException):
    """In place of a signal that ends the process at once."""


class Disk:
    """Counts what is written into the run's folder and ends the process at one of the writes.

    What is appended is torn there; what is replaced leaves its unfinished file.
    """

    def __init__(self, path):
        self.path, self.last, self.count = path, 0, 0
        self.full = range(0)  # the writes for which there is no room

    def write(self, do, tear=lambda: None):
        self.count += 1
        if self.count in self.full:
            raise OSError(errno.ENOSPC, "No space left on device", str(self.path / "x"))
        if self.last and self.count >= self.last:  # nothing is written after the end
            if self.count == self.last:
                tear()
            raise Killed
        return do()


class Network:
    """Its answers follow from one number, which every batch changes."""

    value = 1

    def count_params(self):
        return 1

    def save(self, part):
        part.write_text(str(self.value))


def predict(value: int, images: np.ndarray) -> np.ndarray:
    """(N, 10) float32: sure of one class."""
    return np.eye(10, dtype=np.float32)[(np.arange(len(images)) + value) % 10]


def fit_epoch(model, images, labels, settings, epoch, after_batch):
    for batch in range(2):
        model.value = (model.value * 7 + epoch + batch) % 1_000_003
        after_batch(batch, {"accuracy": 0.5, "loss": 0.5}, 0.001)
    return {"accuracy": 0.5, "loss": float(model.value)}


def save_checkpoint(path, model, checkpoint):
    about = np.frombuffer(json.dumps(vars(checkpoint)).encode(), np.uint8)
    save_arrays(path / CHECKPOINT_FILE, about=about, value=np.array(model.value))


def load_checkpoint(path, model):
    model.value = int(read_arrays(path / CHECKPOINT_FILE, "value")["value"])
    return peek_checkpoint(path)


def part(count: int) -> Part:
    return Part(np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8))


@pytest.fixture
def disk(runs_dir, monkeypatch) -> Disk:
    """What stands between the training and its folder; computes nothing."""
    disk = Disk(runs_dir / "killed")
    test, validation = part(10_000), part(5_000)
    for name, value in {
        "set_up": lambda settings: None,
        "_on_tensorflow": lambda: True,
        "load": lambda *_: test,
        "load_train_validation": lambda *_: (part(64), validation),
        "build_training_model": lambda settings: Network(),
        "load_checkpoint": load_checkpoint,
        "save_checkpoint": save_checkpoint,
        "augment_epoch": lambda images, labels, *_: (images, labels),
        "fit_epoch": fit_epoch,
        "predict_probabilities": lambda model, images, *_, **__: predict(model.value, images),
        "save_epoch_weights": lambda *_: None,
        "strip_training_layers": lambda model, settings: model,
    }.items():
        monkeypatch.setattr(loop, name, value)
    monkeypatch.setattr(loop.machine, "versions", dict)
    monkeypatch.setattr(loop.machine, "describe_machine", dict)
    monkeypatch.setattr(export, "load", lambda *_: test)
    monkeypatch.setattr(export, "load_validation", lambda *_: validation)
    monkeypatch.setattr(export, "export_litert", lambda model, part: model.save(part))
    monkeypatch.setattr(
        export,
        "Classifier",
        lambda path: lambda images: (predict(int(path.read_text()), images), None),
    )
    monkeypatch.setattr(classifier, "_load", lambda run: None)
    monkeypatch.setattr(classifier, "fit_rejection_policy", lambda *_: UNFITTED)
    for name in ("OFTEN", "SELDOM"):  # as many events however slow the machine is
        monkeypatch.setattr(recorder, name, 1e9)
    # each process is another one
    monkeypatch.setattr("fmnist.runs.run.is_alive", lambda process: False)

    def append(path, value):
        line = json.dumps(value)

        def tear():
            with path.open("a") as file:
                file.write(line[: len(line) // 2])

        disk.write(lambda: append_json_line(path, value), tear)

    def save_predictions(path, epoch, probabilities, *file):
        def tear():
            (name,) = file or ("epochs.u8",)
            with (path / name).open("ab") as out:
                out.write(bytes(1000))

        disk.write(lambda: save_epoch_predictions(path, epoch, probabilities, *file), tear)

    monkeypatch.setattr(recorder, "append_json_line", append)
    monkeypatch.setattr(loop, "save_epoch_predictions", save_predictions)
    replace, unlink = os.replace, os.unlink

    def replaced(part, path):
        inside = os.path.dirname(path) == str(disk.path)
        return disk.write(lambda: replace(part, path)) if inside else replace(part, path)

    def unlinked(path, **how):
        inside = os.path.dirname(path) == str(disk.path)
        if inside and disk.last and disk.count >= disk.last:
            raise Killed
        unlink(path, **how)

    monkeypatch.setattr(os, "replace", replaced)
    monkeypatch.setattr(os, "unlink", unlinked)
    monkeypatch.setattr(os, "fsync", lambda file: None)  # a thousand of them take a minute
    return disk


def run_until(disk: Disk, command: list[str], last: int) -> bool:
    """Run a command until its write `last`, 0 for its end; True where it came to an end."""
    disk.last, disk.count = last, 0
    try:
        assert main(command) == 0
    except Killed:
        return False
    finally:
        disk.last = 0
    return True


def run_on_full(disk: Disk, command: list[str], full: range, capsys) -> str:
    """Run a command that finds no room for the writes `full`; what it says at the end."""
    disk.full, disk.count = full, 0
    capsys.readouterr()
    assert main(command) == 1
    disk.full = range(0)
    return capsys.readouterr().err


def result(disk: Disk) -> dict:
    """Everything that may not depend on where a training was killed."""
    run = read_run(disk.path)
    assert (run.state, run.reason) == ("finished", "")
    assert set(run.files) == set(FILES)
    return {
        "files": run.files,
        "scores": run.scores,
        "epochs": [(e["epoch"], e["loss"], e["val_loss"]) for e in follow_progress(run).epochs],
        "answers": load_predictions(run).tobytes(),
        "kept": [(disk.path / name).read_bytes() for name in ("epochs.u8", "validation.u8")],
        "left over": [file.name for file in disk.path.glob(".part-*[!n]")],  # but .json
    }


def forget(disk: Disk) -> None:
    for file in disk.path.iterdir():
        file.unlink()
    disk.path.rmdir()


def check_kills(disk: Disk, seconds) -> None:
    """Kill a training at each write, and what goes on with it at `seconds(writes)`, 0 for none."""
    assert run_until(disk, TRAIN, 0)
    expected, writes = result(disk), disk.count
    assert expected["left over"] == []
    events = [event["event"] for event in read_events(read_run(disk.path))]
    assert {"start", "progress", "epoch", "finishing", "end"} <= set(events)
    assert writes > 25
    forget(disk)
    for first in range(1, writes + 1):
        for second in seconds(writes):
            assert not run_until(disk, TRAIN, first)
            left = read_run(disk.path).state
            assert left == ("finished" if first == writes else "failed"), first
            for last in (second, 0):
                if read_run(disk.path).state == "failed":
                    run_until(disk, RESUME, last)
            assert result(disk) == expected, (first, second)
            forget(disk)


def test_a_training_that_is_killed_at_any_write_can_be_finished(disk):
    check_kills(disk, lambda writes: (0,))


def test_a_training_that_is_killed_twice_in_a_row_can_be_finished(disk):
    check_kills(disk, lambda writes: (3,))  # while it starts


def test_one_that_is_killed_at_any_write_of_more_epochs_has_them_in_the_end(disk):
    assert run_until(disk, TRAIN, 0)
    with pytest.raises(RunError, match=r"has had all its epochs \(2\)"):
        resumed_settings(read_run(disk.path))
    before = disk.path.rename(disk.path.with_name("before"))
    shutil.copytree(before, disk.path)
    assert run_until(disk, MORE, 0)
    expected, writes = result(disk), disk.count
    assert [number for number, *_ in expected["epochs"]] == [1, 2, 3]
    assert read_run(disk.path).settings.continued == (2,)
    for last in range(1, writes + 1):
        forget(disk)
        shutil.copytree(before, disk.path)
        assert not run_until(disk, MORE, last)
        left = read_run(disk.path)
        if last < writes:  # before the end is recorded
            # before it has begun, it is as if nobody had asked for more
            assert (left.state == "finished") == (last <= 3), last
            assert run_until(disk, MORE if left.settings.epochs == 2 else RESUME, 0)
        assert result(disk) == expected, last


def test_a_full_disk_is_one_sentence_and_the_training_can_be_finished(disk, capsys):
    assert run_until(disk, TRAIN, 0)
    expected, writes = result(disk), disk.count
    said = "The run 'killed' cannot be written because the disk is full; make room and go on."
    for first in range(1, writes + 1):
        forget(disk)
        room = (1, 2, 1000)[first % 3]  # after so many writes there is room again
        words = run_on_full(disk, TRAIN, range(first, first + room), capsys)
        assert words.endswith(f"fmnist: {said}\n")
        assert "Traceback" not in words
        left = read_run(disk.path)
        assert "Traceback" not in read_last_words(left)
        for file in disk.path.glob("*.json*"):
            assert str(disk.path) not in file.read_text()
        assert not list(disk.path.glob(".part-*"))
        if (room, first) != (1000, writes):
            assert left.reason == (said if room < 3 else INTERRUPTED)
            run_until(disk, RESUME, 0)
        assert result(disk) == expected, first


def test_a_run_that_cannot_be_written_is_not_gone_on_with(disk, capsys, monkeypatch):
    assert not run_until(disk, TRAIN, 9)

    def refuse(**where):
        raise PermissionError(errno.EACCES, "Permission denied", f"{where['dir']}/.part-x")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr("fmnist.jobs.lock.write_json", lambda path, value: None)
    capsys.readouterr()
    assert main(RESUME) == 1
    words = capsys.readouterr().err
    said = "fmnist: The run 'killed' cannot be read or written (Permission denied).\n"
    assert words == said


@pytest.mark.long
def test_a_training_that_is_killed_twice_at_any_two_writes_can_be_finished(disk):
    check_kills(disk, lambda writes: range(1, writes + 1))


def kill_after(run, seconds: float) -> str:
    """Kill the run's process then, unless it has ended, and return the state it leaves."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end or not read_run(run.path).active)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(run.info["process"]["pid"]).kill()
    wait_until(lambda: not read_run(run.path).active)
    return read_run(run.path).state


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_real_processes_that_are_killed_at_any_moment_give_the_same_run(trained, part):
    whole, began = read_run(trained.runs / "tiny"), time.monotonic()
    undisturbed = launch.start_training(TRAINED)
    assert kill_after(undisturbed, PATIENCE) == "finished"
    takes = time.monotonic() - began  # on this machine, beside what it does now
    for at, seconds in enumerate(np.linspace(0.2, takes, 200)[part::4]):
        run = launch.start_training(TRAINED, name=f"killed-{at}")
        for wait in (seconds, takes - seconds, PATIENCE):  # killed twice, and then not
            if kill_after(run, wait) == "finished":
                break
            run = launch.resume_training(read_run(run.path))
        again = read_run(run.path)
        assert (again.state, again.reason) == ("finished", ""), seconds
        np.testing.assert_array_equal(load_predictions(again), load_predictions(whole))
        losses = [[e["loss"] for e in follow_progress(one).epochs] for one in (whole, again)]
        assert losses[0] == losses[1], seconds
        assert not list(again.path.glob(".part-*[!n]"))
