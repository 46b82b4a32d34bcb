"""The sweeps on the Train page: what came of one, how far another is, and who may start one."""

import pytest

from fmnist import access
from fmnist.errors import SweepError, TrainingFailed
from fmnist.files import write_json
from fmnist.processes import this_process
from fmnist.runs import control
from fmnist.sweeps import sweep as sweeps
from fmnist.sweeps.plan import plan_from, read_plan, shipped_examples
from fmnist.sweeps.sweep import PROGRESS_FILE, open_sweep
from fmnist.sweeps.tables import read_example
from pages.parts.shared import frame
from pages.parts.train.sweeps import sweeps_view
from tests.pages.test_pages import fresh_caches, open_app, run_fragment_of, texts

__all__ = ["fresh_caches"]  # a fixture


@pytest.fixture
def finished(own_run):
    """A sweep of two networks with two seeds, all but one training done."""
    plan = plan_from({"name": "two", "networks": ["cnn", "quick"], "seeds": 2})
    for at, training in enumerate(plan.trainings()[:3]):
        validation = 0.91 - at / 100
        own_run(
            f"two-{at}",
            settings=training.settings.to_dict(),
            scores={"validation_accuracy": validation, "test_accuracy": 0.9},
            sweep="two",
            parameters=1000,
            train_seconds=90.0,
        )
    return open_sweep(plan)


def at_work(sweep, **said):
    known = {"failed": {}, "seconds_left": 61.0, "workers": {}, "dashboard": "", **said}
    write_json(sweep.path / PROGRESS_FILE, {"process": this_process(), **known})


def open_train():
    return open_app().switch_page("pages/train.py").run()


def test_a_sweep_shows_its_table_and_its_sentence(finished):
    app = open_train()
    assert not app.exception
    shown = texts(app)
    assert "3 of 4 trainings done" in shown
    assert "“cnn” is ahead of “quick” by 1\\.00 points of validation accuracy" in shown
    (table,) = [one.value for one in app.dataframe if "Variant" in one.value]
    assert table["Variant"].tolist() == ["cnn", "quick"]
    assert table["Mean validation accuracy"].tolist() == ["90.00%", "90.00%"]
    assert table["Minutes"].tolist() == ["1.5", "1.5"]


def test_a_sweep_at_work_says_what_each_worker_does_and_can_be_stopped(finished):
    at_work(finished, workers={"worker 1": "quick, seed 1: Epoch 2 of 10, batch 5 of 800"})
    app = open_train()
    shown = texts(app)
    assert "3 of 4 trainings done, about 1 min 1 s left" in shown
    assert "worker 1\\: quick\\, seed 1\\: Epoch 2 of 10" in shown
    app.button(key="sweep-two-stop").click().run()
    assert control.has_request(finished.path, control.STOP)
    assert app.button(key="sweep-two-stop").disabled


def test_a_plan_is_started_as_a_process_of_its_own(monkeypatch):
    begun = []
    monkeypatch.setattr(sweeps, "launch_module", lambda command, find: begun.append(command))
    app = open_train()
    app.selectbox(key="sweeps_plan").set_value("seeds").run()
    assert read_plan("seeds").about in texts(app)
    app.button(key="sweeps_start").click().run()
    assert begun == [["sweep", "seeds", "--wait"]]


def test_what_is_done_or_at_work_is_not_started(own_run):
    sweep = open_sweep(read_plan("seeds"))
    at_work(sweep)
    with pytest.raises(SweepError, match="The sweep 'seeds' is already running"):
        sweeps.start_sweep("seeds")
    (sweep.path / PROGRESS_FILE).unlink()
    for at, training in enumerate(sweep.plan.trainings()):
        own_run(f"seeds-{at}", settings=training.settings.to_dict(), sweep="seeds")
    with pytest.raises(
        SweepError, match="The sweep 'seeds' is complete: there is nothing left to train"
    ):
        sweeps.start_sweep("seeds")


def test_what_does_not_begin_says_why(monkeypatch):
    def refuse(command, find):
        raise TrainingFailed("There is no room.")

    monkeypatch.setattr(sweeps, "launch_module", refuse)
    app = open_train()
    app.button(key="sweeps_start").click().run()
    assert [one.value for one in app.error] == ["There is no room."]


def test_why_nothing_was_stopped_is_said_where_the_sweep_has_just_ended(finished, monkeypatch):
    def refuse(sweep):
        (sweep.path / PROGRESS_FILE).unlink()
        raise SweepError("It is not at work.")

    monkeypatch.setattr(sweeps_view, "request_stop", refuse)
    at_work(finished)
    app = open_train()
    stop = app.button(key="sweep-two-stop")
    run_fragment_of(stop, app, monkeypatch)
    stop.click().run()
    assert "It is not at work." in [one.value for one in app.error]


def test_visitors_of_a_public_app_only_look(finished, monkeypatch):
    monkeypatch.setenv("FMNIST_PUBLIC", "1")
    monkeypatch.setattr(access, "_is_owner", frame._is_owner)  # commands that were run are owners
    at_work(finished)
    app = open_train()
    assert "3 of 4 trainings done" in texts(app)
    assert not [one for one in app.button if "sweep" in (one.key or "")]


@pytest.mark.parametrize("plan", shipped_examples())
def test_a_plan_shows_its_example_result_without_any_training(plan):
    app = open_train()
    app.selectbox(key="sweeps_plan").set_value(plan).run()
    assert not app.dataframe
    app.toggle(key="sweeps_example").set_value(True).run()
    assert not app.exception
    result = read_example(plan)
    (table,) = [one.value for one in app.dataframe if "Variant" in one.value]
    assert table["Variant"].tolist() == [one.name for one in result.variants]
    assert f"measured on 5,000 {result.measure} images" in texts(app)
    if plan == "data-share":
        assert "the fitted power law" in texts(app)


def test_removing_a_sweep_keeps_its_runs(finished, runs_dir):
    app = open_train()
    app.button(key="sweep-two-remove").click().run()
    assert not finished.path.exists()
    assert {path.name for path in runs_dir.glob("two-*")} == {"two-0", "two-1", "two-2"}
