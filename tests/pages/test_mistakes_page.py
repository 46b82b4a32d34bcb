"""The Mistakes page: orders, filters, tags, the label review, the game and the map."""

from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from fmnist import access
from fmnist.analysis import projection, training_distance
from fmnist.analysis.dataset.duplicates import load_duplicate_pairs
from fmnist.analysis.label_issues import find_label_issues
from fmnist.analysis.training_distance import TrainingDistance
from fmnist.collections import notes
from fmnist.collections.label_review import find_disputed_labels
from fmnist.data import CLASS_NAMES
from fmnist.runs.library import DEFAULT_RUN, find_run, list_runs
from fmnist.runs.predictions import load_predictions, save_epoch_predictions
from fmnist.settings import TrainSettings
from pages.parts.mistakes import map_job
from pages.parts.mistakes.label_review_view import SEEN
from pages.parts.mistakes.map_view import _chosen
from pages.parts.shared import frame
from tests.pages.test_pages import open_app, texts


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


def page(do: str = "Gallery", run: str = "seed-cnn", **query):
    return open_app("mistakes", run=run, do=do, **query)


def first_shown(app) -> int:
    line = next(m.value for m in app.markdown if m.value.startswith("**Test image "))
    return int(line.split("**")[1].removeprefix("Test image "))


def test_report_and_mistakes_of_a_run_that_never_predicts_some_class(own_run):
    probabilities = np.zeros((10_000, 10))
    probabilities[:, 8] = 1
    own_run("all-bags", probabilities=probabilities)
    app = open_app("report", run="all-bags")
    assert {metric.label: metric.value for metric in app.metric}["Accuracy"] == "10.00%"
    app.switch_page("pages/mistakes.py").run()
    assert not app.exception
    assert "**9,000** of 9,000 mistakes" in texts(app)


def test_run_without_a_mistake_is_no_error(own_run, test_part):
    own_run("perfect", probabilities=np.eye(10)[test_part.labels])
    app = open_app("mistakes", run="perfect")
    assert "No test image passes" in texts(app)


def test_mistakes_can_be_filtered(test_part):
    app = open_app("mistakes")
    stored = load_predictions(find_run(DEFAULT_RUN))
    predicted = stored.argmax(axis=1)
    wrong = predicted != test_part.labels
    assert f"**{wrong.sum():,}** of {wrong.sum():,} mistakes" in texts(app)
    app.multiselect(key="mistakes_true").set_value([6])
    app.multiselect(key="mistakes_predicted").set_value([0])
    app.slider(key="mistakes_confidence").set_value((50, 100)).run()
    assert not app.exception
    expected = wrong & (test_part.labels == 6) & (predicted == 0) & (stored.max(axis=1) >= 0.5)
    assert f"**{expected.sum():,}** of" in texts(app)
    app.selectbox(key="mistakes_sort").set_value("By index").run()
    assert f"Test image {np.flatnonzero(expected)[0]}" in texts(app)


def test_a_link_opens_the_gallery_as_it_was_filtered(stored, test_part):
    query = {"mistakes_true": "Shirt", "mistakes_predicted": "Coat", "mistakes_sort": "By index"}
    app = page(**query)
    predicted = stored.argmax(axis=1)
    expected = np.flatnonzero((test_part.labels == 6) & (predicted == 4))
    assert f"**{len(expected):,}** of" in texts(app)
    assert first_shown(app) == expected[0]
    app = page(mistakes_true="Hat", mistakes_sort="<b>", mistakes_which="x", mistakes_tag="none")
    assert not app.exception
    assert f"**{(predicted != test_part.labels).sum():,}** of" in texts(app)


def test_choosing_a_mistake_shows_it(test_part):
    app = open_app("mistakes")
    stored = load_predictions(find_run(DEFAULT_RUN))
    wrong = np.flatnonzero(stored.argmax(axis=1) != test_part.labels)
    app.selectbox(key="mistakes_sort").set_value("By index").run()
    chosen = int(wrong[5])
    app.session_state["mistakes-gallery"] = {"selected": chosen}
    app.run()
    assert not app.exception
    assert f"**Test image {chosen}**" in texts(app)
    for nonsense in ("x", None, [1], 10**9):
        app.session_state["mistakes-gallery"] = {"selected": nonsense}
        app.run()
        assert not app.exception
        assert f"**Test image {wrong[0]}**" in texts(app)


