"""Runs as folders: what is read, what is damaged and why, and what a dead process looks like."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from fmnist import classifier, runs, storage
from fmnist.errors import RunError
from fmnist.settings import TrainSettings
from tests.conftest import SEED

SETTINGS = TrainSettings()


def dead_process() -> dict:
    """What `this_process` says in a process that has ended."""
    code = "import json; from fmnist.runs import this_process; print(json.dumps(this_process()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    return json.loads(out)


def shipped_names() -> list[str]:
    """The folders that ship, in order: the one that pages show at first leads."""
    names = sorted(path.name for path in runs.SHIPPED_DIR.iterdir())
    return [runs.DEFAULT_RUN, *(name for name in names if name != runs.DEFAULT_RUN)]


def test_shipped_run_is_whole_and_small():
    run = runs.find("seed-cnn")
    assert run.shipped
    assert run.usable
    assert run.state == "finished"
    assert run.settings.epochs == 10
    assert run.settings.network == "cnn"
    assert sum(path.stat().st_size for path in SEED.iterdir()) < 6_000_000
    for name, sha256 in run.files.items():
        assert storage.sha256_of(SEED / name) == sha256


def test_shipped_run_names_no_machine():
    text = (SEED / "run.json").read_text() + (SEED / "history.jsonl").read_text()
    assert "host" not in text
    assert "/root" not in text
    assert "/home" not in text
    assert "process" not in json.loads((SEED / "run.json").read_text())


def test_listing_has_shipped_first_then_newest(own_run):
    own_run("older", created="2026-01-01T00:00:00+00:00")
    own_run("newer", created="2026-02-01T00:00:00+00:00")
    names = [run.name for run in runs.list_runs()]
    assert names == [*shipped_names(), "newer", "older"]


def test_own_run_cannot_shadow_a_shipped_one(runs_dir):
    with pytest.raises(RunError, match="ships with the project"):
        runs.create("seed-cnn", SETTINGS)
    (runs_dir / "seed-cnn").mkdir()
    assert all(run.shipped for run in runs.list_runs())
    assert [run.name for run in runs.list_runs()] == shipped_names()


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", ".hidden", "x" * 65, "a/b", "-x"])
def test_names_that_are_no_folder_names_are_refused(name, runs_dir):
    with pytest.raises(RunError, match="cannot be a run's name"):
        runs.create(name, SETTINGS)
    with pytest.raises(RunError, match="no run"):
        runs.find(name)
    assert list(runs_dir.iterdir()) == []


def test_name_taken(own_run):
    own_run("mine")
    with pytest.raises(RunError, match="already a run 'mine'"):
        runs.create("mine", SETTINGS)


def test_new_names_do_not_collide(runs_dir):
    first = runs.new_name("cnn")
    (runs_dir / first).mkdir()
    assert runs.new_name("cnn") != first


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "run.json is missing"),
        (b"", "run.json cannot be read"),
        (b"\xff\xfe", "run.json cannot be read"),
        (b"[]", "not of format 1"),
        (b'{"format": 2}', "not of format 1"),
        (b'{"format": 1, "state": "dreaming"}', "unknown state 'dreaming'"),
        (b'{"format": 1, "state": ["finished"]}', "unknown state"),
        (b'{"format": 1, "state": "finished"}', "settings"),
        (b'{"format": 1, "state": "finished", "settings": {"epochs": -3}}', "epochs must be"),
        (
            b'{"format": 1, "state": "finished", "settings": {}, "files": {"model.tflite": "0"}}',
            "model.tflite is missing",
        ),
        (b"[" * 200_000, "run.json cannot be read"),
    ],
)
def test_damaged_folder_is_listed_with_its_reason(runs_dir, content, reason):
    (runs_dir / "broken").mkdir()
    if content is not None:
        (runs_dir / "broken" / "run.json").write_bytes(content)
    listed = {run.name: run for run in runs.list_runs()}
    assert listed["seed-cnn"].usable
    assert listed["broken"].state == "damaged"
    assert reason in listed["broken"].reason
    assert not listed["broken"].usable
    with pytest.raises(RunError, match="damaged"):
        runs.find("broken")


ODD = {  # entries of run.json that a page must survive; tests/test_pages.py shows them all
    "scores-none": {"scores": []},
    "scores-words": {"scores": {"test_accuracy": "high", "test_loss": None}},
    "scores-huge": {"scores": {"test_accuracy": 10**400}},
    "counts": {"train_size": 2**70, "epochs_done": "ten", "train_seconds": [1]},
    "files-list": {"files": ["model.tflite"]},
    "files-long": {"files": {"x" * 300: "0"}},
    "files-outside": {"files": {"../../run.json": "0"}},
    "created": {"created": {"when": 1}},
    "error": {"error": ["a", 1]},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_entries_count_as_none(own_run, name):
    run = own_run(name, **ODD[name])
    assert run.state == "finished"
    assert all(isinstance(score, float) for score in run.scores.values())
    assert run.count("train_size") is None
    assert run.summary
    assert set(run.files) <= set(runs.FILES)


def test_summary_says_whose_epochs_came_before(own_run):
    assert own_run("alone").summary == "Plain CNN · 10 epochs · 90.0% of the test images · your own"
    settings = {**SETTINGS.to_dict(), "initial": "alone"}
    assert "10 more epochs" in own_run("after", settings=settings).summary


def test_folder_whose_name_is_no_text_is_listed(runs_dir):
    os.mkdir(os.fsencode(runs_dir) + b"/bad\xff")
    assert runs.list_runs()[-1].name == "bad\ufffd"


def test_training_whose_process_died_has_failed(runs_dir):
    path = runs.create("dead", SETTINGS)
    runs.write_info(path, state="running", process=dead_process())
    run = runs.read(path)
    assert run.state == "failed"
    assert "died" in run.reason
    assert not run.active


def test_training_of_a_living_process_is_at_work(runs_dir):
    path = runs.create("alive", SETTINGS)  # names this very process
    assert runs.read(path).state == "starting"


def test_reused_process_id_is_not_taken_for_the_training(runs_dir):
    path = runs.create("reused", SETTINGS)
    process = {**runs.this_process(), "started": runs.this_process()["started"] - 3600}
    runs.write_info(path, state="running", process=process)
    assert runs.read(path).state == "failed"


@pytest.mark.parametrize("process", [None, 7, {}, {"pid": "x", "started": 1}, {"pid": -5}])
def test_nonsense_in_place_of_a_process_is_not_alive(process):
    assert not runs.alive(process)


def test_training_on_another_machine_is_believed_while_it_writes(runs_dir):
    path = runs.create("elsewhere", SETTINGS)
    runs.write_info(path, state="running", process={"pid": 1, "started": 0.0, "host": "other"})
    assert runs.read(path).state == "running"
    long_ago = time.time() - 2 * runs.SILENCE
    os.utime(path / "run.json", (long_ago, long_ago))
    assert runs.read(path).state == "failed"


def test_a_training_begins_with_a_run_of_its_own_network(own_run):
    run = own_run()
    assert [r.path for r in runs.find_initial(TrainSettings(initial="mine"))] == [run.path]
    both = runs.find_initial(TrainSettings(initial="mine, seed-cnn"))
    assert [r.name for r in both] == ["mine", "seed-cnn"]
    with pytest.raises(RunError, match="There is no run 'nobody'"):
        runs.find_initial(TrainSettings(initial="nobody"))
    with pytest.raises(RunError, match="There is no run ''"):
        runs.find_initial(TrainSettings(initial="mine,"))
    with pytest.raises(RunError, match="'mine' is of the network 'cnn'; a training of 'robust'"):
        runs.find_initial(TrainSettings(initial="mine", network="robust"))


def test_a_training_cannot_validate_with_what_its_first_weights_have_learnt(own_run):
    own_run(settings=TrainSettings(holdout=False).to_dict())
    with pytest.raises(RunError, match="'mine' has learnt from all 60,000"):
        runs.find_initial(TrainSettings(initial="mine"))
    with pytest.raises(RunError, match="'mine' has learnt from all 60,000"):
        runs.find_initial(TrainSettings(initial="seed-cnn,mine"))
    (found,) = runs.find_initial(TrainSettings(initial="mine", holdout=False))
    assert found.name == "mine"


@pytest.mark.parametrize("change", [lambda file: file.unlink(), lambda file: file.write_text("x")])
def test_a_training_cannot_begin_with_a_missing_or_changed_network(own_run, change):
    change(own_run().path / "model.keras")
    with pytest.raises(RunError, match="'mine'"):
        runs.find_initial(TrainSettings(initial="mine"))


def test_predictions_come_back(own_run):
    probabilities = np.full((10_000, 10), 0.1, np.float32)
    np.testing.assert_array_equal(
        runs.load_predictions(own_run(probabilities=probabilities)), probabilities
    )


@pytest.mark.parametrize(
    "array",
    [
        np.full((9_999, 10), 0.1),
        np.full((10_000, 10), 0.2),
        np.full((10_000, 10), np.nan),
        np.tile(np.array([2.0, -1.0] + [0.0] * 8), (10_000, 1)),
    ],
)
def test_predictions_that_are_none_are_refused(own_run, array):
    with pytest.raises(RunError, match="damaged"):
        runs.load_predictions(own_run(probabilities=array))


def recorded(run):
    """The run with the hash of whatever its test.npz is now."""
    sha256 = storage.sha256_of(run.path / "test.npz")
    runs.write_info(run.path, files={**run.files, "test.npz": sha256})
    return runs.read(run.path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"nonsense"])
def test_damaged_predictions_are_refused(own_run, content):
    run = own_run()
    (run.path / "test.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"test\.npz was changed"):
        runs.load_predictions(run)
    with pytest.raises(RunError, match=r"damaged: test\.npz \("):
        runs.load_predictions(recorded(run))


def test_pickles_are_not_read(own_run):
    run = own_run()
    np.savez(run.path / "test.npz", probabilities=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match=r"damaged: test\.npz \(Object arrays"):
        runs.load_predictions(recorded(run))


def test_a_run_that_is_gone_is_one_sentence(own_run):
    run = own_run()
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match=r"gone or cannot be read: test\.npz"):
        runs.load_predictions(run)
    with pytest.raises(RunError, match=r"gone or cannot be read: model\.tflite"):
        classifier.load_classifier(run)
