"""The planner of the Train page through AppTest: measure, plan, start, and what may go wrong."""

import dataclasses
import subprocess
import sys
import time

import pytest
from streamlit.testing.v1 import AppTest

from fmnist import launch, pace, pace_job, recorded, requests, runs
from fmnist.errors import TrainingBusy
from fmnist.promises import promise_of
from fmnist.settings import TrainSettings
from tests.conftest import hold
from tests.test_budget import ENTRIES, machine_of
from tests.test_pages import fresh_caches, open_app, texts

__all__ = ["fresh_caches"]  # an automatic fixture

POPEN = subprocess.Popen
PAGE = """
import streamlit as st
from pages.parts import budget_view

def start(settings, **how):
    st.session_state["started"] = settings, how
    return True

budget_view.show(start)
"""


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What was recorded, and no measurement of another test."""
    monkeypatch.setattr(recorded, "read", lambda: ENTRIES)
    yield
    pace_job.cancel()
    wait_until(lambda: pace_job.progress() is None)
    pace_job.collect()


def wait_until(condition, limit=60.0):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def page(**state) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def measuring(monkeypatch, code: str) -> None:
    """Let the measurement be a process that runs `code` instead."""

    def popen(command, **options):
        assert command[1:] == ["-m", "fmnist", "plan", "--measure"]
        return POPEN([sys.executable, "-c", code], **options)

    monkeypatch.setattr(pace_job.subprocess, "Popen", popen)


def test_plan_is_shown_before_it_starts_and_carries_its_promise():
    pace.write(machine_of())
    app = page(budget_minutes=2.0)
    shown = {metric.label: metric for metric in app.metric}
    assert shown["Network"].value == "Quick"
    assert shown["Network"].delta == "5 epochs in batches of 256"
    assert shown["Takes"].value == "42 s"
    assert shown["Takes"].delta == "at most 46 s"
    assert shown["Promised accuracy"].delta == "expected 91.1 %"
    assert "Accurate was never recorded" in texts(app)
    assert "No longer training was recorded" in texts(app)  # 46 of 120 seconds
    table = app.dataframe[0].value
    assert table[["recipe", "epochs", "takes"]].values.tolist() == [
        ["Specification", 2, "1 min 43 s"]
    ]
    assert "started" not in app.session_state
    app.button(key="budget_start").click().run()
    assert not app.exception
    settings, how = app.session_state["started"]
    assert (settings.network, settings.epochs) == ("quick", 5)
    promise = how["promise"]
    low, high = 100 * promise["low"], 100 * promise["high"]
    assert f"{low:.1f} to {high:.1f} %" == shown["Promised accuracy"].value
    assert (promise["minutes"], promise["network"], promise["epochs"]) == (2.0, "quick", 5)
    app.run()
    assert app.button(key="budget_start")  # once only: nothing is started by another click


def test_other_minutes_are_another_plan_and_too_few_a_sentence():
    pace.write(machine_of(quick=0.04))
    app = page()
    assert app.number_input(key="budget_minutes").value == 5.0
    app.number_input(key="budget_minutes").set_value(10.0).run()
    assert {metric.label: metric.value for metric in app.metric}["Network"] == "Plain CNN"
    app.number_input(key="budget_minutes").set_value(0.5).run()
    assert "Nothing that was recorded fits into 0.5 minutes" in app.info[0].value
    assert not app.metric


def test_machine_is_measured_first_with_a_bar_and_a_way_out(monkeypatch):
    stage = '{"share": 0.4, "words": "Quick: steps"}'
    measuring(
        monkeypatch,
        f"import time; print('oneDNN says'); print('{stage}', flush=True); time.sleep(99)",
    )
    app = page()
    assert not app.metric
    app.button(key="budget_measure").click().run()
    wait_until(lambda: (pace_job.progress() or (0,))[0] == 0.4)
    app.run()
    assert not app.exception
    assert app.get("progress")[0].text == "Measuring this machine: Quick: steps"
    other = page()  # another visitor sees the same one
    assert other.get("progress")[0].value == 40
    app.button(key="budget_cancel").click().run()
    wait_until(lambda: pace_job.progress() is None)
    app.run()
    assert not app.error
    assert app.button(key="budget_measure")


def test_measurement_that_failed_says_why(monkeypatch):
    measuring(monkeypatch, "print('fmnist: The dataset file is missing.'); raise SystemExit(1)")
    app = page()
    app.button(key="budget_measure").click().run()
    wait_until(lambda: pace_job.progress() is None)
    app.run()
    assert app.error[0].value == "This machine could not be measured: The dataset file is missing."
    measuring(monkeypatch, "print('{')")  # ends well but has kept nothing
    app.button(key="budget_measure").click().run()
    wait_until(lambda: pace_job.progress() is None)
    app.run()
    assert "cannot be kept" in app.error[0].value


def test_measurement_that_succeeded_leads_to_the_plan(monkeypatch):
    measuring(monkeypatch, "")
    app = page()
    pace.write(machine_of())  # as the process does
    app.button(key="budget_measure").click().run()
    wait_until(lambda: pace_job.progress() is None)
    app.run()
    assert not app.error
    assert app.metric


def test_machine_that_trains_is_not_measured(own_run):
    hold(runs.create("other", TrainSettings()))
    app = page()
    assert app.button(key="budget_measure").disabled
    assert "The run 'other' is training" in texts(app)
    hold(own_run("ended").path)  # or a benchmark
    assert "Something else is training" in texts(page())


def test_the_train_page_has_the_planner_and_starts_its_plan(monkeypatch):
    pace.write(machine_of())
    calls = []

    def start(settings, **how):
        calls.append((settings, how))
        if "wait" not in how:
            raise TrainingBusy("busy")
        return runs.find("seed-cnn")

    monkeypatch.setattr(launch, "start_training", start)
    hold(runs.create("other", TrainSettings()))
    app = open_app("train")
    way = next(one for one in app.segmented_control if one.label == "How to begin")
    way.set_value("Plan for some minutes").run()
    app.number_input(key="budget_minutes").set_value(2.0).run()
    app.button(key="budget_start").click().run()
    app.button(key="start_later").click().run()
    assert not app.exception
    (settings, promise), (again, kept) = calls
    assert settings == again
    assert (settings.network, settings.epochs) == ("quick", 5)
    # the promise survives the question what to do with the other training
    assert kept == {**promise, "stop_other": False, "wait": True}
    assert promise["promise"]["minutes"] == 2.0


@pytest.mark.slow
def test_start_gives_the_run_its_promise():
    pace.write(machine_of())
    promise = {
        "minutes": 1.0,
        "low": 0.8,
        "high": 0.9,
        "network": "quick",
        "epochs": 2,
        "seconds": 30.0,
    }
    settings = dataclasses.replace(pace.settings_here("quick"), epochs=2, fraction=0.02)
    first = launch.start_training(settings, name="first", promise=promise)
    second = launch.start_training(settings, name="second", promise=promise, wait=True)
    for run in (second, first):
        wait_until(lambda run=run: promise_of(runs.read(run.path)) == promise)
        requests.request_stop(runs.read(run.path))
        wait_until(lambda run=run: not runs.read(run.path).active)
