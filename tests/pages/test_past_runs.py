"""The runs on the Train page: table, detail, names, stars, notes, deleting, zip files, curves."""

import json
import os
import shutil
import time
from dataclasses import replace

import pytest
import streamlit as st
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from fmnist.errors import RunError
from fmnist.files import append_json_line
from fmnist.processes import this_process
from fmnist.runs import library
from fmnist.runs.about import About, load_about, set_star
from fmnist.runs.forecast import compare_forecast
from fmnist.runs.library import DEFAULT_RUN, create_run, find_run
from fmnist.runs.run import write_run_info
from fmnist.runs.trash import delete_run
from fmnist.settings import TrainSettings
from pages.parts.shared import visit
from pages.parts.shared.components import row_table
from pages.parts.shared.guide import tour
from pages.parts.shared.visit import TRASH
from pages.parts.train.runs import past_runs, run_actions
from tests.browser.browsing import browsing, go, wait_for_rest
from tests.pages.test_pages import components, fresh_caches, model_picker, open_app, texts
from tests.pages.test_report_page import metrics, sent
from tests.runs.test_trash import trash

__all__ = ["fresh_caches"]  # a fixture for all of these, too


def train(chosen=None, compared=(), run=None, **state) -> AppTest:
    """The Train page with a run chosen and others ticked, as clicks in the table leave it."""
    app = open_app("train", **({"run": run} if run else {}))
    app.session_state[run_actions.CHOSEN] = chosen
    app.session_state[run_actions.COMPARED] = list(compared)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def button(app, label: str):
    return next(b for b in app.button if b.label == label)


def click(app, label: str) -> AppTest:
    button(app, label).click().run()
    assert not app.exception
    return app


def listed(app) -> list[str]:
    return [row["name"] for row in sent(app, "runs_table")["rows"]]


def cells(app, name: str) -> dict[str, str]:
    data = sent(app, "runs_table")
    row = next(row for row in data["rows"] if row["name"] == name)
    titles = [column["title"] for column in data["columns"]]
    return dict(zip(titles, row["cells"], strict=True))


def charts(app) -> list[str]:
    """The charts' accessible names."""
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def over(words: str) -> list[str]:
    return [f"{measure} over {words}" for measure in ("Accuracy", "Loss")]


# --- the table


def test_all_ended_runs_are_in_the_table_and_active_ones_are_not(own_run):
    own_run("mine", settings=TrainSettings(batch_size=128, mirror=True).to_dict(), train_seconds=75)
    own_run("busy", state="running", process=this_process())
    app = train()
    assert listed(app) == ["robust", "accurate", "seed-cnn", "mine"]
    shown = cells(app, "mine")
    assert (shown["Batch size"], shown["Options"], shown["Time"]) == ("128", "mirror", "1 min 15 s")
    assert (shown["Test"], shown["Validation"], shown["Trained on"]) == ("90.00%", "", "")
    assert cells(app, "robust")["Note"] == "built in"
    assert "run-detail" not in str(app)
    assert sent(app, "runs_table")["chosen"] is None


def test_starred_runs_stand_first_and_can_be_alone(own_run):
    own_run("a", created="2026-01-01T00:00:00+00:00")
    set_star(own_run("b", created="2025-01-01T00:00:00+00:00"), True)
    set_star(find_run("seed-cnn"), True)
    app = train()
    assert listed(app) == ["seed-cnn", "b", "robust", "accurate", "a"]
    app.toggle(key="runs_starred_only").set_value(True).run()
    assert listed(app) == ["seed-cnn", "b"]
    for name in ("seed-cnn", "b"):
        set_star(find_run(name), False)
    app.run()
    assert not app.exception
    assert len(listed(app)) == 5
    assert not [toggle for toggle in app.toggle if toggle.key == "runs_starred_only"]


def test_the_newest_runs_curves_are_there_at_once(own_run, monkeypatch):
    drawn = []
    monkeypatch.setattr(past_runs, "_show_curves", drawn.append)
    own_run("old", created="2020-01-01T00:00:00+00:00")
    own_run("new", created="2099-01-01T00:00:00+00:00")
    train()
    names = [run.name for run in drawn[-1]]
    assert names[0] == "new"
    assert len(names) == 3
    assert "old" not in names
    train(chosen="old")
    assert [run.name for run in drawn[-1]] == ["old"]


