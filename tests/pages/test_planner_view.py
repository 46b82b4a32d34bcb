"""The planner of the Train page through AppTest: plan, start, and what may go wrong."""

import dataclasses
import time

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fmnist.errors import TrainingBusy
from fmnist.jobs import launch, requests
from fmnist.planning import planner
from fmnist.planning.recorded_trainings import local_settings
from fmnist.runs.forecast import Forecast, load_forecast
from fmnist.runs.library import create_run, find_run
from fmnist.runs.run import read_run
from fmnist.settings import TrainSettings
from pages.parts.train import planner_view
from tests.conftest import hold
from tests.pages.test_pages import fresh_caches, open_app, texts
from tests.planning.test_planner import RECORDS

__all__ = ["fresh_caches"]  # an automatic fixture

PAGE = """
import streamlit as st
from pages.parts.train import planner_view

def start(settings, **how):
    st.session_state["started"] = settings, how
    return True

planner_view.show(start)
"""


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(planner, "load_records", lambda: RECORDS)


def wait_until(condition, limit=300.0):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def page(**state) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=300)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def test_plan_is_shown_before_it_starts_and_carries_its_forecast():
    app = page(planner_minutes=2.6)
    shown = {metric.label: metric for metric in app.metric}
    assert shown["Network"].value == "Quick"
    assert shown["Network"].delta == "5 epochs in batches of 512"
    assert shown["Expected time"].value == "40 s"  # 15 + 5 * 5
    assert shown["Expected time"].delta == "with a margin 1 min 0 s"  # half of it: nothing ran here
    assert shown["Range of expected accuracy"].delta == "expected 91.1 %"
    assert "estimated from another machine's trainings (Abacus, 3 cores)" in texts(app)
    assert "Accurate was never recorded" in texts(app)
    # 60 of 156 seconds
    assert "None of the recorded trainings that take longer and still fit" in texts(app)
    table = app.dataframe[0].value
    assert table[["Instead", "Epochs", "Expected time"]].values.tolist() == [
        ["Specification", 2, "1 min 40 s"]
    ]
    assert "started" not in app.session_state
    app.button(key="planner_start").click().run()
    assert not app.exception
    settings, how = app.session_state["started"]
    assert (settings.network, settings.epochs) == ("quick", 5)
    forecast = how["forecast"]
    low, high = 100 * forecast.low, 100 * forecast.high
    assert f"{low:.1f} to {high:.1f} %" == shown["Range of expected accuracy"].value
    assert (forecast.minutes, forecast.network, forecast.epochs) == (2.6, "quick", 5)
    del app.session_state["started"]
    app.run()
    assert app.button(key="planner_start")
    assert "started" not in app.session_state  # once only


def test_a_click_on_start_counts_where_another_one_ends_the_run_of_the_page(monkeypatch):
    app = page()
    with monkeypatch.context() as patch:
        patch.setattr(planner_view, "plan_here", lambda _: st.stop())
        app.button(key="planner_start").click().run()
    assert "started" not in app.session_state
    app.run()
    assert "started" in app.session_state


def test_other_minutes_are_another_plan_and_too_few_a_sentence(monkeypatch):
    app = page()
    assert app.number_input(key="planner_minutes").value == 5.0
    app.number_input(key="planner_minutes").set_value(11.0).run()
    assert {metric.label: metric.value for metric in app.metric}["Network"] == "Plain CNN"
    slow = {"specification": RECORDS["specification"]}
    monkeypatch.setattr(planner, "load_records", lambda: slow)
    app.number_input(key="planner_minutes").set_value(0.5).run()
    assert "Nothing that was recorded fits into 0.5 minutes" in app.info[0].value
    assert not app.metric


def test_the_train_page_has_the_planner_and_starts_its_plan(monkeypatch):
    calls = []

    def start(settings, **how):
        calls.append((settings, how))
        if "wait" not in how:
            raise TrainingBusy("busy")
        return find_run("seed-cnn")

    monkeypatch.setattr(launch, "start_training", start)
    hold(create_run("other", TrainSettings()))
    app = open_app("train")
    way = next(one for one in app.segmented_control if one.label == "How to begin")
    way.set_value("Train within a time limit").run()
    app.number_input(key="planner_minutes").set_value(2.0).run()
    app.button(key="planner_start").click().run()
    app.button(key="start_later").click().run()
    assert not app.exception
    (settings, given), (again, kept) = calls
    assert settings == again
    assert (settings.network, settings.epochs) == ("quick", 5)
    # the forecast survives the question what to do with the other training
    assert kept == {**given, "stop_other": False, "wait": True}
    assert given["forecast"].minutes == 2.0


@pytest.mark.slow
def test_start_gives_the_run_its_forecast():
    forecast = Forecast(minutes=1.0, low=0.8, high=0.9, seconds=30.0, epochs=2, network="quick")
    settings = dataclasses.replace(local_settings("quick"), epochs=2, fraction=0.02)
    first = launch.start_training(settings, name="first", forecast=forecast)
    second = launch.start_training(settings, name="second", forecast=forecast, wait=True)
    for run in (second, first):
        wait_until(lambda run=run: load_forecast(read_run(run.path)) == forecast)
        requests.request_stop(read_run(run.path))
        wait_until(lambda run=run: not read_run(run.path).active)
