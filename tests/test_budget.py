"""The plan for so many minutes: its arithmetic, its promise, and what is measured for it."""

import collections
import dataclasses
import json
import math
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy import stats

from fmnist import budget, machine, pace, promises, recorded, runs
from fmnist.budget import Curve, choose
from fmnist.cli import _parser
from fmnist.errors import BudgetError
from fmnist.pace import Pace, Speed
from fmnist.recipes import RECIPES
from fmnist.recorded import Entry, settings_hash
from fmnist.settings import TrainSettings, arguments
from fmnist.train_command import settings_of
from tests.conftest import ROOT
from tests.test_cli import fmnist

PARAMETERS = 1_000
QUICK, PLAIN = RECIPES["quick"].settings, RECIPES["specification"].settings
PROMISE = {
    "minutes": 3.0,
    "low": 0.9,
    "high": 0.92,
    "network": "quick",
    "epochs": 5,
    "seconds": 150.0,
}


def entry(recipe="quick", epochs=5, seed=0, accuracy=0.9, **other) -> Entry:
    known = settings_hash(RECIPES[recipe].settings)
    values = {"settings": known, "parameters": PARAMETERS, **other}
    return Entry(recipe=recipe, epochs=epochs, seed=seed, accuracy=accuracy, **values)


def machine_of(quick=0.02, plain=0.05, accurate=0.1) -> Pace:
    """A machine that takes 10 s before and 5 s after, 1 s beside an epoch's steps."""
    steps = {"specification": plain, "quick": quick, "accurate": accurate}
    return Pace(
        time.time(), {n: Speed(10.0, step, 1.0, 5.0, PARAMETERS) for n, step in steps.items()}
    )


ENTRIES = [
    entry("quick", 2, 0, 0.87),
    entry("quick", 2, 1, 0.88),
    entry("quick", 5, 0, 0.91),
    entry("quick", 5, 1, 0.912),
    entry("specification", 2, 0, 0.88),
    entry("specification", 3, 0, 0.90),
    entry("specification", 10, 0, 0.92),
]


# --- choosing


def test_best_recipe_and_epochs_within_the_minutes():
    # quick: 215 steps and 5.3 s an epoch; five epochs 41.5 s, with a tenth in hand 45.65
    choice = choose(machine_of(), ENTRIES, 46 / 60)
    best = choice.plans[0]
    assert (best.recipe, best.settings.epochs) == ("quick", 5)
    assert best.seconds == pytest.approx(15 + 5 * (215 * 0.02 + 1))
    assert best.settings == dataclasses.replace(QUICK, epochs=5, seed=2)  # a seed of its own
    assert best.expected == pytest.approx(0.911, abs=2e-4)
    assert best.recorded == 2
    # one that is a little too long with the tenth is one epoch shorter
    assert choose(machine_of(), ENTRIES, 45.6 / 60).plans[0].settings.epochs == 4
    # the plain recipe: 860 steps, 44 s an epoch
    longer = choose(machine_of(), ENTRIES, 10)
    assert [plan.recipe for plan in longer.plans] == ["specification", "quick"]
    assert longer.plans[0].settings.epochs == 10
    assert longer.plans[0].seconds == pytest.approx(15 + 10 * (860 * 0.05 + 1))
    assert longer.left_out == {
        "accurate": "was never recorded; python -m fmnist plan --record --recipes accurate does it."
    }


def test_nothing_is_planned_beyond_what_was_tried():
    plans = choose(machine_of(), ENTRIES, 600).plans
    assert {plan.recipe: plan.settings.epochs for plan in plans} == {
        "specification": 10,
        "quick": 5,
    }


def test_what_does_not_fit_says_what_would():
    choice = choose(machine_of(), ENTRIES, 1)
    assert choice.left_out["specification"] == (
        "needs 1 min 53 s for 2 epochs, the fewest that were recorded."
    )
    slow = machine_of(quick=0.2, plain=0.5)
    with pytest.raises(BudgetError, match=r"into 1 minute .* Quick with 2 epochs, needs 1 min 53"):
        choose(slow, ENTRIES, 1)


@pytest.mark.parametrize("minutes", [0, -1, 0.4, 601, math.inf, math.nan])
def test_minutes_that_cannot_be_planned(minutes):
    with pytest.raises(BudgetError, match=r"Choose 0\.5 to 600 minutes"):
        choose(machine_of(), ENTRIES, minutes)


