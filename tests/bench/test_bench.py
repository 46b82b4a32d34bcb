"""`python -m fmnist bench`: that it measures, and what it makes of its measurements. No timing."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from fmnist import machine
from fmnist.bench import strokes, sweep, tables, train
from fmnist.cli.main import main
from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.jobs import queue
from fmnist.runs.library import runs_directory
from fmnist.settings import TrainSettings
from fmnist.sweeps.plan import Plan
from fmnist.training.recipes import RECIPES
from fmnist.training.steps import augment_epoch
from tests.conftest import ROOT, run_python

BENCH = [sys.executable, "-m", "fmnist", "bench"]
SHORT = ["--fraction", "0.02", "--seeds", "3"]


def bench(*arguments):
    """Run `python -m fmnist bench` and return the finished process."""
    # ten epochs beside other work
    return run_python("-m", "fmnist", "bench", *arguments, timeout=1_200)


def entry(recipe, seed, accuracies, second=10.0):
    """A training whose every epoch takes `second` seconds."""
    epochs = [
        {"epoch": k + 1, "seconds": second * (k + 1), "accuracy": accuracy}
        for k, accuracy in enumerate(accuracies)
    ]
    return {
        "recipe": recipe,
        "seed": seed,
        "epochs": epochs,
        "train_seconds": second * len(epochs),
        "startup_seconds": 4.0,
        "images": 55_000,
        "images_per_second": 55_000 / second,
        "peak_memory_mib": 900.0,
        "parameters": 423_338,
    }


def result(entries):
    return {
        "fraction": 1.0,
        "summary": train.summarise_race(entries),
        "trainings": entries,
        "machine": machine.describe_machine(),
        "versions": machine.versions(),
    }


def test_summary_of_a_race():
    entries = [
        entry("plain", 0, [0.89, 0.905, 0.915]),
        entry("quick", 0, [0.91, 0.93], second=3.0),
        entry("plain", 1, [0.90, 0.895, 0.905]),
        entry("quick", 1, [0.86, 0.92], second=3.0),
    ]
    found = train.summarise_race(entries)
    assert list(found) == ["plain", "quick"]
    plain, quick = found.values()
    # 90 %: after epochs 2 and 1, and falling back later does not count
    assert plain["to"]["90"] == {"reached": 2, "seconds": 15.0, "epochs": 1.5}
    assert plain["to"]["91"] == {"reached": 1, "seconds": None, "epochs": None}
    assert plain["to"]["92"] == {"reached": 0, "seconds": None, "epochs": None}
    assert quick["to"]["90"] == {"reached": 2, "seconds": 4.5, "epochs": 1.5}
    # the last epoch, which need not be the best; sd of two: half their distance times sqrt 2
    assert plain["accuracy"]["mean"] == pytest.approx(0.91)
    assert plain["accuracy"]["sd"] == pytest.approx(0.01 / np.sqrt(2))
    assert plain["accuracy"]["min"] == 0.905
    assert plain["train_seconds"] == 30
    assert (plain["ratio"], quick["ratio"]) == (1, pytest.approx(0.2))


def test_summary_of_what_was_interrupted():
    # plain of seed 1 is missing: the ratio is of the seeds that both have
    entries = [entry("plain", 0, [0.9]), entry("quick", 0, [0.9]), entry("quick", 1, [0.9], 90)]
    assert train.summarise_race(entries)["quick"]["ratio"] == 1
    (quick,) = train.summarise_race(entries[1:2]).values()
    assert (quick["ratio"], quick["accuracy"]["sd"]) == (None, None)


def test_race_in_words():
    entries = [entry("plain", seed, [0.89, 0.9153]) for seed in (0, 1)]
    entries.append({**entry("quick", 0, [0.93], 4), "peak_memory_mib": None})
    text = tables.train_text(result(entries))
    rows = [re.split(r"\s{2,}", line) for line in text.splitlines()]
    cells = {name: values for name, *values in rows}
    assert cells[""] == ["plain", "quick"]
    assert cells["to 90 % of the test images right"] == ["20.0 s, 2.0 epochs", "4.0 s, 1.0 epochs"]
    assert cells["to 92 % of the test images right"] == ["- (0 of 2)", "4.0 s, 1.0 epochs"]
    assert cells["test accuracy"] == ["91.53 ± 0.00 %", "93.00 %"]
    assert cells["training time over plain's"] == ["1.00", "0.20"]
    assert cells["most memory"] == ["900 MiB", "-"]
    assert cells["seeds"] == ["0, 1", "0"]


def test_epochs_are_those_of_a_training():
    images = np.arange(6, dtype=np.uint8)[:, np.newaxis, np.newaxis].repeat(28, 1).repeat(28, 2)
    images[:, :, 0] = 255  # the left edge
    settings = TrainSettings(mirror=True, seed=4)
    shown, labels = augment_epoch(images, np.arange(6), settings, 0)
    assert sorted(labels) == list(range(6))
    for image, label in zip(shown, labels, strict=True):  # a garment keeps its label
        assert image[5, 5] == label
        assert sorted(image[5, [0, 27]]) == [label, 255]
    again = augment_epoch(images, np.arange(6), settings, 0)
    assert np.array_equal(shown, again[0])
    others = augment_epoch(images, np.arange(6), settings, 1)
    assert not np.array_equal(labels, others[1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--recipes", "plain,unknown"],
        ["train", "--recipes", ""],
        ["train", "--seeds", "0,-1"],
        ["train", "--seeds", "0,"],
        ["train", "--seeds", "4294967296"],
        ["train", "--fraction", "0"],
        ["train", "--fraction", "nan"],
        ["infer", "--times", "0"],
        ["strokes", "--seconds", "-1"],
        ["strokes", "--seconds", "nan"],
        ["pages", "--times", "0"],
        ["answers", "--photos", "0"],
    ],
)
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["infer", "--run", "nobody"],
        ["train", "--out", "nowhere/race.json"],
        ["infer", "--out", "."],
    ],
)
def test_failed_work_is_one_sentence(arguments, capsys):
    assert main(["bench", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fmnist: ")


def test_no_race_beside_a_training(tmp_path):
    with queue.hold_machine(tmp_path), pytest.raises(TrainingBusy):
        next(train.race_recipes(["plain"], [0], 1.0, print))


def test_recipe_that_this_processor_cannot_train(monkeypatch):
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: False)
    with pytest.raises(train.SettingsError, match=r"'accurate'.*bfloat16"):
        next(train.race_recipes(["plain", "accurate"], [0], 1.0, print))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunError("The training failed.")])
def test_race_that_ends_early_keeps_what_was_whole(monkeypatch, capsys, tmp_path, error):
    def race(*arguments):
        yield entry("plain", 0, [0.9])
        raise error

    monkeypatch.setattr(train, "race_recipes", race)
    file = tmp_path / "race.json"
    assert main(["bench", "train", "--out", str(file)]) == 1
    shown = capsys.readouterr()
    assert (str(error) or "interrupted.") in shown.err
    assert "trainings that were whole" in shown.err
    assert "90.00 %" in shown.out
    assert json.loads(file.read_text())["trainings"] == [entry("plain", 0, [0.9])]


@pytest.mark.slow
def test_plain_keras_is_the_specifications_network():
    from fmnist.bench import plain_keras
    from fmnist.networks.architectures import NETWORKS

    ours, plain = NETWORKS["cnn"].builder(), plain_keras.build_plain(0)
    assert len(plain.layers) == 10
    assert plain.count_params() == 423_338
    for one, other in zip(ours.layers, plain.layers, strict=True):
        left, right = one.get_config(), other.get_config()
        assert type(one) is type(other)
        assert {**left, "name": ""} == {**right, "name": ""}
    assert plain.optimizer.get_config()["learning_rate"] == pytest.approx(1e-3)
    assert (plain_keras.BATCH_SIZE, plain_keras.EPOCHS) == (64, 10)
    assert TrainSettings().learning_rate == 1e-3


@pytest.mark.long
@pytest.mark.slow
def test_race_measures_plain_keras_and_a_recipe(tmp_path):
    file = tmp_path / "race.json"
    done = bench("train", "--recipes", "plain,quick", *SHORT, "--json", "--out", file)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert json.loads(file.read_text()) == found
    plain, quick = found["trainings"]
    assert [one["recipe"] for one in found["trainings"]] == ["plain", "quick"]
    assert [len(one["epochs"]) for one in (plain, quick)] == [10, RECIPES["quick"].settings.epochs]
    assert (plain["parameters"], quick["parameters"]) == (423_338, 72_554)
    for one in (plain, quick):
        assert (one["seed"], one["images"]) == (3, 1_100)
        times = [epoch["seconds"] for epoch in one["epochs"]]
        assert times == sorted(times)
        assert times[0] > 0
        assert one["train_seconds"] == times[-1]
    assert plain["epochs"][-1]["accuracy"] > 0.6  # of 200 test images
    assert found["summary"] == train.summarise_race(found["trainings"])
    assert found["summary"]["plain"]["ratio"] == 1
    assert "python" in found["versions"]
    assert "plain, seed 3: epoch 10 of 10" in done.stderr
    assert not any(runs_directory().iterdir())  # no runs are left behind


@pytest.mark.slow
def test_ctrl_c_ends_a_race_and_leaves_no_process():
    race = subprocess.Popen(
        [*BENCH, "train", "--recipes", "plain"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "starting" in race.stderr.readline()
        children = wait_for_children(race.pid)
        race.send_signal(signal.SIGINT)
        _, words = race.communicate(timeout=300)
    finally:
        race.kill()
        race.communicate()
    assert race.returncode == 1
    assert words == "fmnist: interrupted.\n"
    assert not any(child.is_running() for child in children)


def test_ctrl_c_while_a_training_is_being_started_leaves_no_process(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    started = []

    def interrupted_start(*arguments, **options):
        started.append(start(*arguments, **options))
        os.kill(os.getpid(), signal.SIGINT)
        return started[0]

    start = subprocess.Popen
    monkeypatch.setattr(train.subprocess, "Popen", interrupted_start)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(train.race_recipes(["plain"], [0], 0.02, lambda words: None))
        assert started[0].returncode is not None
    finally:
        started[0].kill()
        started[0].wait()
    assert signal.getsignal(signal.SIGINT) is before


def wait_for_children(pid):
    deadline = time.monotonic() + 300
    while not (children := psutil.Process(pid).children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return children


@pytest.mark.long
@pytest.mark.slow
def test_infer_measures_keras_litert_and_the_classifier(tmp_path):
    file = tmp_path / "infer.json"
    done = bench("infer", "--run", "seed-cnn", "--times", 2, "--out", file)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    for side in ("keras", "litert", "classifier"):
        assert 0 < found[side]["bare_mib"] < found[side]["memory_mib"]
        for name, way in found[side]["ways"].items():
            assert 0 < way["milliseconds"]["median"] <= way["milliseconds"]["p95"]
            assert way["images_per_second"] > 0
            assert name in done.stdout
    assert len(found["keras"]["ways"]) == 3
    assert {"machine", "versions"} < set(found)


def test_what_is_printed_of_strokes(monkeypatch, capsys):
    phases = [("alone", [300.0, 320.0]), ("beside a training", [310.0, 512.4, 330.0])]
    monkeypatch.setattr(strokes, "measure_strokes", lambda run, seconds: iter(phases))
    assert main(["bench", "strokes", "--seconds", "1"]) == 0
    said = capsys.readouterr().out
    assert "strokes: 2 alone, 3 beside a training" in said
    assert "the slowest: alone 320 ms, beside a training 512 ms" in said
    medians = [line.split()[-4] for line in said.splitlines() if line.endswith(" ms")][:2]
    assert medians == ["310.0", "330.0"]


@pytest.mark.browser
def test_strokes_are_timed_alone_and_beside_a_training(chromium):
    # in a process of its own: Playwright runs once in each; the training lasts for two questions
    code = """
