"""Which runs can go on, from where, and with which settings."""

import dataclasses
import json

import numpy as np
import pytest

from fmnist.errors import RunError, SettingsError
from fmnist.files import append_json_line, save_arrays
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
    write_run_info(stopped(10).path, state="finished")
    run = find_run("after-10")
    assert not resume.can_resume(run)
    with pytest.raises(RunError, match=r"all its epochs \(10\); say how many more"):
        resume.resumed_settings(run)
    expected = dataclasses.replace(run.settings, epochs=15, continued=(10,))
    assert resume.resumed_settings(run, 5) == expected
    with pytest.raises(SettingsError, match="epochs must be"):
        resume.resumed_settings(run, 5_000)


@pytest.mark.parametrize(
    ("left_as", "events", "whole", "unsaved"),
    [
        ("finishing", "finishing", False, True),
        ("finishing", "finishing", True, True),  # without verdicts, or with the files of before
        ("running", "epoch", True, True),
        ("failed", "finishing error", True, True),  # the disk was full
        ("starting", "finishing start", False, True),  # and again before that was made up for
        ("starting", "finishing start", True, True),
        ("running", "finishing start resumed", True, True),
        ("stopped", "finishing start stopped", True, True),
        ("finishing", "finishing finished", True, False),  # after the last word but one
        ("waiting", "finishing finished", True, False),  # killed in the queue, for more epochs
        ("starting", "finishing finished", True, False),
        ("finished", "finishing finished", True, False),
        ("finished", "finishing finished", False, False),  # without LiteRT's form
    ],
)
def test_what_ended_before_it_was_saved_has_only_to_be_saved(
    stopped, left_as, events, whole, unsaved
):
    run = stopped(10)
    (run.path / "history.jsonl").unlink()
    for name in events.split():
        ended = {"event": "end", "state": name} if name in ("finished", "stopped") else {}
        append_json_line(run.path / "history.jsonl", {"event": name, "epoch": 10, **ended})
    files = run.files if whole else {"model.keras": run.files["model.keras"]}
    write_run_info(run.path, state=left_as, process=ended_process(), files=files)
    left = read_run(run.path)
    assert not left.active
    assert left.state == ("finished" if not unsaved else left_as if "ed" in left_as else "failed")
    assert resume.can_resume(left) == unsaved
    if unsaved:
        assert resume.resumed_settings(left) == run.settings
    assert resume.resumed_settings(left, 2).epochs == 12


@pytest.mark.parametrize(
    "last", ['{"event":"e', "[]", '{"event":"end"}', '{"event":"end","state":1}']
)
def test_a_damaged_last_word_is_none(stopped, last):
    run = stopped(10)
    (run.path / "history.jsonl").write_text(f"{last}\n")
    write_run_info(run.path, state="finishing", process=ended_process())
    left = read_run(run.path)
    assert (left.state, resume.can_resume(left)) == ("failed", True)
    assert "without reporting an error" in left.reason


def test_why_a_training_failed_is_known_where_only_its_history_could_be_written(stopped):
    run = stopped(4)
    event = {"event": "error", "message": "The disk is full.", "words": "Traceback"}
    append_json_line(run.path / "history.jsonl", event)
    write_run_info(run.path, state="running", process=ended_process())
    left = read_run(run.path)
    assert (left.state, left.reason) == ("failed", "The disk is full.")


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
    endless = b'{"epoch": 1e999, "seconds": 1, "last": {}}'
    save_arrays(run.path / CHECKPOINT_FILE, about=np.frombuffer(endless, np.uint8))
    with pytest.raises(RunError, match="checkpoint of 'torn' is damaged"):
        resume.resumed_settings(run)
    run = own_run("odd")
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        resume.resumed_settings(read_run(run.path))


def test_a_run_that_never_ended_an_epoch_begins_again(own_run):
    run = own_run("young", epochs_done=0, state="failed", error="died")
    assert resume.resumed_settings(run) == run.settings