@pytest.mark.parametrize("other", [{"settings": "0" * 16}, {"parameters": PARAMETERS + 1}])
def test_another_recipe_than_todays_is_refused(other):
    old = [dataclasses.replace(one, **other) for one in ENTRIES if one.recipe == "quick"]
    rest = [one for one in ENTRIES if one.recipe != "quick"]
    choice = choose(machine_of(), old + rest, 10)
    assert [plan.recipe for plan in choice.plans] == ["specification"]
    assert choice.left_out["quick"].startswith("has changed since it was recorded")
    with pytest.raises(BudgetError, match="Quick has changed since it was recorded"):
        choose(machine_of(), old, 10)


def test_hash_is_that_of_what_decides_how_well_is_learnt():
    same = dataclasses.replace(QUICK, epochs=30, seed=9, deterministic=True)
    assert settings_hash(same) == settings_hash(QUICK)
    changed = [{"learning_rate": 0.03}, {"erasing": 0.1}, {"fraction": 0.5}, {"batch_size": 64}]
    hashes = {settings_hash(dataclasses.replace(QUICK, **change)) for change in changed}
    assert len(hashes | {settings_hash(QUICK)}) == 5


def test_processor_without_bfloat16_trains_in_single_precision(monkeypatch):
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: False)
    assert pace.settings_here("accurate").precision == "float32"
    assert settings_hash(pace.settings_here("accurate")) == settings_hash(
        RECIPES["accurate"].settings
    )


# --- the range that is promised


def test_range_is_a_prediction_interval_of_the_logarithm_of_the_errors():
    accuracies = {2: [0.87, 0.88, 0.875], 5: [0.91, 0.913]}
    curve = Curve(
        entry(epochs=e, seed=s, accuracy=a) for e in (2, 5) for s, a in enumerate(accuracies[e])
    )
    logs = {e: [math.log(1 - a) for a in found] for e, found in accuracies.items()}
    free = 3
    pooled = math.sqrt((2 * statistics.variance(logs[2]) + statistics.variance(logs[5])) / free)
    away = stats.t.ppf(0.975, free) * pooled * math.sqrt(1 + 1 / 2)
    mean = statistics.mean(logs[5])
    expected, low, high = curve.at(5)
    assert expected == pytest.approx(1 - math.exp(mean))
    assert low == pytest.approx(1 - math.exp(mean + away))
    assert high == pytest.approx(1 - math.exp(mean - away))


def test_range_holds_a_new_seed_19_times_out_of_20():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2_000):
        errors = 0.1 * np.exp(rng.normal(0, 0.03, 5))
        curve = Curve(entry(seed=s, accuracy=1 - e) for s, e in enumerate(errors[:4]))
        _, low, high = curve.at(5)
        inside += low <= 1 - errors[4] <= high
    assert inside / 2_000 == pytest.approx(0.95, abs=0.015)


def test_between_two_recorded_numbers_of_epochs():
    curve = Curve(ENTRIES[:4])
    assert list(curve.epochs) == [2, 3, 4, 5]
    found = [curve.at(epochs) for epochs in curve.epochs]
    expected = [mean for mean, _, _ in found]
    assert expected == sorted(expected)
    # half of the way from 2 to 5 on a logarithmic scale is the geometric mean of the errors
    errors = [1 - found[0][0], 1 - found[-1][0]]
    share = math.log(3 / 2) / math.log(5 / 2)
    assert 1 - expected[1] == pytest.approx(errors[0] ** (1 - share) * errors[1] ** share)
    # and the range is that of both
    assert found[1][1:] == (found[0][1], found[3][2])
    assert curve.recorded(3) == 4


def test_one_seed_alone_is_promised_with_care():
    _, low, high = Curve([entry(accuracy=0.9)]).at(5)
    assert low < 0.888
    assert high > 0.912
    perfect = Curve([entry(accuracy=1.0), entry(accuracy=0.0, seed=1)]).at(5)
    assert all(0 <= share <= 1 for share in perfect)


# --- what was recorded


def test_recorded_file_is_sound_and_knows_todays_names():
    kept = json.loads(recorded.FILE.read_text())
    entries = recorded.read()
    assert len(entries) == len(kept["entries"]) > 0
    assert {one.recipe for one in entries} <= set(RECIPES)
    assert all(0.7 < one.accuracy < 0.97 for one in entries)
    assert all(values["machine"]["cores"] for values in kept["entries"])


