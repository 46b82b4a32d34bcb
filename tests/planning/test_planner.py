"""The best training within a time limit: its arithmetic, its times, its forecast, its record."""

import dataclasses
import itertools
import json
import math
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from fmnist import machine
from fmnist.cli.main import _parser
from fmnist.cli.train import settings_of
from fmnist.errors import PlanError, SettingsError, TrainingFailed
from fmnist.planning import recorded_trainings
from fmnist.planning.planner import LearningCurve, choose_plans, plan_here
from fmnist.planning.recorded_trainings import (
    Duration,
    Record,
    Result,
    load_records,
    local_settings,
)
from fmnist.planning.timing import Timing, estimate_timings
from fmnist.runs.forecast import (
    Forecast,
    compare_forecast,
    load_forecast,
    parse_forecast,
    total_seconds,
)
from fmnist.runs.library import create_run, find_run
from fmnist.runs.run import Run, read_run, write_run_info
from fmnist.settings import TrainSettings
from fmnist.training.recipes import RECIPES, Recipe
from tests.conftest import TRAINED, TRAINED_FORECAST

QUICK, PLAIN = RECIPES["quick"].settings, RECIPES["specification"].settings
ELSEWHERE = {"processor": "Abacus", "cores": 3}
FORECAST = {
    "minutes": 3.0,
    "low": 0.9,
    "high": 0.92,
    "seconds": 150.0,
    "epochs": 5,
    "network": "quick",
}


def recorded(name, results, epoch, overhead) -> Record:
    settings = local_settings(name)
    durations = {settings.precision: Duration(epoch, overhead)}
    return Record(settings, 1_000, ELSEWHERE, durations, [Result(*one) for one in results])


RECORDS = {
    "specification": recorded(
        "specification", [(2, 0, 0.88), (3, 0, 0.90), (10, 0, 0.92)], 40.0, 20.0
    ),
    "quick": recorded(
        "quick", [(2, 0, 0.87), (2, 1, 0.88), (5, 0, 0.91), (5, 1, 0.912)], 5.0, 15.0
    ),
}
TIMINGS = {name: Timing(r.durations["float32"], 0.1, "known") for name, r in RECORDS.items()}


# --- choosing


def test_best_recipe_and_epochs_within_the_minutes():
    # quick: five epochs take 15 + 5 * 5 = 40 s, with a tenth 44
    plans, _ = choose_plans(RECORDS, TIMINGS, 44.1 / 60)
    (best,) = plans
    assert (best.recipe, best.forecast.seconds) == ("quick", 40.0)
    assert best.at_most == pytest.approx(44.0)
    assert best.settings == dataclasses.replace(QUICK, epochs=5, seed=2)  # a seed of its own
    # mean of the errors' logarithms: sqrt(0.09 * 0.088) = 0.08899
    assert best.expected == pytest.approx(0.911006, abs=1e-6)
    assert (best.recorded, best.basis) == (2, "known")
    assert best.forecast.minutes == 44.1 / 60
    # one that is a little too long with the tenth is one epoch shorter
    assert choose_plans(RECORDS, TIMINGS, 43.9 / 60)[0][0].settings.epochs == 4
    longer, left_out = choose_plans(RECORDS, TIMINGS, 10)
    assert [plan.recipe for plan in longer] == ["specification", "quick"]
    assert (longer[0].settings.epochs, longer[0].forecast.seconds) == (10, 420.0)
    assert left_out == {
        "accurate": "was never recorded; python -m fmnist plan --record --recipes accurate does it."
    }


def test_nothing_is_planned_beyond_what_was_tried():
    plans, _ = choose_plans(RECORDS, TIMINGS, 600)
    assert {plan.recipe: plan.settings.epochs for plan in plans} == {
        "specification": 10,
        "quick": 5,
    }