import json
from unittest.mock import Mock
from fmnist.bench import serving, strokes as strokes_bench
start = serving.start_module

def start_instead(module, command, *options, **more):
    if module == "streamlit":
        return start(module, command, *options, **more)
    assert (module, command) == ("fmnist", "train")
    return Mock(poll=Mock(side_effect=[None, None, 0]))

serving.start_module = start_instead
print(json.dumps(dict(strokes_bench.measure_strokes("seed-cnn", 0, 2))))
"""
    done = run_python("-c", code, timeout=1_200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == list(strokes.PHASES)
    alone, beside = found.values()
    assert len(alone) == 2
    assert len(beside) == 3
    assert min(alone + beside) > strokes.CANVAS_WAITS


def test_a_sweep_of_trainings_that_do_nothing_is_timed(command, runs_dir):
    done = command("bench", "sweep", "--counts", "1,3", "--trainings", "0", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {count: one["workers"] for count, one in result["overhead"].items()} == {"1": 1, "3": 3}
    for count, one in result["overhead"].items():
        assert one["each_ms"] == pytest.approx(1000 * one["seconds"] / int(count))
    assert result["scaling"] == {}
    assert "trainings that do nothing" in tables.sweep_text(result)
    assert list(runs_dir.iterdir()) == []  # nobody's own runs


@pytest.mark.long
def test_a_sweep_whose_trainings_fail_has_no_time(runs_dir):
    plan = Plan("failing", networks=("quick",), seeds=(0,))
    with pytest.raises(TrainingFailed, match="A training failed: "):
        sweep._time_sweep(plan, 1, processes=False, train=_failing)


def _failing(*_):
    return "it cannot"


def test_a_sweep_of_real_trainings_is_timed_one_and_two_at_once(runs_dir):
    done = bench("sweep", "--counts", "1", "--trainings", "2", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["scaling"]) == ["1 at once", "2 at once"]
    assert all(one["seconds"] > 1 for one in result["scaling"].values())  # TensorFlow's start alone
    assert "2  real ones" in tables.sweep_text(result)
    assert list(runs_dir.iterdir()) == []