def test_what_a_run_learnt_from_is_said_wherever_its_results_are(own_run):
    own_run("part", settings=TrainSettings(fraction=0.02).to_dict())
    words = "trained on 2% of the images"
    assert f"**part**: finished, {words}" in texts(train(chosen="part"))
    app = open_app("report", run="part")
    assert f"This network was {words} only." in texts(app)
    assert words in model_picker(app).help
    assert words not in texts(open_app("report"))


@pytest.mark.browser
def test_a_chosen_runs_detail_comes_into_view(chromium, server):
    with browsing(chromium, viewport={"width": 1280, "height": 700}) as page:
        go(page, server, "/train", "Train")
        table = page.get_by_role("table", name="Runs that have ended")
        table.get_by_role("button").last.click()
        expect(page.locator(".st-key-run-detail")).to_be_in_viewport(ratio=0.95)
        expect(table.get_by_role("button").last).to_be_in_viewport()


def test_what_a_browser_sends_is_not_believed():
    names = {f"run-{at}" for at in range(20)}
    assert row_table.known(["run-3", "nobody", 7, None, "run-1", "run-3"], names) == [
        "run-3",
        "run-1",
    ]
    for nonsense in (None, 7, {}, "run-1", [[]]):
        assert row_table.known(nonsense, names) == []
    assert len(row_table.known(sorted(names), names)) == row_table.MOST_TICKED


def test_choices_that_are_gone_are_none(own_run):
    app = train(chosen="gone", compared=["gone", "robust"])
    data = sent(app, "runs_table")
    assert (data["chosen"], data["ticked"]) == (None, ["robust"])
    assert "Delete" not in [b.label for b in app.button]


def test_without_any_run_there_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(library, "SHIPPED_DIR", tmp_path / "none")
    app = open_app("train")
    assert "There is no run yet" in texts(app)


# --- the detail


def test_the_detail_says_what_became_of_a_run(own_run):
    scores = {"validation_accuracy": 0.931, "test_accuracy": 0.925}
    forecast = {"minutes": 3.0, "low": 0.928, "high": 0.934, "seconds": 170.0}
    forecast |= {"network": "cnn", "epochs": 10}
    own_run("mine", forecast=forecast, scores=scores, train_seconds=184.2, parameters=423_338)
    app = train("mine")
    shown = metrics(app)
    assert (shown["Validation"], shown["Test"]) == ("93.10%", "92.50%")
    assert (shown["Time"], shown["Parameters"]) == ("3 min 4 s", "423,338")
    assert compare_forecast(find_run("mine")) in texts(app)
    assert "Forecast: 92.8 to 93.4 %" in texts(app)


def test_the_reason_of_a_failure_is_shown_as_it_is(runs_dir, own_run):
    (own_run("failed", state="failed", error="**no** :red[disk]").path / "log.txt").write_text("x")
    (runs_dir / "broken").mkdir()
    app = train("failed")
    assert r"\*\*no\*\* \:red\[disk\]" in app.error[0].value
    assert app.code[0].value == "x"
    app = train("broken")
    assert "run\\.json is missing" in app.error[0].value
    assert button(app, "Use these settings").disabled
    assert button(app, "Use it on all pages").disabled
    assert app.download_button[0].disabled
    click(app, "Delete")
    assert not (runs_dir / "broken").exists()


def test_star_and_note(own_run):
    run = own_run()
    app = click(train("mine"), "Star")
    assert load_about(run).starred
    assert listed(app)[0] == "mine"
    assert [row["starred"] for row in sent(app, "runs_table")["rows"]] == [
        True,
        False,
        False,
        False,
    ]
    app.text_area[0].set_value("first *try*\nof two").run()
    assert not app.exception
    assert load_about(run) == About(True, "first *try*\nof two")
    assert cells(app, "mine")["Note"] == "first *try* of two"
    click(app, "Remove the star")
    assert not load_about(run).starred
    app = train("robust")  # and one that ships, whose folder stays as it is
    app.text_area[0].set_value("good").run()
    assert cells(app, "robust")["Note"] == "good; built in"
    assert not (find_run("robust").path / "about.json").exists()
    assert {"Rename", "Delete"}.isdisjoint(b.label for b in app.button)