def test_what_does_not_fit_says_what_would():
    needs = "needs 1 min 50 s for 2 epochs, the fewest that were recorded."  # 1.1 * (20 + 2 * 40)
    assert choose_plans(RECORDS, TIMINGS, 1)[1]["specification"] == needs
    with pytest.raises(PlanError) as error:
        choose_plans({"specification": RECORDS["specification"]}, TIMINGS, 1)
    assert str(error.value).startswith(
        f"Nothing that was recorded fits into 1 minute on this machine. Specification {needs} "
        "Quick was never recorded"
    )


@pytest.mark.parametrize("minutes", [0, -1, 0.4, 601, math.inf, math.nan])
def test_minutes_that_cannot_be_planned(minutes):
    with pytest.raises(PlanError, match=r"Choose 0\.5 to 600 minutes"):
        choose_plans(RECORDS, TIMINGS, minutes)


def test_a_recipe_that_has_changed_or_was_not_timed_is_left_out():
    changed = dataclasses.replace(QUICK, learning_rate=0.04)
    old = {**RECORDS, "quick": dataclasses.replace(RECORDS["quick"], settings=changed)}
    plans, left_out = choose_plans(old, TIMINGS, 10)
    assert [plan.recipe for plan in plans] == ["specification"]
    assert left_out["quick"].startswith("has changed since it was recorded")
    timed = {"specification": TIMINGS["specification"]}
    assert "never timed" in choose_plans(RECORDS, timed, 10)[1]["quick"]


def test_a_record_is_of_all_settings_that_decide_how_well_is_learnt():
    record = RECORDS["quick"]
    assert record.is_of(dataclasses.replace(QUICK, epochs=30, seed=9, deterministic=True))
    changes = [{"learning_rate": 0.04}, {"erasing": 0.1}, {"fraction": 0.5}, {"batch_size": 64}]
    assert not any(record.is_of(dataclasses.replace(QUICK, **change)) for change in changes)


def test_processor_without_bfloat16_trains_in_single_precision(monkeypatch):
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: False)
    assert local_settings("accurate").precision == "float32"
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: True)
    assert local_settings("accurate") == RECIPES["accurate"].settings


# --- the range


def test_range_is_a_prediction_interval_of_the_logarithm_of_the_errors():
    accuracies = {2: (0.87, 0.88, 0.876), 5: (0.91, 0.912)}
    curve = LearningCurve(Result(e, s, a) for e in (2, 5) for s, a in enumerate(accuracies[e]))
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
        curve = LearningCurve(Result(5, s, 1 - e) for s, e in enumerate(errors[:4]))
        _, low, high = curve.at(5)
        inside += low <= 1 - errors[4] <= high
    assert inside / 2_000 == pytest.approx(0.95, abs=0.015)


def test_between_two_recorded_numbers_of_epochs():
    curve = LearningCurve(RECORDS["quick"].results)
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


def test_one_seed_alone_has_a_wide_range():
    _, low, high = LearningCurve([Result(5, 0, 0.9)]).at(5)
    assert low < 0.888
    assert high > 0.912
    perfect = LearningCurve([Result(5, 0, 1.0), Result(5, 1, 0.0)]).at(5)
    assert all(0 <= share <= 1 for share in perfect)


# --- the time


@pytest.fixture
def run_of_seconds(own_run):
    """A function that makes a finished training on this machine that took so many seconds."""
    names = (f"t{number}" for number in itertools.count())

    def make(settings, seconds, epochs=5, **info):
        values = dataclasses.replace(settings, epochs=epochs).to_dict()
        fields = {"settings": values, "epochs_done": epochs, "machine": machine.describe_machine()}
        fields["train_seconds"] = seconds - 10
        run = own_run(next(names), **{**fields, **info})
        (run.path / "history.jsonl").write_text(
            '{"event":"finishing","time":1000.0}\n{"event":"end","time":1010.0}\n'
        )
        return run

    return make


def test_a_start_that_was_stopped_later_takes_no_time(run_of_seconds):
    run = run_of_seconds(QUICK, 40.0)
    with (run.path / "history.jsonl").open("a") as file:
        file.write('{"event":"start","time":5000.0,"settings":{}}\n{"event":"end","time":5020.0}\n')
    assert total_seconds(run) == 40.0