def test_orders(stored, test_part):
    labels = test_part.labels
    wrong = np.flatnonzero(stored.argmax(axis=1) != labels)
    top = np.sort(stored[wrong], axis=1)
    app = page()
    app.selectbox(key="mistakes_sort").set_value("Smallest margin first").run()
    assert first_shown(app) == wrong[(top[:, -1] - top[:, -2]).argmin()]
    app.selectbox(key="mistakes_sort").set_value("Most suspicious label first").run()
    of_label = stored[wrong, labels[wrong]]
    assert first_shown(app) == wrong[(of_label - top[:, -1]).argmin()]
    app.selectbox(key="mistakes_sort").set_value("Wrong in most runs first").run()
    shipped = [load_predictions(run).argmax(axis=1) for run in list_runs()]
    often = np.sum([said[wrong] != labels[wrong] for said in shipped], axis=0)
    assert first_shown(app) == wrong[often.argmax()]
    app.selectbox(key="mistakes_sort").set_value("Least contrast first").run()
    garments = [image[image > 8].std() for image in test_part.images[wrong]]  # as on the Report
    assert first_shown(app) == wrong[np.argmin(garments)]


def test_label_issues_and_all_images(stored, test_part):
    app = page()
    app.segmented_control(key="mistakes_which").set_value("Label issues").run()
    assert f"**{find_label_issues(stored, test_part.labels).sum():,}** of 10,000" in texts(app)
    app.segmented_control(key="mistakes_which").set_value("All").run()
    assert "**10,000** of 10,000 test images" in texts(app)


def test_a_star_is_kept_and_can_be_filtered_by(stored, test_part):
    app = page()
    index = first_shown(app)
    next(b for b in app.button if b.label == "Star").click().run()
    assert not app.exception
    assert notes.tags() == {"starred": [index]}
    assert any(b.label == "Starred" for b in app.button)
    app.selectbox(key="mistakes_tag").set_value("starred").run()
    assert "**1** of" in texts(app)
    assert [button.label for button in app.download_button] == ["All tags as CSV"]
    next(b for b in app.button if b.label == "Starred").click().run()
    assert notes.tags() == {}


def test_tags_that_a_visitor_has_chosen_are_not_sent_back():
    """It would undo the next change, where that one is on its way."""
    notes.tag([0], "odd")
    app = open_app("mistakes")

    def box():
        return next(one for one in app.multiselect if one.label == "Tags")

    box().set_value(["odd"]).run()
    assert not app.exception
    assert (box().value, box().proto.set_value) == (["odd"], False)


def test_damaged_tags_are_one_sentence():
    notes.tag([1], "a")
    (notes.directory() / "tags.json").write_text("{")
    app = page()
    assert not app.exception
    assert "The tags are damaged" in app.error[0].value


@pytest.mark.slow
def test_all_about_an_image_names_neighbours_and_other_runs(own_run):
    run = own_run("mine", settings=TrainSettings(fraction=0.05).to_dict())
    rng = np.random.default_rng(0)
    predicted = [rng.dirichlet(np.ones(10), 10_000) for _ in range(3)]
    for epoch, probabilities in enumerate(predicted, start=1):
        save_epoch_predictions(run.path, epoch, probabilities)
    app = open_app("mistakes", run="mine")
    app.session_state["mistakes-more"] = True
    app.run(timeout=300)
    assert not app.exception
    assert "What all runs answer" in texts(app)
    assert "**Test image 2914**" in texts(app)  # a sneaker
    assert 7 not in [probabilities[2914].argmax() for probabilities in predicted]
    assert "It was never right." in texts(app)
    table = next(f.value for f in app.dataframe if "answer" in f.value)
    assert {"The specification's CNN · built in", "mine (this one)"} <= set(table["run"])


