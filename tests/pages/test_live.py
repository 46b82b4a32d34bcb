"""The live part of the Train page: a training that runs, the queue, and going on with a run."""

import json

import numpy as np
import pytest
import streamlit as st
from sklearn.metrics import recall_score
from streamlit.testing.v1 import AppTest

from fmnist.analysis.validation_predictions import find_version
from fmnist.data import load_validation
from fmnist.errors import RunError, SettingsError, TrainingBusy
from fmnist.files import append_json_line
from fmnist.inference.epoch_network import epoch_file, write_layers
from fmnist.inference.graph import GraphLayer
from fmnist.jobs import launch, queue, requests
from fmnist.runs import control
from fmnist.runs.checkpoint import CHECKPOINT_FILE
from fmnist.runs.library import create_run
from fmnist.runs.predictions import VALIDATION_EPOCHS_FILE, load_epoch, save_epoch_predictions
from fmnist.runs.run import read_run, write_run_info
from fmnist.settings import TrainSettings
from pages.parts.train import live_loading, live_resume
from pages.parts.train.runs import run_actions
from tests.conftest import ROOT, ended_process
from tests.pages.test_inside import packed
from tests.pages.test_pages import fresh_caches, interrupted_spinner, open_app, texts
from tests.runs.test_history import PROGRESS, VALIDATED

__all__ = ["fresh_caches", "packed"]  # fixtures

NOW = {
    **PROGRESS,
    "recent_accuracy": 0.83,
    "recent_loss": 0.45,
    "learning_rate": 0.001,
    "processor": 87.4,
    "memory_mib": 1090,
}


def fake(name, state, *events, **info):
    """A run of four epochs that "this process" trains."""
    settings = info.pop("settings", TrainSettings(epochs=4))
    path = create_run(name, settings)
    write_run_info(path, state=state, **info)
    for event in ({"event": "start", "time": 1.0}, *events):
        append_json_line(path / "history.jsonl", event)
    return path


def answers(path, count):
    """Keep answers after so many epochs."""
    for epoch in range(1, count + 1):
        said = np.random.default_rng(epoch).dirichlet(np.ones(10), 5_000)
        save_epoch_predictions(path, epoch, said, VALIDATION_EPOCHS_FILE)


def checkpoint(path, epoch):
    """A checkpoint as far as it is looked at before a process goes on from it."""
    about = json.dumps({"epoch": epoch, "seconds": 10.0, "last": {}}).encode()
    np.savez(path / CHECKPOINT_FILE, about=np.frombuffer(about, np.uint8))


def dead(name, epochs_done, **info):
    """A run whose process was killed after so many epochs."""
    path = fake(name, "running", VALIDATED, epochs_done=epochs_done, **info)
    write_run_info(path, process=ended_process())
    if epochs_done:
        checkpoint(path, epochs_done)
    return path