def test_own_trainings_tell_how_fast_this_machine_is(run_of_seconds):
    # recorded: 15 + 5 * 5 = 40 s; here half as long, twice as long and as long as that
    found = [run_of_seconds(QUICK, seconds) for seconds in (20.0, 80.0, 40.0, 4_000.0)]
    timings = estimate_timings(RECORDS, found)
    quick = timings["quick"]  # the newest three, their median
    assert (quick.duration, quick.margin) == (Duration(5.0, 15.0), 0.1)
    assert quick.basis == "The time is that of your own trainings of this recipe on this machine."
    slow = estimate_timings(RECORDS, found[1:2])
    assert slow["quick"].duration == Duration(10.0, 30.0)
    # another recipe: twice as long too, but less surely
    assert slow["specification"].duration == Duration(80.0, 40.0)
    assert slow["specification"].margin == 0.3
    assert "estimated from your trainings of other recipes" in slow["specification"].basis


def test_recipes_that_other_machines_recorded_are_not_compared(run_of_seconds):
    other = dataclasses.replace(RECORDS["specification"], machine={"processor": "X", "cores": 1})
    timings = estimate_timings({**RECORDS, "specification": other}, [run_of_seconds(QUICK, 80.0)])
    assert timings["specification"].duration == Duration(40.0, 20.0)
    assert "another machine's trainings (X, 1 cores)" in timings["specification"].basis


def test_before_the_first_training_the_time_is_another_machines(run_of_seconds):
    here = machine.describe_machine()
    others = [
        run_of_seconds(QUICK, 80.0, state="stopped"),
        run_of_seconds(QUICK, 80.0, machine={**here, "processor": "Abacus"}),
        run_of_seconds(QUICK, 80.0, machine=None),
        run_of_seconds(QUICK, 80.0, sweep="seeds"),  # with a part of the cores
        run_of_seconds(QUICK, 80.0, machine="fast"),
        run_of_seconds(QUICK, 80.0, train_seconds=None),
        run_of_seconds(QUICK, 80.0, epochs_done=0),
        run_of_seconds(dataclasses.replace(QUICK, batch_size=64), 80.0),
        run_of_seconds(dataclasses.replace(QUICK, fraction=0.1), 80.0),
        find_run("seed-cnn"),
    ]
    for run in others:
        timing = estimate_timings(RECORDS, [run])["quick"]
        assert timing.duration == Duration(5.0, 15.0), run
        assert timing.margin == 0.5
        assert timing.basis == (
            "The time is estimated from another machine's trainings (Abacus, 3 cores); after your "
            "first training on all images here it will be more accurate."
        )


# --- what was recorded


def test_what_ships_as_recorded_is_of_todays_recipes_and_plans_each_where_it_is_best():
    records = load_records()
    assert list(records) == list(RECIPES)
    for name, record in records.items():
        assert record.is_of(RECIPES[name].settings), name
        assert all(0.7 < one.accuracy < 0.97 for one in record.results)
        assert record.machine == records["quick"].machine  # so that times can be compared
        assert {RECIPES[name].settings.precision, "float32"} == record.durations.keys()
    assert records["specification"].parameters == find_run("seed-cnn").info["parameters"]
    assert records["accurate"].parameters == 243_882
    best = {minutes: plan_here(minutes)[0][0].recipe for minutes in (0.8, 1.5, 10, 60)}
    assert best == {0.8: "quick", 1.5: "quick", 10: "accurate", 60: "accurate"}
    # ranges rest on how far seeds differ
    for name in ("quick", "accurate"):
        tried = [one.epochs for one in records[name].results]
        assert sum(tried.count(epochs) >= 3 for epochs in set(tried)) >= 3


def test_damaged_records_are_left_out(tmp_path):
    file = tmp_path / "recorded.json"
    assert load_records(file) == {}
    good = json.loads(recorded_trainings.FILE.read_text())
    quick = good["recipes"]["quick"]
    for damage in (
        {"settings": {"unheard": 1}},
        {"settings": 3},
        {"results": 3},
        {"results": [[2]]},
        {"durations": []},
        {"durations": {"float32": {}}},
        {"more": 1},
    ):
        file.write_text(json.dumps({"recipes": {**good["recipes"], "quick": {**quick, **damage}}}))
        assert list(load_records(file)) == ["specification", "accurate"], damage
    for text in ("", "[]", "{}", '{"recipes": 3}', "[" * 9_999):
        file.write_text(text)
        assert load_records(file) == {}