def test_label_review_shows_the_next_case_until_it_is_voted_on(stored, test_part):
    first, second = find_disputed_labels(stored, test_part.labels)[:2]
    app = page("Label review")
    buttons = [b.label for b in app.button]
    assert buttons == [*(CLASS_NAMES[c] for c in first.shown), "Can't tell"]
    next(b for b in app.button if b.label == CLASS_NAMES[first.answer]).click().run()
    assert [(v.index, v.choice) for v in notes.votes()] == [(first.index, first.answer)]
    assert [b.label for b in app.button][:2] == [CLASS_NAMES[c] for c in second.shown]
    # who comes back, or another visitor, goes on there
    assert [b.label for b in page("Label review").button][:2] == [
        CLASS_NAMES[c] for c in second.shown
    ]
    right = (stored.argmax(axis=1) == test_part.labels).sum()
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Adjusted accuracy"] == f"{(right + 1) / 10_000:.2%}"
    next(b for b in app.button if b.key.startswith("review-none-")).click().run()
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Adjusted accuracy"] == f"{(right + 1) / 10_000:.2%}"
    assert shown["Undecided"] == "1"
    next(b for b in app.button if b.label == "Undo the last vote").click().run()
    assert [(v.index, v.choice) for v in notes.votes()] == [(first.index, first.answer)]
    assert [b.label for b in app.button] == [*(CLASS_NAMES[c] for c in second.shown), "Can't tell"]


def test_a_round_against_the_network_ends_with_a_score():
    app = page("Beat the network")
    app.button(key="game-begin").click().run()
    for at in range(10):
        assert not app.exception
        turn = app.session_state["game"]["turns"][at]
        app.button(key=f"game-{at}-{turn.shown.index(turn.label)}").click().run()
    assert "You win." in [s.value for s in app.header]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["You"] == "10 of 10"
    assert shown["The specification's CNN · built in"] == "5 of 10"
    app.button(key="game-again").click().run()
    assert app.progress[0].text == "Image 1 of 10"