def test_a_note_of_another_tab_is_shown_and_not_overwritten(own_run, monkeypatch):
    run = own_run()
    first, second = train("mine"), train("mine")
    second.text_area[0].set_value("of the second tab").run()
    assert first.run().text_area[0].value == "of the second tab"
    first.text_area[0].set_value("of the first").run()
    assert load_about(run).note == "of the first"

    def refuse(*_):
        raise RunError("The disk is full.")

    monkeypatch.setattr(run_actions, "set_note", refuse)
    first.text_area[0].set_value("longer words").run()
    assert first.text_area[0].value == "longer words"  # to be saved with another try


def rename(app, run, name: str) -> AppTest:
    app.text_input(key=f"run-name-{run.key}").set_value(name)
    return click(app, "Rename")


def test_another_name_is_followed_by_the_choices(own_run):
    run = own_run("mine")
    app = rename(train("mine", ["mine", "robust"], run="mine"), run, "better")
    assert find_run("better").usable
    assert model_picker(app).value == "better"
    data = sent(app, "runs_table")
    assert (data["chosen"], data["ticked"]) == ("better", ["better", "robust"])
    assert not app.error
    assert not app.warning
    # but not by a picker that looks at another one
    app = rename(train("better"), find_run("better"), "best")
    assert model_picker(app).value == DEFAULT_RUN


def test_a_name_of_any_words_becomes_one_that_a_run_can_have_and_the_box_closes(own_run):
    run = own_run("mine")
    app = rename(train("mine", **{run_actions.RENAMING: True}), run, "Anna's 2. Schöne Jacke 👕")
    assert not app.error
    assert find_run("anna-s-2.-schone-jacke").usable
    assert sent(app, "runs_table")["chosen"] == "anna-s-2.-schone-jacke"
    assert not app.session_state[run_actions.RENAMING]


@pytest.mark.parametrize("name", ["robust", "other", "👕", ""])
def test_a_name_that_cannot_be_had_is_one_sentence(own_run, name):
    run = own_run("mine")
    own_run("other")
    app = rename(train("mine"), run, name)
    assert len(app.error) == 1
    assert find_run("mine").usable
    app.run()
    assert not app.error


def test_deleting_is_undone(own_run, runs_dir):
    own_run("mine")
    app = click(train("mine", ["mine"], run="mine"), "Delete")
    assert "mine" not in listed(app)
    assert model_picker(app).value == DEFAULT_RUN
    assert sent(app, "runs_table")["ticked"] == []
    assert "mine is deleted." in texts(app)
    click(app, "Undo")
    assert sent(app, "runs_table")["chosen"] == "mine"
    assert "Undo" not in [b.label for b in app.button]
    assert find_run("mine").usable
    # its name is taken when it comes back
    click(app, "Delete")
    own_run("mine")
    click(app, "Undo")
    said = app.info[0].value.replace("\\", "")
    assert said == "Another run is called mine now, so it is back as mine-2."
    assert sent(app, "runs_table")["chosen"] == "mine-2"
    assert trash(runs_dir) == []


def test_a_run_with_a_name_of_its_own_making_comes_back_without_a_word(own_run):
    own_run("cnn-20261130-030224")
    app = click(train("cnn-20261130-030224"), "Delete")
    click(app, "Undo")
    assert find_run("cnn-20261130-030224").usable
    assert "is back as" not in texts(app) + str([info.value for info in app.info])


def test_the_second_click_of_a_double_one_says_nothing(own_run, runs_dir, monkeypatch):
    state = {"name": "new"}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "rerun", lambda: None)
    run = own_run("mine")
    for _ in range(2):
        run_actions.rename(run, "name")
    run = find_run("new")
    for _ in range(2):
        run_actions.delete(run)
    (deleted,) = visit.trash().deleted
    for _ in range(2):
        visit._undo_once(run_actions.undo, deleted)
    assert find_run("new").usable
    assert run_actions.SAID not in state
    assert trash(runs_dir) == []
    run_actions.delete(find_run("new"))  # once more is another deletion
    assert len(visit.trash().deleted) == 1
    run_actions.delete(run)
    delete_run(own_run("other"))
    run_actions.delete(replace(run, path=run.path.with_name("other")))  # somebody else has
    assert "is gone" in state[run_actions.SAID][1]