def fake_training(monkeypatch, **info):
    """Let trainings be folders that are written at once: 30 s, three of them for each epoch."""

    def run(command, *, env, **options):
        assert command[1:6] == ["-m", "fmnist", "train", "--name", "recorded"]
        settings = settings_of(_parser().parse_args(command[3:]))
        path = create_run("recorded", settings, Path(env["FMNIST_RUNS"]))
        fields = {"state": "finished", "machine": ELSEWHERE, "parameters": 1_000}
        scores = {"validation_accuracy": 0.8 + settings.epochs / 100 + settings.seed / 1_000}
        write_run_info(path, scores=scores, train_seconds=30.0, **{**fields, **info})
        lines = [
            {"event": "epoch", "epoch": n + 1, "time": 3.0 * n, "accuracy": 0.5, "loss": 1.0}
            for n in range(settings.epochs)
        ]
        (path / "history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    monkeypatch.setattr(subprocess, "run", run)


def test_trainings_are_recorded_once_each(tmp_path, monkeypatch):
    file = tmp_path / "recorded.json"
    fake_training(monkeypatch)
    assert recorded_trainings.record(["quick"], [5, 2], [0, 1], file) == 4
    (quick,) = load_records(file).values()
    assert quick.is_of(QUICK)
    assert (quick.parameters, quick.machine) == (1_000, ELSEWHERE)
    expected = [(2, 0, 0.82), (2, 1, 0.821), (5, 0, 0.85), (5, 1, 0.851)]
    found = [dataclasses.astuple(one) for one in quick.results]
    assert found == [pytest.approx(one) for one in expected]
    # 30 - 5 * 3: of the longest one, though shorter ones came later
    assert quick.durations == {"float32": Duration(3.0, 15.0, 5)}
    # what is there is not done again; a training of one epoch tells no time
    assert recorded_trainings.record(["quick"], [1, 2, 5], [0], file) == 1
    assert load_records(file)["quick"].durations == quick.durations
    assert len(load_records(file)["quick"].results) == 5
    # another network or another recipe takes the place of the old record
    fake_training(monkeypatch, parameters=2_000)
    assert recorded_trainings.record(["quick"], [3], [0], file) == 1
    assert [one.epochs for one in load_records(file)["quick"].results] == [3]
    changed = dataclasses.replace(QUICK, learning_rate=0.04)
    monkeypatch.setitem(RECIPES, "quick", Recipe("Quick", "", changed))
    assert recorded_trainings.record(["quick"], [3], [0], file) == 1
    (result,) = load_records(file)["quick"].results
    assert result.epochs == 3


def test_a_training_that_fails_is_not_recorded(tmp_path, monkeypatch):
    file = tmp_path / "recorded.json"
    fake_training(monkeypatch, state="failed")
    with pytest.raises(TrainingFailed, match="did not finish"):
        recorded_trainings.record(["quick"], [2], [0], file)
    with pytest.raises(SettingsError):
        recorded_trainings.record(["quick"], [0], [0], file)
    assert not file.exists()


def test_plan_on_the_command_line(command):
    done = command("plan", "--minutes", "3", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["minutes"] == 3
    best = result["plans"][0]
    assert best["seconds"] < best["at_most"] <= 180
    assert 0.7 < best["low"] < best["expected"] < best["high"] < 1
    options = _parser().parse_args(best["command"].removeprefix("python -m fmnist ").split())
    assert settings_of(options) == TrainSettings.from_dict(best["settings"])
    text = command("plan", "--minutes", "3").stdout
    assert text.startswith("The best in 3 minutes on this machine: ")
    assert best["basis"] in text
    assert best["command"] in text
    for wrong in (
        ["--minutes", "x"],
        ["--minutes", "0.1"],
        ["--minutes", "nan"],
        ["--record", "--recipes", "slow"],
        ["--epochs", "x"],
        ["--minutes", "5", "--recipes", "quick"],  # would be ignored
        [],
    ):
        assert command("plan", *wrong).returncode == 2


# --- the forecast


def run_with(own_run, **info):
    fields = {
        "forecast": FORECAST,
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


def test_forecast_against_result(own_run):
    said = "Forecast: 90.0 to 92.0 % of the validation images within 3 minutes."
    reached = compare_forecast(run_with(own_run))
    assert reached == f"{said} Result: 91.10%, within the expected range, in 2 min 30 s."
    worse = run_with(own_run, scores={"validation_accuracy": 0.85}, train_seconds=190)
    assert compare_forecast(worse) == (
        f"{said} Result: 85.00%, below the expected range, in 3 min 20 s, 20 s over the limit."
    )
    better = run_with(own_run, scores={"validation_accuracy": 0.93})
    assert "93.00%, above the expected range" in compare_forecast(better)
    stopped = run_with(own_run, state="stopped", epochs_done=3)
    assert compare_forecast(stopped) == f"{said} It ended after 3 of 5 epochs."
    longer = dataclasses.replace(QUICK, epochs=8, continued=(5,)).to_dict()
    changed = compare_forecast(run_with(own_run, settings=longer))
    assert changed == f"{said} Its settings were changed later, so the result cannot be compared."
    brief = run_with(own_run, forecast={**FORECAST, "minutes": 1.0})
    assert "within 1 minute. Result" in compare_forecast(brief)
    assert compare_forecast(own_run("none")) is None
    assert compare_forecast(find_run("seed-cnn")) is None


def test_a_run_from_when_it_was_called_a_promise_has_its_forecast(own_run):
    run = run_with(own_run, forecast=None, promise=FORECAST)
    assert load_forecast(run) == Forecast(**FORECAST)


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": "3"},
        {"minutes": -1},
        {"minutes": math.nan},
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
def test_damaged_forecast_is_none(change):
    values = {**FORECAST, **change}
    run = Run("mine", Path("mine"), "finished", info={"forecast": values})
    assert load_forecast(run) is None
    assert compare_forecast(run) is None
    with pytest.raises(ValueError, match="forecast"):
        parse_forecast(json.dumps(values))


def test_forecast_goes_through_a_command_line():
    made = choose_plans(RECORDS, TIMINGS, 3)[0][0].forecast
    assert parse_forecast(str(made)) == made
    for text in ("", "nan", "[1]", "3", '{"minutes": NaN}', "[" * 9_999):
        with pytest.raises(ValueError, match=r".*"):
            parse_forecast(text)


@pytest.mark.slow
def test_a_training_keeps_its_forecast(trained, monkeypatch):
    monkeypatch.setenv("FMNIST_RUNS", str(trained.runs))
    assert load_forecast(find_run("tiny")) == TRAINED_FORECAST
    assert "Result: " in compare_forecast(find_run("tiny"))


@pytest.mark.slow
def test_what_is_recorded_is_what_the_training_reached(trained, tmp_path, monkeypatch):
    def already_trained(command, env, **options):
        assert settings_of(_parser().parse_args(command[3:])) == TRAINED
        shutil.copytree(trained.runs / "tiny", Path(env["FMNIST_RUNS"]) / "recorded")

    run = read_run(trained.runs / "tiny")
    monkeypatch.setattr(recorded_trainings.subprocess, "run", already_trained)
    monkeypatch.setitem(RECIPES, "quick", Recipe("Quick", "", TRAINED))
    file = tmp_path / "recorded.json"
    assert recorded_trainings.record(["quick"], [TRAINED.epochs], [TRAINED.seed], file) == 1
    (record,) = load_records(file).values()
    assert record.results == [Result(3, 0, run.scores["validation_accuracy"])]
    assert record.parameters == load_records()["quick"].parameters == 72_554
    (duration,) = record.durations.values()
    assert duration.total(3) == pytest.approx(total_seconds(run), abs=0.1)