@pytest.fixture
def nothing_measured():
    """A server remembers what was measured; these tests measure, or make up, their own."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.usefixtures("nothing_measured")
def test_orders_by_what_was_learnt_from(stored, test_part, own_run):
    found = TrainingDistance(np.arange(10_000), np.random.default_rng(0).random(10_000, np.float32))
    training_distance.write_training_distance(own_run("mine"), found)
    wrong = np.flatnonzero(stored.argmax(axis=1) != test_part.labels)
    app = page(run="mine")
    app.selectbox(key="mistakes_sort").set_value("Farthest from the training set first").run()
    assert first_shown(app) == wrong[found.distances[wrong].argmax()]
    app.selectbox(key="mistakes_sort").set_value("Nearest to the training set first").run()
    assert first_shown(app) == wrong[found.distances[wrong].argmin()]


def test_images_that_are_nearly_the_same_in_training_are_those_of_the_dataset_page():
    app = page()
    app.segmented_control(key="mistakes_which").set_value("Near-duplicates").run()
    assert not app.exception
    pairs = load_duplicate_pairs().numbers
    leaks = {int(high) for low, high in pairs if low < 60_000 <= high}
    assert f"**{len(leaks)}** of 10,000 test images" in texts(app)
    assert first_shown(app) + 60_000 in leaks


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_measured")
def test_nearest_training_images_are_found_on_demand(own_run):
    run = own_run("mine", settings=TrainSettings(fraction=0.05).to_dict())
    app = open_app("mistakes", run="mine")
    app.selectbox(key="mistakes_sort").set_value("Farthest from the training set first")
    app.run(timeout=300)
    assert not app.exception
    found = training_distance.read_training_distance(run, 10_000)
    assert found.distances.min() >= 0
    shown = first_shown(app)
    assert found.distances[shown] > np.quantile(found.distances, 0.99)


@pytest.mark.slow
def test_visitors_of_a_public_app_do_not_stop_the_computation_of_the_map(own_run, monkeypatch):
    run, stopped = own_run("mine"), []
    process = SimpleNamespace(poll=lambda: None, terminate=lambda: stopped.append("stopped"))
    known = {run.files["model.tflite"]: (process, 0.0)}
    monkeypatch.setattr(map_job, "_processes", lambda: known)
    app = page("Map", "mine")
    monkeypatch.setenv("FMNIST_PUBLIC", "1")
    monkeypatch.setattr(access, "_is_owner", frame._is_owner)  # commands that were run are owners
    app.button(key="map-stop").click().run()  # drawn before, as of an owner who has signed out
    assert not app.exception
    assert "Computing the map" in texts(app)
    assert not app.button
    assert stopped == []
    monkeypatch.delenv("FMNIST_PUBLIC")
    app.run()
    app.button(key="map-stop").click().run()
    assert stopped == ["stopped"]


@pytest.mark.slow
def test_the_map_is_pca_until_the_better_one_is_there(own_run):
    run = own_run("mine")
    app = page("Map", "mine")
    assert not app.exception
    assert "Two principal components" in texts(app)
    projection.write_projection(run, np.zeros((10_000, 2), np.float32))
    app = page("Map", "mine")
    assert not app.exception
    assert "t-SNE" in texts(app)
    assert not app.button


@pytest.mark.slow
def test_a_lasso_and_a_click_on_the_map_show_images(stored, test_part, own_run):
    right = stored.argmax(axis=1) == test_part.labels
    places = np.random.default_rng(0).uniform(-1, 1, (10_000, 2)).astype(np.float32)
    projection.write_projection(own_run("mine"), places)
    app = page("Map", "mine")
    square = [[0.25, 0.25], [0.25, 0.75], [0.75, 0.75], [0.75, 0.25]]
    app.session_state["map"] = {"chosen": {"lasso": square}}
    app.run()
    inside = (np.abs(places) < 0.5).all(axis=1)
    assert f"**{inside.sum():,} images** in the region, {(inside & ~right).sum():,}" in texts(app)
    assert first_shown(app) == np.flatnonzero(inside & ~right)[0]  # mistakes come first
    app.session_state["map"] = {"chosen": {"index": 42}}
    app.run()
    assert first_shown(app) == 42
    for nonsense in ({"index": -1}, {"index": 10**9}, {"lasso": "x"}, {"lasso": [[1, 2]]}, 3):
        app.session_state["map"] = {"chosen": nonsense}
        app.run()
        assert not app.exception
        assert "images** in the region" not in texts(app)


def test_what_was_hidden_on_the_map_is_not_in_the_region(stored, test_part):
    places = np.zeros((10_000, 2), np.float32)
    answers, labels = stored.argmax(axis=1), test_part.labels
    lasso = [[0, 0], [1, 0], [1, 1], [0, 1]]

    def chosen(**more):
        return _chosen({"lasso": lasso, **more}, places, labels, answers != labels)

    assert chosen().all()
    assert set(labels[chosen(hidden=[0, 6])]) == {1, 2, 3, 4, 5, 7, 8, 9}
    assert (chosen(onlyMisses=True) == (answers != labels)).all()
    for nonsense in ("all", [None, {}, "6"], 3, {"0": 1}):
        assert chosen(hidden=nonsense, onlyMisses="yes").all()


def test_a_case_is_voted_on_once_and_again_where_another_run_says_otherwise(stored, test_part):
    case = find_disputed_labels(stored, test_part.labels)[0]
    app = page("Label review")
    app.session_state[SEEN] = {(case.index, (case.answer + 1) % 10)}
    app.run()
    assert [b.label for b in app.button][:2] == [CLASS_NAMES[c] for c in case.shown]
    app.session_state[SEEN] = {(case.index, case.answer)}
    button = next(b for b in app.button if b.key == f"review-none-{case.index}")
    button.click().run()  # a click that was under way when the case had been voted on
    assert notes.votes() == []


@pytest.mark.parametrize(
    ("page_name", "key", "old", "new"),
    [("mistakes", "do", "Label court", "Label review"), ("report", "view", "Two runs", "Compare")],
)
def test_a_link_with_a_former_name_opens_the_view_and_says_so(page_name, key, old, new):
    app = open_app(page_name, run="seed-cnn", **{key: old})
    assert not app.exception
    assert app.segmented_control(key=key).value == new
    assert app.query_params[key] == new  # to be copied
    assert f"“{old}” is called “{new}” now" in app.warning[0].value
    app.segmented_control(key=key).set_value("Map" if key == "do" else "Export").run()
    assert not app.warning