def test_a_name_is_followed_by_all_that_a_visit_remembers(own_run, monkeypatch):
    state = {"name": "new", "train_watched": "mine", "with": "robust", "second_network": "mine"}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "rerun", lambda: None)
    run_actions.rename(own_run("mine"), "name")
    assert [state[key] for key in run_actions.RUN_KEYS] == ["new", "robust", "new"]


def test_undo_is_offered_again_when_one_comes_back_to_the_page(own_run, runs_dir):
    own_run("mine")
    app = click(train("mine"), "Delete")
    other = open_app("train")  # another session's page
    assert "Undo" not in [b.label for b in other.button]
    for page in ("report", "classify"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert "mine is deleted." not in texts(app)
        assert trash(runs_dir) == ["mine"]
    app.switch_page("pages/train.py").run()
    click(app, "Undo")
    assert find_run("mine").usable
    assert trash(runs_dir) == []


def test_a_deleted_run_goes_for_good_after_some_minutes(own_run, runs_dir, monkeypatch):
    own_run("mine")
    app = click(train("mine"), "Delete")
    later = time.monotonic() + 16 * 60
    monkeypatch.setattr("fmnist.runs.trash.time.monotonic", lambda: later)
    app.switch_page("pages/report.py").run()
    assert not app.exception
    assert trash(runs_dir) == []


def test_the_trash_is_emptied_when_the_browser_is_gone(own_run, runs_dir):
    own_run("mine")
    app = click(train("mine"), "Delete")
    kept = app.session_state[TRASH]
    st.cache_resource.clear()  # as Streamlit does for a session whose browser is gone
    assert kept._timer.is_alive()
    app.run()  # it has come back
    assert kept._timer is None
    assert trash(runs_dir) == ["mine"]


def test_what_others_left_for_a_day_goes_when_the_page_is_opened(own_run, runs_dir):
    old = delete_run(own_run("old")).path
    os.utime(old, (time.time() - 90_000,) * 2)
    open_app("train")
    assert trash(runs_dir) == []


def test_a_run_that_has_begun_meanwhile_is_not_deleted(own_run):
    run = own_run("mine")
    app = train("mine")
    pressed = button(app, "Delete")
    write_run_info(run.path, state="running", process=this_process())
    pressed.click().run()
    assert not app.exception
    assert "is at work; it can be deleted when it has ended" in app.error[0].value.replace("\\", "")
    assert run.path.is_dir()


def test_resuming_a_run_that_another_tab_has_deleted_says_so(runs_dir):
    path = create_run("mine", TrainSettings())
    write_run_info(path, state="failed", error="It was killed.")
    app = train("mine")
    shutil.rmtree(path)
    app.button(key="detail-resume").click().run()
    assert not app.exception
    assert "The run 'mine' is gone; somebody has" in app.error[0].value.replace("\\", "")
    app.run()
    assert not app.error


def test_settings_are_handed_to_the_form(own_run):
    settings = TrainSettings(epochs=3, mirror=True)
    own_run("mine", settings=settings.to_dict())
    app = click(train("mine"), "Use these settings")
    assert app.number_input(key="train_epochs").value == 3
    assert app.toggle(key="train_mirror").value is True
    assert app.selectbox(key="train_recipe_own").value == "own"
    assert r"settings of mine are in the form above" in app.toast[0].value


def test_a_run_is_looked_at_on_all_pages(own_run):
    own_run("mine")
    app = click(train("mine"), "Use it on all pages")
    assert model_picker(app).value == "mine"


def test_a_click_sent_before_the_picker_is_drawn_anew_leaves_the_choice(own_run):
    own_run("mine")
    app = train("mine")
    before = app._tree
    click(app, "Use it on all pages")
    app._tree = before  # a browser that is slow, or a visitor who is quick
    button(app, "Use it on all pages").set_value(False)
    model_picker(app).set_value(DEFAULT_RUN)  # what it still shows
    app.switch_page("pages/report.py").run()
    assert app.session_state["run"] == "mine"
    assert model_picker(app).value == "mine"


@pytest.mark.parametrize("label", ["Delete", "Use it on all pages"])
def test_a_click_counts_where_another_ends_the_run_of_the_page(label, own_run, monkeypatch):
    own_run("mine")
    app = train("mine")
    with monkeypatch.context() as patch:
        patch.setattr(tour, "show", st.stop)
        button(app, label).click().run()
    app.run()
    assert ("mine" in listed(app), model_picker(app).value == "mine") == (
        (False, False) if label == "Delete" else (True, True)
    )


def test_a_run_can_be_downloaded(own_run):
    own_run("mine")
    (download,) = train("mine").download_button
    assert (download.label, download.disabled) == ("Download", False)
    # what it is made of: tests/test_transfer.py


# --- comparing


def test_curves_are_those_of_the_ticked_runs(own_run):
    own_run("mine")
    app = train()
    assert charts(app) == over("the epochs for 3 runs")  # before anything is chosen
    app = train("mine")
    assert charts(app) == over("the epochs for 1 run")
    app = train("mine", ["seed-cnn", "robust"])
    assert charts(app) == over("the epochs for 2 runs")


def test_a_run_that_is_filtered_out_has_no_curve_and_keeps_its_tick(own_run):
    own_run("a")
    set_star(own_run("b"), True)
    set_star(find_run("seed-cnn"), True)
    app = train(compared=["a", "gone", "b"], runs_starred_only=True)
    assert charts(app) == over("the epochs for 1 run")
    (table,) = (part for part in components(app._tree) if "runs_table" in part.proto.id)
    states = app._tree.get_widget_states()
    ticks = json.dumps({"ticked": ["b", "seed-cnn"]})
    states.widgets.add(id=table.proto.id, json_value=ticks)
    app._run(states)
    assert app.session_state[run_actions.COMPARED] == ["a", "b", "seed-cnn"]
    set_star(find_run("seed-cnn"), False)


def test_the_table_is_sorted_by_the_names_that_are_seen():
    rows = sent(train(), "runs_table")["rows"]
    assert [row["values"][0] for row in rows] == [row["title"] for row in rows]
    assert rows[0]["title"] == "Everyday pictures · built in"


def test_a_history_that_grows_is_drawn_anew(own_run):
    run = own_run("mine")
    (run.path / "history.jsonl").unlink()
    app = train("mine")
    assert "There are no curves" in texts(app)
    event = {"event": "epoch", "time": 1.0, "epoch": 1, "accuracy": 0.5, "loss": 1.0}
    append_json_line(run.path / "history.jsonl", event)
    app.run()
    assert charts(app) == over("the epochs for 1 run")


# --- in a browser, on a phone


@pytest.mark.browser
def test_a_finger_chooses_ticks_and_sorts(chromium, server):
    with browsing(chromium, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        go(page, server, "/train", "Train")
        table = page.get_by_role("table", name="Runs that have ended")
        expect(table).to_be_visible()
        seed = "The specification's CNN · built in"
        for name in ("Everyday pictures · built in", seed):
            page.get_by_role("checkbox", name=f"Compare {name}").tap()
        curves = page.get_by_label("Accuracy over the epochs for 2 runs").first
        expect(curves).to_be_visible()
        wait_for_rest(page)

        table.get_by_role("button", name=seed).tap()
        detail = page.locator(".st-key-run-detail")
        expect(detail).to_contain_text("The specification's CNN")
        with page.expect_download() as download:
            detail.get_by_role("button", name="Download").tap()
        assert download.value.suggested_filename == "seed-cnn.zip"
        wait_for_rest(page)
        table.get_by_role("button", name=seed).tap()  # once more: none is chosen
        expect(detail).to_have_count(0)
        wait_for_rest(page)

        table.get_by_role("button", name="Run", exact=True).tap()
        table.get_by_role("button", name="Run", exact=True).tap()
        expect(table.locator("tbody th").first).to_have_text(seed)
        # nothing of the page is wider than the phone
        assert page.evaluate("document.documentElement.scrollWidth") == 390