def test_what_ships_as_recorded_is_of_todays_recipes_and_plans_each_where_it_is_best():
    entries = recorded.read()
    for one in entries:
        assert one.settings == settings_hash(RECIPES[one.recipe].settings)
    known = {one.recipe: one.parameters for one in entries}
    # some 23, 8 and 22 s an epoch, as two cores of a server have it
    steps = {"specification": 0.024, "quick": 0.026, "accurate": 0.047}
    speeds = {name: Speed(10.0, step, 2.0, 6.0, known[name]) for name, step in steps.items()}
    pace_here = Pace(time.time(), speeds)
    best = {n: choose(pace_here, entries, n).plans[0].recipe for n in (0.8, 1.5, 5, 10, 60)}
    assert best == {0.8: "quick", 1.5: "quick", 5: "accurate", 10: "accurate", 60: "accurate"}
    # promises rest on how far seeds differ
    for name in ("quick", "accurate"):
        tried = collections.Counter(one.epochs for one in entries if one.recipe == name)
        assert sum(seeds >= 3 for seeds in tried.values()) >= 3


def test_entries_are_added_and_damage_is_left_out(tmp_path):
    file = tmp_path / "recorded.json"
    assert recorded.read(file) == []
    recorded.add([(entry(epochs=5), {"seconds": 3.0})], file)
    recorded.add([(entry(epochs=2), {})], file)
    assert recorded.read(file) == [entry(epochs=2), entry(epochs=5)]
    kept = json.loads(file.read_text())
    assert kept["entries"][1]["seconds"] == 3.0
    good = kept["entries"][0]
    bad = [{**good, "accuracy": "high"}, {**good, "accuracy": 2.0}, {**good, "epochs": 0}, {}, 7]
    bad += [{**good, "seed": True}, {**good, "settings": None}]
    file.write_text(json.dumps({"format": 1, "entries": [*bad, good]}))
    assert recorded.read(file) == [entry(epochs=2)]
    for text in ("", "[]", '{"format": 1}', '{"format": 1, "entries": 3}', "[" * 9_999):
        file.write_text(text)
        assert recorded.read(file) == []


# --- what was measured


def test_measurement_is_believed_for_an_hour_on_the_same_machine(monkeypatch):
    known = machine_of()
    assert pace.read() is None
    pace.write(known)
    assert pace.read() == known
    monkeypatch.setattr(time, "time", lambda: known.measured + 3_601)
    assert pace.read() is None
    monkeypatch.setattr(time, "time", lambda: known.measured - 5)  # somebody set the clock
    assert pace.read() is None
    monkeypatch.undo()


def test_damaged_measurement_is_none():
    pace.write(machine_of())
    (file,) = (runs.runs_directory() / ".cache" / "pace").iterdir()
    good = json.loads(file.read_text())
    for damage in (
        {},
        {"format": 2},
        {"measured": "now"},
        {"speeds": {}},
        {"speeds": 3},
        {"speeds": {name: {} for name in RECIPES}},
        {"speeds": {name: dict.fromkeys(values, -1) for name, values in good["speeds"].items()}},
        {"speeds": {name: dict.fromkeys(values, True) for name, values in good["speeds"].items()}},
    ):
        file.write_text(json.dumps({**good, **damage} if damage else []))
        assert pace.read() is None, damage
    file.write_bytes(b"\xff")
    assert pace.read() is None


def test_plan_on_the_command_line(command):
    known = {one.recipe: one.parameters for one in recorded.read()}
    speeds = {
        name: dataclasses.replace(speed, parameters=known.get(name, 0))
        for name, speed in machine_of().speeds.items()
    }
    pace.write(Pace(time.time(), speeds))
    done = command("plan", "--minutes", "2", "--json")
    assert (done.returncode, done.stderr) == (0, "")  # nothing is measured again
    result = json.loads(done.stdout)
    assert result["minutes"] == 2
    best = result["plans"][0]
    assert best["seconds"] * 1.1 <= 120
    assert 0.7 < best["low"] < best["expected"] < best["high"] < 1
    options = _parser().parse_args(best["command"].removeprefix("python -m fmnist ").split())
    assert settings_of(options) == TrainSettings.from_dict(best["settings"])
    text = command("plan", "--minutes", "2").stdout
    assert text.startswith("The best in 2 minutes on this machine: ")
    assert best["command"] in text
    assert command("plan", "--minutes", "0.1").returncode == 1
    for wrong in (["--minutes", "x"], ["--record", "--recipes", "slow"], ["--epochs", "0"], []):
        assert command("plan", *wrong).returncode == 2


# --- the promise


def run_with(own_run, **info):
    fields = {
        "promise": PROMISE,
        "settings": dataclasses.replace(QUICK, epochs=5).to_dict(),
        "scores": {"validation_accuracy": 0.911},
        "train_seconds": 140.0,
        "epochs_done": 5,
    }
    run = own_run(f"r{time.monotonic_ns()}", **{**fields, **info})
    (run.path / "history.jsonl").write_text(
        '{"event":"finishing","time":1000.0}\n{"event":"end","time":1010.5,"state":"finished"}\n'
    )
    return run