def watching(name) -> AppTest:
    """The Train page of a session that has started the run."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state["train_watched"] = name
    app.run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    return app


CHARTS = {
    "accuracy": "Accuracy of training and validation",
    "loss": "Loss of training and validation",
    "rate": "Learning rate over the epochs",
    "matrix": "Confusion matrix of the validation images",
    "classes": "Share of the validation images of each class",
}


def charts(app) -> dict[str, dict]:
    """Vega-Lite specifications of the live charts that are there."""
    found = {chart.proto.alt: json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")}
    return {
        name: spec
        for name, alt in CHARTS.items()
        for words, spec in found.items()
        if words.startswith(alt)
    }


def button(app, label):
    (found,) = (each for each in app.button if each.label == label)
    return found


def view(app, name):
    (control_,) = (each for each in app.segmented_control if each.label == "What it has learnt")
    control_.set_value(name).run()
    assert not app.exception
    return app


# --- while it runs


def test_curves_rate_and_numbers_of_a_running_training(runs_dir):
    fake("live", "running", VALIDATED, NOW, train_size=1000)
    app = open_app("train")
    assert set(charts(app)) == {"accuracy", "loss", "rate"}
    for spec in charts(app).values():
        assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 4]
    words = texts(app)
    for number in ("1,234", "1 min 15 s", "87 %", "1,090 MiB"):
        assert f"**{number}**" in words
    assert "Plain CNN · 4 epochs" in words


def test_the_time_stands_still_while_it_is_paused(runs_dir):
    fake("live", "paused", NOW, {"event": "pause", "time": 75.0})
    assert ":small[Elapsed]  \n**1 min 14 s**" in texts(open_app("train"))


def test_a_training_that_has_just_begun_has_its_room_already(runs_dir):
    fake("live", "starting")
    app = open_app("train")
    assert app.progress[0].text == "Starting takes some ten seconds"
    assert set(charts(app)) == {"accuracy", "loss", "rate"}
    assert "loading TensorFlow" in texts(app)
    assert "after the first epoch" in texts(app)


def test_matrix_and_classes_after_the_newest_epoch(runs_dir):
    answers(fake("live", "running", VALIDATED, NOW), 2)
    app = open_app("train")
    assert {"matrix", "classes"} <= set(charts(app))
    assert "after epoch 2" in texts(app)


def test_the_bars_of_the_classes_are_scikit_learns_recall(runs_dir):
    answers(path := fake("live", "running", VALIDATED, NOW), 2)
    run = read_run(path)
    table = live_loading.validation_tables(run, find_version(run))["classes"]
    labels = load_validation().labels
    for epoch, column in ((1, "other"), (2, "recall")):
        said = load_epoch(run, epoch, VALIDATION_EPOCHS_FILE).argmax(axis=1)
        np.testing.assert_allclose(table[column], recall_score(labels, said, average=None))


def test_images_of_the_panel(runs_dir):
    answers(fake("live", "running", VALIDATED, NOW), 2)
    app = view(open_app("train"), "Images")
    (html,) = (one for one in app.get("html") if "<figure" in one.proto.body)
    assert html.proto.body.count("<figure") == 20
    assert html.proto.body.count('class="right"') + html.proto.body.count('class="wrong"') == 20
    assert "After epoch 2" in texts(app)


def keep_networks(path, epochs):
    """Keep a network whose one map is the picture times the epoch, after each of some epochs."""
    for epoch in epochs:
        one = {"size": (1, 1), "kernel": np.full((1, 1, 1, 1), epoch, np.float32)}
        layers = (
            GraphLayer("input", "", (), (), (28, 28, 1)),
            GraphLayer("conv", "", (0,), (), (28, 28, 1), **one),
        )
        write_layers(epoch_file(path, epoch), layers)


def test_an_image_is_followed_through_the_network_after_each_epoch(packed, runs_dir, test_part):
    path = fake("live", "running", NOW)
    keep_networks(path, (0, 1))
    app = view(open_app("train"), "Inside the network")  # no answers are needed for it
    assert strongest(packed[-1]) == 1
    boots = packed[-1]["data"]
    (slider,) = (one for one in app.select_slider if one.label == "After epoch")
    assert (slider.options, slider.value) == (["0", "1"], 1)
    keep_networks(path, (2, 3))
    app.run()
    assert strongest(packed[-1]) == 3  # the newest is followed ...
    app.select_slider[0].set_value(2).run()
    keep_networks(path, (4,))
    app.run()
    assert strongest(packed[-1]) == 2  # ... until another one is chosen
    app.selectbox(key=f"live-{read_run(path).key}-inside").set_value("Bag").run()
    assert strongest(packed[-1]) == 2
    assert packed[-1]["data"] != boots
    epoch_file(path, 2).write_bytes(b"PK torn")
    app.run()
    assert [error.value for error in app.error] == [
        "The network after this epoch cannot be read; choose another epoch."
    ]


def strongest(header) -> float:
    """How much the convolution multiplies by."""
    return round(header["layers"][1]["peak"] / header["layers"][0]["peak"], 5)


def test_a_finished_run_without_networks_of_its_epochs_shows_the_last(packed, own_run):
    app = view(watching(own_run("old").name), "Inside the network")
    assert [layer["kind"] for layer in packed[-1]["layers"]][-1] == "softmax"
    assert "this is the finished one" in texts(app)


def test_a_training_on_all_images_has_none_to_validate_with(runs_dir):
    fake("live", "running", NOW, settings=TrainSettings(epochs=4, holdout=False))
    app = open_app("train")
    assert any("all 60,000 training images" in info.value for info in app.info)


def test_validation_images_that_are_missing_are_one_sentence(runs_dir, monkeypatch, tmp_path):
    answers(fake("live", "running", VALIDATED, NOW), 1)
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    app = open_app("train")
    assert "is missing" in app.error[0].value


def test_damage_in_the_folder_breaks_nothing(runs_dir):
    path = fake("live", "running", train_size=1000.5, machine=[], epochs_done="x")
    (path / "history.jsonl").unlink()
    (path / "history.jsonl").mkdir()
    (path / VALIDATION_EPOCHS_FILE).mkdir()
    epoch_file(path, 1).mkdir()
    (path / control.RATE).write_bytes(b"\xff")
    open_app("train")


# --- controls


def test_pause_and_resume(runs_dir):
    path = fake("live", "running", NOW)
    app = open_app("train")
    button(app, "Pause").click().run()
    assert control.has_request(path, control.PAUSE)
    assert "**live**: pausing" in texts(app)
    write_run_info(path, state="paused")
    app.run()
    assert "**live**: paused" in texts(app)
    button(app, "Resume").click().run()
    assert not control.has_request(path, control.PAUSE)
    assert "**live**: resuming" in texts(app)
    assert not app.exception


def test_another_learning_rate_is_asked_for_and_pending(runs_dir):
    path = fake("live", "running", NOW)
    app = open_app("train")
    field = app.number_input(key=f"live-{read_run(path).key}-rate")
    assert field.value == 1e-3
    field.set_value(3e-4)
    button(app, "Apply").click().run()
    assert not app.exception
    assert control.requested_rate(path) == 3e-4
    assert "From the next epoch on the learning rate will be 0.0003." in texts(app)


def test_a_rate_that_is_not_legal_is_one_sentence(runs_dir, monkeypatch):
    def refuse(run, rate):
        raise SettingsError(f"There is no learning to be had with {rate:g}.")

    path = fake("live", "running", NOW)
    monkeypatch.setattr(requests, "request_rate", refuse)
    app = open_app("train")
    app.number_input(key=f"live-{read_run(path).key}-rate").set_value(0.9)
    button(app, "Apply").click().run()
    assert not app.exception
    assert app.error[0].value == "There is no learning to be had with 0.9."
    button(app, "Pause").click().run()  # and is gone with the next click
    assert not app.error


def test_a_training_that_has_ended_meanwhile_says_so(runs_dir, monkeypatch):
    fake("live", "running", NOW)

    def refuse(run):
        raise RunError("The run 'live' is not training.")

    monkeypatch.setattr(requests, "request_pause", refuse)
    app = open_app("train")
    button(app, "Pause").click().run()
    assert app.error[0].value == "The run 'live' is not training."


def test_a_refused_rate_is_shown(runs_dir):
    fake("live", "running", NOW, {"event": "refused", "message": "too high", "time": 3.0})
    app = open_app("train")
    assert app.warning[0].value == "too high"


def rate_popover(app):
    popovers = [block.proto.popover for block in app.get("popover")]
    (popover,) = (one for one in popovers if one.label == "Learning rate")
    return popover


def test_nothing_can_be_asked_while_it_is_saved(runs_dir):
    fake("live", "finishing", NOW)
    app = open_app("train")
    assert "saving the network" in texts(app)
    assert not {"Pause", "Stop"} & {one.label for one in app.button}
    assert "Learning rate" not in [block.proto.popover.label for block in app.get("popover")]


@pytest.mark.parametrize(("planned", "disabled"), [(3, True), (4, False)])
def test_in_the_last_epoch_there_is_no_rate_to_change(runs_dir, planned, disabled):
    settings = TrainSettings(epochs=planned)
    fake("live", "running", VALIDATED, NOW, settings=settings, epochs_done=2)
    popover = rate_popover(open_app("train"))
    assert popover.disabled == disabled
    assert ("last epoch" in popover.help) == disabled


def test_a_rate_that_the_training_could_not_use_is_refused_on_the_page(runs_dir):
    path = fake("live", "running", NOW)
    app = open_app("train")
    app.number_input(key=f"live-{read_run(path).key}-rate").set_value(0.9)
    button(app, "Apply").click().run()
    assert not app.exception
    assert "Adam learns nothing with a learning rate above 0.1" in app.error[0].value
    assert control.requested_rate(path) is None


# --- the queue


def names(app) -> list[str]:
    lines = [m.value.splitlines()[0] for m in app.markdown if "rate 0.001" in m.value]
    return [line.split("**")[1] for line in lines]


def test_queue_is_moved_and_left(runs_dir):
    fake("first", "running", NOW)
    paths = {name: fake(name, "waiting") for name in ("b", "c")}
    for path in paths.values():
        queue.join_queue(path)
    app = open_app("train")
    assert "**Waiting for this machine** (2)" in texts(app)
    assert names(app) == ["b", "c"]
    assert not [
        b.key for b in app.button if str(paths["b"].parent) in (b.key or "")
    ]  # for visitors
    assert app.button(key=f"live-{read_run(paths['b']).key}-move-1").disabled
    assert app.button(key=f"live-{read_run(paths['c']).key}-move1").disabled
    app.button(key=f"live-{read_run(paths['c']).key}-move-1").click().run()
    assert not app.exception
    assert [run.name for run in queue.waiting_runs()] == ["c", "b"]
    assert names(app) == ["c", "b"]

    app.button(key=f"live-{read_run(paths['c']).key}-move1").click().run()
    assert names(app) == ["b", "c"]

    app.button(key=f"live-{read_run(paths['b']).key}-stop").click().run()
    assert control.has_request(paths["b"], control.STOP)
    assert not control.has_request(paths["c"], control.STOP)
    assert app.button(key=f"live-{read_run(paths['b']).key}-stop").disabled


# --- going on


def test_an_interrupted_run_is_offered_to_every_session(runs_dir, monkeypatch):
    dead("killed", 2)
    went_on = []
    monkeypatch.setattr(
        launch, "resume_training", lambda run, **how: went_on.append((run.name, how))
    )
    app = open_app("train")
    assert "**killed** was interrupted after epoch 2 of 4." in texts(app)
    button(app, "Resume").click().run()
    assert not app.exception
    assert went_on == [("killed", {"more": 0, "wait": False})]

    button(app, "Not now").click().run()
    assert "interrupted" not in texts(app)
    assert (runs_dir / "killed").exists()


@pytest.mark.parametrize("recorded", ["run.json", "history.jsonl"])
def test_a_run_that_failed_for_a_reason_says_it_where_it_is_offered(runs_dir, recorded):
    path, reason = dead("full", 2), "The *disk* was full."
    if recorded == "run.json":
        write_run_info(path, state="failed", process=None, error=reason)
    else:  # there was no room for more
        append_json_line(path / recorded, {"event": "error", "message": reason})
    app = open_app("train")
    assert "**full** failed after epoch 2 of 4: The \\*disk\\* was full\\." in texts(app)


def test_a_run_that_cannot_go_on_is_not_offered(runs_dir):
    (dead("killed", 2) / CHECKPOINT_FILE).write_bytes(b"PK torn")
    app = open_app("train")
    assert "interrupted" not in texts(app)


def test_where_the_machine_is_busy_it_can_queue(runs_dir, monkeypatch):
    dead("killed", 2)
    calls = []

    def resume(run, **how):
        calls.append(how)
        if not how["wait"]:
            raise TrainingBusy("Another run is training.")

    monkeypatch.setattr(launch, "resume_training", resume)
    app = open_app("train")
    button(app, "Resume").click().run()
    assert app.warning[0].value == "Another run is training."
    button(app, "Queue killed").click().run()
    assert not app.exception
    assert calls == [{"more": 0, "wait": False}, {"more": 0, "wait": True}]
    assert not app.warning

    button(app, "Resume").click().run()
    button(app, "Cancel").click().run()
    assert not app.warning


def test_a_failed_run_that_was_watched_shows_why_and_can_go_on(runs_dir, monkeypatch):
    def refuse(run, **how):
        raise RunError("The checkpoint is of another network.")

    dead("killed", 2)
    monkeypatch.setattr(launch, "resume_training", refuse)
    app = watching("killed")
    assert "without reporting an error" in app.error[0].value
    assert {"accuracy", "loss", "rate"} <= set(charts(app))
    button(app, "Resume").click().run()
    said = [error.value.replace("\\", "") for error in app.error]
    assert "killed: The checkpoint is of another network." in said


def test_a_run_that_was_stopped_early_can_go_on(own_run, monkeypatch):
    run = own_run("early", state="stopped", epochs_done=3)
    checkpoint(run.path, 3)
    went_on = []
    monkeypatch.setattr(
        launch, "resume_training", lambda run, **how: went_on.append((run.name, how))
    )
    app = watching("early")
    button(app, "Resume").click().run()
    assert went_on == [("early", {"more": 0, "wait": False})]


def test_a_click_on_resume_counts_where_another_one_ends_the_run_of_the_page(own_run, monkeypatch):
    checkpoint(own_run("early", state="stopped", epochs_done=3).path, 3)
    went_on = []
    monkeypatch.setattr(launch, "resume_training", lambda run, **_: went_on.append(run.name))
    app = watching("early")
    with monkeypatch.context() as patch:
        patch.setattr(live_resume, "show_answer", lambda *_: st.stop())
        button(app, "Resume").click().run()
    assert went_on == []
    app.run()
    assert went_on == ["early"]
    app.run()
    assert went_on == ["early"]


def test_the_offer_to_queue_is_kept_where_a_click_ends_the_run_of_the_page_then(
    own_run, monkeypatch
):
    checkpoint(own_run("early", state="stopped", epochs_done=3).path, 3)
    calls = []

    def resume(run, **how):
        calls.append(how["wait"])
        raise TrainingBusy("Another run is training.")

    monkeypatch.setattr(launch, "resume_training", resume)
    monkeypatch.setattr(st, "spinner", interrupted_spinner)
    app = watching("early")
    button(app, "Resume").click().run()
    assert [one.value for one in app.warning] == ["Another run is training."]
    assert calls == [False]


def test_a_finished_run_shows_what_it_learnt_and_can_have_more_epochs(own_run, monkeypatch):
    run = own_run("done")
    checkpoint(run.path, 10)
    answers(run.path, 2)
    went_on = []
    monkeypatch.setattr(
        launch, "resume_training", lambda run, **how: went_on.append((run.name, how))
    )
    app = watching("done")
    assert {"accuracy", "loss", "rate", "matrix", "classes"} <= set(charts(app))
    app.number_input(key="ended-more").set_value(2).run()
    button(app, "Continue for 2 more epochs").click().run()
    assert not app.exception
    assert went_on == [("done", {"more": 2, "wait": False})]


@pytest.mark.parametrize("more", [0, 991])
def test_epochs_that_a_run_cannot_have_are_refused(own_run, more):
    checkpoint(own_run("done").path, 10)
    app = watching("done")
    app.number_input(key="ended-more").set_value(more).run()
    assert not app.exception
    assert app.error[0].value == f"Choose 1 to 990 more epochs, got {more}."
    assert button(app, f"Continue for {more} more epochs").disabled


def test_while_a_training_runs_it_comes_first_and_the_form_is_folded(runs_dir):
    fake("live", "running", NOW)
    app = open_app("train")
    (fold,) = (one for one in app.expander if one.label == "Train another network")
    assert not fold.proto.expanded
    assert any(one.label == "Start training" for one in fold.button)
    labels = [one.label for one in app.main.button]
    assert labels.index("Stop") < labels.index("Start training")


def test_a_finished_run_is_tried_on_a_drawing(own_run):
    own_run("done")
    app = watching("done")
    button(app, "Try it on your drawing").click().run()
    assert not app.exception
    assert app.title[0].value == "What is this garment?"
    assert app.session_state["run"] == "done"


def test_what_another_backend_trained_has_finished_and_says_how_its_file_is_written(runs_dir):
    fake("other", "finished", process=None)
    app = watching("other")
    (said,) = [one.value for one in app.info if "other" in one.value]
    assert "other has finished." in said
    assert "`python -m fmnist export other`" in said


def test_what_was_stopped_before_it_learnt_says_so_and_begins_again(runs_dir):
    fake("early", "stopped", epochs_done=0, process=None)
    app = watching("early")
    assert "early was stopped before it had finished an epoch." in [one.value for one in app.info]
    assert button(app, "Resume").help == "Starts again: no epoch was finished."


def test_what_was_killed_while_it_was_saved_is_offered_to_be_saved(runs_dir):
    write_run_info(dead("killed", 4), state="finishing")
    app = open_app("train")
    assert "**killed** was interrupted while it was being saved." in texts(app)
    assert button(app, "Resume").help == "All epochs are done; the network only has to be saved."


def test_the_end_is_compared_with_the_forecast(own_run):
    forecast = {"minutes": 3.0, "low": 0.9, "high": 0.92, "network": "cnn", "epochs": 10}
    scores = {"validation_accuracy": 0.911, "test_accuracy": 0.9}
    info = {"forecast": {**forecast, "seconds": 100.0}, "scores": scores, "train_seconds": 60.0}
    own_run("planned", **info)
    app = watching("planned")
    assert "Result: 91.10%, within the expected range" in texts(app)


def test_a_queues_end_is_told_while_the_next_one_trains(own_run):
    own_run("done")
    fake("live", "running", VALIDATED, NOW)
    app = watching("done")
    (success,) = app.success
    assert success.value == "Accuracy on the 10,000 test images: 90.00%."
    assert len(app.progress) == 1
    shown = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert sum(words.startswith(CHARTS["accuracy"]) for words in shown) == 1  # of the live one


def chosen(name) -> AppTest:
    """The Train page with the run chosen in the table."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state[run_actions.CHOSEN] = name
    app.run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("info", "label", "more"),
    [
        ({"state": "finished", "epochs_done": 10}, "Continue for 5 more epochs", 5),
        ({"state": "stopped", "epochs_done": 4}, "Resume", 0),
    ],
)
def test_any_ended_run_of_the_table_can_go_on(own_run, monkeypatch, info, label, more):
    checkpoint(own_run("done", **info).path, info["epochs_done"])
    went_on = []

    def resume(run, **how):
        went_on.append(how)
        if not how["wait"]:
            raise TrainingBusy("Another run is training.")
        raise RunError("The checkpoint is gone.")

    monkeypatch.setattr(launch, "resume_training", resume)
    app = chosen("done")
    button(app, label).click().run()
    assert not app.exception
    assert went_on == [{"more": more, "wait": False}]
    # the answer stands beside the click, and once
    assert [one.value for one in app.warning] == ["Another run is training."]
    button(app, "Queue done").click().run()
    assert [one.value for one in app.error] == ["The checkpoint is gone."]
    assert went_on[1:] == [{"more": more, "wait": True}]


def test_a_failure_in_the_queue_is_told_while_the_next_one_trains(runs_dir):
    write_run_info(dead("broken", 2), state="failed", process=None, error="The disk was full.")
    fake("live", "running", VALIDATED, NOW)
    app = watching("broken")
    assert "The disk was full\\." in app.error[0].value  # as Markdown, escaped
    shown = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert sum(words.startswith(CHARTS["accuracy"]) for words in shown) == 1


def test_a_run_without_checkpoint_or_answers_offers_neither(own_run):
    own_run("old")
    app = watching("old")
    assert not any(b.label.startswith(("Resume", "Continue")) for b in app.button)
    assert "stored no predictions of its epochs" in texts(app)


@pytest.mark.parametrize("forged", [None, "nonsense"])
def test_a_forged_view_is_the_first_one(runs_dir, forged):
    path = fake("live", "running", VALIDATED, NOW)
    answers(path, 1)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state[f"live-{read_run(path).key}-view"] = forged
    app.run()
    app.switch_page("pages/train.py").run()
    assert "matrix" in charts(app)
