"""A run as a folder: what is read, what is damaged and why, and what a dead process looks like."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fmnist.errors import RunError
from fmnist.files import sha256_of
from fmnist.processes import is_alive
from fmnist.runs.library import create_run, find_run, list_runs
from fmnist.runs.run import FILES, SILENCE, read_run, write_run_info
from fmnist.settings import TrainSettings
from tests.conftest import SEED, ended_process, run_python

SETTINGS = TrainSettings()
RUN_JSON = Path(__file__).parent / "run_json"


def dead_process() -> dict:
    """What `this_process` says in a process that has ended."""
    code = (
        "import json; from fmnist.processes import this_process; print(json.dumps(this_process()))"
    )
    return json.loads(run_python("-c", code, check=True).stdout)


def test_shipped_run_is_whole_and_small():
    run = find_run("seed-cnn")
    assert run.shipped
    assert run.usable
    assert run.state == "finished"
    assert run.settings.epochs == 10
    assert run.settings.network == "cnn"
    # 3 of it are the index of the training images, the map and the like
    assert sum(path.stat().st_size for path in SEED.iterdir()) < 8_000_000
    for name, sha256 in run.files.items():
        assert sha256_of(SEED / name) == sha256


def test_shipped_run_names_no_machine():
    text = (SEED / "run.json").read_text() + (SEED / "history.jsonl").read_text()
    assert "host" not in text
    assert "/root" not in text
    assert "/home" not in text
    assert "process" not in json.loads((SEED / "run.json").read_text())


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
        (rb'{"format": 1, "state": "failed", "error": "half a \ud800"}', "run.json cannot be read"),
    ],
)
def test_damaged_folder_is_listed_with_its_reason(runs_dir, content, reason):
    (runs_dir / "broken").mkdir()
    if content is not None:
        (runs_dir / "broken" / "run.json").write_bytes(content)
    listed = {run.name: run for run in list_runs()}
    assert listed["seed-cnn"].usable
    assert listed["broken"].state == "damaged"
    assert reason in listed["broken"].reason
    assert not listed["broken"].usable
    with pytest.raises(RunError, match="damaged"):
        find_run("broken")


ROBUST = TrainSettings(
    network="robust", batch_size=128, schedule="one-cycle", weight_decay=0.05, stylised=True
)
ACCURATE = TrainSettings(
    network="accurate",
    batch_size=128,
    schedule="one-cycle",
    label_smoothing=0.1,
    mirror=True,
    tta_flip=True,
    shift=2,
    erasing=0.5,
    precision="bfloat16",
)
# what the shipped run.json files of before say, one whenever the settings had become others
GENERATIONS = {
    "1": TrainSettings(),
    "2": replace(ROBUST, epochs=24, learning_rate=0.003),
    "3": replace(ROBUST, epochs=11, learning_rate=0.001, initial="robust-3"),
    "4": replace(ACCURATE, epochs=82, learning_rate=0.01, weight_decay=0.05),
    "5": replace(
        ACCURATE,
        epochs=2,
        optimizer="sgd",
        learning_rate=1e-4,
        weight_decay=0.005,
        tta_shift=True,
        initial="accurate-2,accurate-3",
    ),
}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_run_files_of_before_are_read(runs_dir, generation):
    content = json.loads((RUN_JSON / f"{generation}.json").read_text())
    path = runs_dir / "old"
    path.mkdir()
    for name in content["files"]:
        (path / name).touch()
    (path / "run.json").write_text(json.dumps(content))
    run = read_run(path)
    assert (run.state, run.reason, run.usable) == ("finished", "", True)
    assert run.settings == GENERATIONS[generation]
    assert run.scores == content["scores"]
    assert run.count("train_seconds") == content["train_seconds"]


def test_former_names_are_read_as_todays_and_rewritten(runs_dir, monkeypatch):
    path = create_run("old", TrainSettings(mirror=True))
    text = (path / "run.json").read_text()
    text = text.replace('"mirror"', '"left_for_right"').replace('"created"', '"begun"')
    (path / "run.json").write_text(text)
    assert read_run(path).state == "damaged"
    monkeypatch.setattr(
        "fmnist.runs.run.FORMER_NAMES", {"left_for_right": "mirror", "begun": "created"}
    )
    run = read_run(path)
    assert run.settings == TrainSettings(mirror=True)
    assert run.created
    write_run_info(path, state="running")
    text = (path / "run.json").read_text()
    assert "left_for_right" not in text
    assert "begun" not in text


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
    assert set(run.files) <= set(FILES)


def test_summary_says_whose_epochs_came_before(own_run):
    assert own_run("alone").summary == "Plain CNN · 10 epochs · 90.0% of the test images · your own"
    settings = {**SETTINGS.to_dict(), "initial": "alone"}
    assert "10 more epochs" in own_run("after", settings=settings).summary


def test_a_run_that_ended_before_it_was_exported_again_says_what_its_network_has_had(own_run):
    run = own_run("mine", epochs_done=7, exported_epochs=3)
    assert run.summary == "Plain CNN · 3 epochs · 90.0% of the test images · your own"
    assert own_run("old").exported_epochs == 10  # earlier ones say nothing of it


def test_training_whose_process_died_has_failed(runs_dir):
    path = create_run("dead", SETTINGS)
    write_run_info(path, state="running", process=dead_process())
    run = read_run(path)
    assert run.state == "failed"
    assert "ended without reporting an error" in run.reason
    assert not run.active


def test_training_of_a_living_process_is_at_work(runs_dir):
    path = create_run("alive", SETTINGS)  # names this very process
    assert read_run(path).state == "starting"


def test_reused_process_id_is_not_taken_for_the_training(runs_dir):
    path = create_run("reused", SETTINGS)
    write_run_info(path, state="running", process=ended_process())
    assert read_run(path).state == "failed"


@pytest.mark.parametrize("process", [None, 7, {}, {"pid": "x", "started": 1}, {"pid": -5}])
def test_nonsense_in_place_of_a_process_is_not_alive(process):
    assert not is_alive(process)


def test_training_on_another_machine_is_believed_while_it_writes(runs_dir):
    path = create_run("elsewhere", SETTINGS)
    write_run_info(path, state="running", process={"pid": 1, "started": 0.0, "host": "other"})
    assert read_run(path).state == "running"
    long_ago = time.time() - 2 * SILENCE
    os.utime(path / "run.json", (long_ago, long_ago))
    assert read_run(path).state == "failed"
