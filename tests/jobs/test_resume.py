"""Which runs can go on, from where, and with which settings."""

import dataclasses
import json

import numpy as np
import pytest

from fmnist.errors import RunError, SettingsError
from fmnist.jobs import resume
from fmnist.processes import this_process
from fmnist.runs.checkpoint import CHECKPOINT_FILE
from fmnist.runs.library import find_run
from fmnist.runs.run import read_run, write_run_info
from tests.conftest import ended_process


@pytest.fixture
def stopped(own_run):
    """A function that makes a run with a checkpoint after so many of its ten epochs."""

    def make(epoch: int):
        run = own_run(f"after-{epoch}", epochs_done=epoch, state="stopped")
        about = json.dumps({"epoch": epoch, "seconds": 12.5, "last": {"epoch": epoch}}).encode()
        np.savez(run.path / CHECKPOINT_FILE, about=np.frombuffer(about, np.uint8))
        return read_run(run.path)

    return make


def test_the_rest_of_the_plan_has_the_same_settings(stopped):
    run = stopped(4)
    assert resume.can_resume(run)
    assert resume.resumed_settings(run) == run.settings
    with pytest.raises(RunError, match="had 4 of its 10 epochs; let it have the rest first"):
        resume.resumed_settings(run, 5)


def test_more_epochs_than_planned_are_asked_for(stopped):
    run = stopped(10)
    assert not resume.can_resume(run)
    with pytest.raises(RunError, match="all its 10 epochs; say how many more"):
        resume.resumed_settings(run)
    expected = dataclasses.replace(run.settings, epochs=15, continued=(10,))
    assert resume.resumed_settings(run, 5) == expected
    with pytest.raises(SettingsError, match="epochs must be"):
        resume.resumed_settings(run, 5_000)


@pytest.mark.parametrize(
    ("left_as", "whole", "unsaved"),
    [
        ("finishing", False, True),
        ("finishing", True, True),  # with the files of before it was given more epochs
        ("running", True, True),
        ("failed", True, True),  # the disk was full
        ("starting", False, True),  # and again before that was made up for
        ("stopped", False, True),
        ("waiting", True, False),  # killed in the queue, for more epochs
        ("starting", True, False),
        ("stopped", True, False),
        ("finished", True, False),
        ("finished", False, False),  # by a backend that cannot write LiteRT's form
    ],
)
def test_what_ended_before_it_was_saved_has_only_to_be_saved(stopped, left_as, whole, unsaved):
    run = stopped(10)
    files = run.files if whole else {"model.keras": run.files["model.keras"]}
    dead = ended_process()
    write_run_info(run.path, state=left_as, process=dead, files=files)
    left = read_run(run.path)
    assert not left.active
    assert resume.can_resume(left) == unsaved
    if unsaved:
        assert resume.resumed_settings(left) == run.settings
    assert resume.resumed_settings(left, 2).epochs == 12


def test_what_cannot_go_on_says_why(own_run, runs_dir):
    with pytest.raises(RunError, match=r"ships with the project .*--initial seed-cnn"):
        resume.resumed_settings(find_run("seed-cnn"))
    with pytest.raises(RunError, match="has no checkpoint"):
        resume.resumed_settings(own_run("old"))
    run = own_run("busy", state="running", process=this_process())
    with pytest.raises(RunError, match="training already"):
        resume.resumed_settings(run)
    run = own_run("torn", epochs_done=3)
    (run.path / CHECKPOINT_FILE).write_bytes(b"PK torn")
    with pytest.raises(RunError, match="checkpoint of 'torn' is damaged"):
        resume.resumed_settings(run)
    run = own_run("odd")
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        resume.resumed_settings(read_run(run.path))


def test_a_run_that_never_ended_an_epoch_begins_again(own_run):
    run = own_run("young", epochs_done=0, state="failed", error="died")
    assert resume.resumed_settings(run) == run.settings