def test_promise_against_result(own_run):
    said = "Promised were 90.0 to 92.0 % of the validation images within 3 minutes"
    kept = promises.kept(run_with(own_run))
    assert kept == f"{said}. It got 91.10%, as promised, in 2 min 30 s."
    worse = run_with(own_run, scores={"validation_accuracy": 0.85}, train_seconds=190)
    assert promises.kept(worse) == (
        f"{said}. It got 85.00%, which is less in 3 min 20 s, 20 s too late."
    )
    better = run_with(own_run, scores={"validation_accuracy": 0.93})
    assert "93.00%, which is more" in promises.kept(better)
    stopped = run_with(own_run, state="stopped", epochs_done=3)
    assert promises.kept(stopped) == f"{said}; it ended after 3 of 5 epochs."
    longer = dataclasses.replace(QUICK, epochs=8, continued=(5,)).to_dict()
    assert "changed on the way" in promises.kept(run_with(own_run, settings=longer))
    brief = run_with(own_run, promise={**PROMISE, "minutes": 1.0})
    assert "within 1 minute. It got" in promises.kept(brief)
    assert promises.kept(own_run("none")) is None
    assert promises.kept(runs.find("seed-cnn")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": "3"},
        {"minutes": -1},
        {"low": 0.95},
        {"high": 1.5},
        {"high": None},
        {"network": "<b>"},
        {"network": []},
        {"epochs": 5.0},
        {"epochs": True},
        {"seconds": 10**400},
        {"more": 1},
    ],
)
def test_damaged_promise_is_none(own_run, change):
    run = own_run(promise={**PROMISE, **change})
    assert promises.promise_of(run) is None
    assert promises.kept(run) is None
    with pytest.raises(ValueError, match="promise"):
        promises.from_text(json.dumps({**PROMISE, **change}))


def test_promise_goes_through_a_command_line():
    assert promises.from_text(promises.to_text(PROMISE)) == PROMISE
    plan = choose(machine_of(), ENTRIES, 3).plans[0]
    made = plan.promise(3.0)
    assert promises.from_text(promises.to_text(made)) == made
    for text in ("", "nan", "[1]", '{"minutes": NaN}', "[" * 9_999):
        with pytest.raises(ValueError, match=r".*"):
            promises.from_text(text)


# --- in real processes

REHEARSE = """
import dataclasses, json, sys
from fmnist import pace, recorded, rehearsal
from fmnist.recipes import RECIPES, Recipe
quick = dataclasses.replace(RECIPES["quick"].settings, fraction=0.02, deterministic=True)
RECIPES["quick"] = Recipe("Quick", "", quick)
file = recorded.Path(sys.argv[1])
said = []
made = [rehearsal.record(["quick"], [2], [0], said.append, file) for _ in range(2)]
pace.STEPPING = 0.1
measured = pace.measure(lambda share, words: said.append(words), ["quick"])
print(json.dumps({"made": made, "said": said, "speed": vars(measured.speeds["quick"])}))
"""


@pytest.mark.slow
def test_rehearsal_reaches_what_a_training_does_and_the_promise_stays_with_the_run(tmp_path):
    command = ["train", "--name", "tiny", "--promise", promises.to_text({**PROMISE, "epochs": 2})]
    settings = dataclasses.replace(QUICK, epochs=2, fraction=0.02, deterministic=True)
    done = fmnist(*command, *arguments(settings))
    assert done.returncode == 0, done.stderr
    run = runs.find("tiny")
    assert promises.promise_of(run) == {**PROMISE, "epochs": 2}
    assert "It got " in promises.kept(run)

    file = tmp_path / "recorded.json"
    done = subprocess.run(
        [sys.executable, "-c", REHEARSE, file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    (found,) = recorded.read(file)
    assert found.accuracy == pytest.approx(run.scores["validation_accuracy"], abs=1e-5)
    assert (found.epochs, found.seed) == (2, 0)
    assert found.parameters == run.info["parameters"] == result["speed"]["parameters"]
    assert result["made"] == [1, 0]  # what is there is not done again
    assert result["said"][-1] == "Quick: saving"
    assert all(value > 0 for value in result["speed"].values())


def test_limits_are_those_of_the_words():
    assert budget.MINUTES == (0.5, 600.0)
    assert TrainSettings() == PLAIN
