"""Over the epochs: the Report page's time machine, against scikit-learn on what was kept."""

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from sklearn.metrics import accuracy_score, confusion_matrix
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

from fmnist.data import CLASS_NAMES
from fmnist.runs.library import find_run
from fmnist.runs.predictions import TEST_EPOCHS_FILE, save_epoch_predictions
from fmnist.runs.run import write_run_info
from pages.parts.report import by_epoch
from tests.charts.test_panels import read_bars
from tests.conftest import load_epoch_predictions
from tests.pages.test_inside import packed
from tests.pages.test_live import keep_networks, strongest
from tests.pages.test_pages import fresh_caches, open_app, texts
from tests.pages.test_report_page import metrics

__all__ = ["fresh_caches", "packed"]  # fixtures


@pytest.fixture(scope="module")
def kept():
    """(E, 10000, 10) uint8 of the shipped run."""
    return load_epoch_predictions(find_run("seed-cnn"))


def view(run="seed-cnn", **query):
    return open_app("report", run=run, view="By epoch", **query)


def test_slider_goes_through_the_epochs(kept, test_part):
    labels = test_part.labels
    app = view()
    assert app.slider(key="epoch").value == len(kept) == 10
    for epoch in (1, 4, 10):
        app.slider(key="epoch").set_value(epoch).run()
        assert not app.exception
        said = kept[epoch - 1].argmax(axis=1)
        shown = metrics(app)
        assert shown["Accuracy"] == f"{accuracy_score(labels, said):.2%}"
        matrix = confusion_matrix(labels, said)
        recall = matrix.diagonal() / matrix.sum(axis=1)
        assert shown["Weakest class"] == CLASS_NAMES[recall.argmin()]
        if epoch > 1:
            before = kept[epoch - 2].argmax(axis=1) == labels
            assert shown["Forgotten"] == f"{(before & (said != labels)).sum():,}"
            assert shown["Newly right"] == f"{(~before & (said == labels)).sum():,}"


CHARTS = {
    "matrix": "Confusion matrix at this epoch",
    "course": "Accuracy over the epochs",
    "recall": "Share right of each class",
    "path": "Probability of each class after each epoch",
}


def charts(app) -> dict[str, pd.DataFrame]:
    """The rows of each chart of the view."""
    found = {}
    for name, words in CHARTS.items():
        (chart,) = (c for c in app.get("vega_lite_chart") if c.proto.alt.startswith(words))
        found[name] = convert_arrow_bytes_to_pandas_df(chart.proto.data.data)
    return found


def test_charts_are_of_the_chosen_epoch(kept, test_part):
    labels = test_part.labels
    app = view(epoch=3, epoch_images="By index", epoch_index=23)
    shown = charts(app)
    said = kept[2].argmax(axis=1)
    rows = shown["matrix"]
    expected = confusion_matrix(labels, said)
    for true, predicted, count in rows[["true", "predicted", "count"]].itertuples(index=False):
        assert count == expected[CLASS_NAMES.index(true), CLASS_NAMES.index(predicted)]
    assert len(rows) == 100
    rows = shown["course"]
    accuracy = [accuracy_score(labels, one.argmax(axis=1)) for one in kept]
    np.testing.assert_allclose(rows["accuracy"], accuracy)
    rows = shown["recall"].set_index("class")
    recall = expected.diagonal() / expected.sum(axis=1)
    np.testing.assert_allclose(rows.loc[list(CLASS_NAMES), "recall"], recall)
    (html,) = (h.proto.body for h in app.get("html") if "after this epoch" in h.proto.body)
    shares = [float(words.split("%")[0]) for _, _, words in read_bars(html)[1].values()]
    np.testing.assert_allclose(shares, kept[2][23] / 2.55, atol=0.051)
    rows = shown["path"]
    of_label = rows[rows["class"] == CLASS_NAMES[labels[23]]].sort_values("epoch")
    np.testing.assert_allclose(of_label["probability"], kept[:, 23, labels[23]] / 255)


def test_a_click_on_a_cell_or_a_point_chooses_it(monkeypatch):
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    by_epoch._choose_cell({"true": "Coat", "predicted": "Shirt"})
    assert (state["epoch_true"], state["epoch_predicted"]) == ("Coat", "Shirt")
    assert state["epoch_images"] == "Of a cell"
    by_epoch._choose_cell({"true": "Hat"})  # forged
    assert (state["epoch_true"], state["epoch_predicted"]) == ("Any class", "Any class")
    by_epoch._choose_epoch({"epoch": 4.0})
    assert state["epoch"] == 4
    for forged in ({"epoch": "5"}, {"epoch": 4.5}, {}):
        by_epoch._choose_epoch(forged)
        assert state["epoch"] == 4


def test_a_cell_is_chosen_in_the_boxes_too(kept, test_part):
    app = view(epoch=2, epoch_images="Never learnt")
    app.segmented_control(key="epoch_images").set_value("Of a cell").run()
    assert "Choose a cell of the matrix, or a class here." in texts(app)
    app.selectbox(key="epoch_true").set_value("Bag").run()
    assert "1,000 test images, the most confident" in texts(app)
    app.selectbox(key="epoch_predicted").set_value("Shirt").run()
    assert not app.exception
    count = ((test_part.labels == 8) & (kept[1].argmax(axis=1) == 6)).sum()
    assert f"{count:,} test images, the most confident" in texts(app)


def test_a_link_shows_the_images_of_a_cell_at_an_epoch(kept, test_part):
    app = view(epoch=2, epoch_true="Shirt", epoch_predicted="T-shirt/top")
    said = kept[1].argmax(axis=1)
    found = np.flatnonzero((test_part.labels == 6) & (said == 0))
    assert f"{len(found):,} test images, the most confident answers first" in texts(app)
    surest = found[kept[1][found].max(axis=1) == kept[1][found].max()]
    shown = next(m.value for m in app.markdown if m.value.startswith("**Test image "))
    assert shown.startswith(f"**Test image {surest.min()}**")
    assert "After epoch 2: T-shirt/top :orange-badge[wrong]" in shown


def test_any_image_goes_through_training(kept, test_part):
    right = kept.argmax(axis=2) == test_part.labels
    forgotten = (right[:-1] & ~right[1:]).sum(axis=0)
    for index, words in (
        (np.argmax(forgotten == 2), "and 2 times forgotten."),
        (np.argmax(forgotten == 1), "and 1 time forgotten."),
        (np.argmax(right.all(axis=0)), "It was first right after epoch 1, and never forgotten."),
        (np.argmin(right.any(axis=0)), "It was never right."),
    ):
        app = view(epoch=3, epoch_images="By index", epoch_index=int(index))
        assert words in texts(app)
        if right[:, index].any():
            assert f"first right after epoch {right[:, index].argmax() + 1}, " in texts(app)
    app.number_input(key="epoch_index").set_value(9_999).run()
    assert "**Test image 9999**" in texts(app)
    app = view(epoch_images="By index", epoch_index="-3")
    assert not app.exception


@pytest.mark.parametrize("which", ["Learnt last", "Forgotten most often", "Never learnt"])
def test_lists_of_what_was_hard_to_learn(which, kept, test_part):
    right = kept.argmax(axis=2) == test_part.labels
    first = np.where(right.any(axis=0), right.argmax(axis=0) + 1, 0)
    forgotten = (right[:-1] & ~right[1:]).sum(axis=0)
    counts = {
        "Learnt last": (first > 1).sum(),
        "Forgotten most often": (forgotten > 0).sum(),
        "Never learnt": (first == 0).sum(),
    }
    app = view(epoch_images=which)
    assert f"{counts[which]:,} test images: " in texts(app)
    shown = next(m.value for m in app.markdown if m.value.startswith("**Test image "))
    index = int(shown.split("**")[1].removeprefix("Test image "))
    if which == "Learnt last":
        assert first[index] == first.max()
    elif which == "Forgotten most often":
        assert forgotten[index] == forgotten.max()
    else:
        assert not right[:, index].any()


def test_run_without_epochs_says_what_is_missing_and_offers_others(own_run):
    (own_run("bare").path / TEST_EPOCHS_FILE).unlink(missing_ok=True)
    app = view("bare")
    assert not app.exception
    assert "was not stored when it was trained" in app.info[0].value
    write_run_info(find_run("bare").path, epochs_done=0)
    assert "was stopped before its first epoch ended" in view("bare").info[0].value
    write_run_info(find_run("bare").path, epochs_done=2)
    assert not app.slider
    others = [button for button in app.button if button.key.startswith("epochs-of-")]
    assert [button.label for button in others] == [
        "Everyday pictures · built in",
        "Most accurate on the test set · built in",
        "The specification's CNN · built in",
    ]
    others[2].click().run()
    assert not app.exception
    assert app.session_state["run"] == "seed-cnn"
    assert app.slider(key="epoch").value == 10


def test_an_image_is_followed_through_the_network_after_the_chosen_epoch(packed, own_run):
    run = own_run("followed")
    rng = np.random.default_rng(0)
    for epoch in (1, 2, 3):
        save_epoch_predictions(run.path, epoch, rng.dirichlet(np.ones(10), 10_000))
    keep_networks(run.path, (0, 1, 3))
    app = view("followed", epoch=3, epoch_images="By index", epoch_index=23)
    assert packed == []
    app.toggle(key="epoch-inside").set_value(True).run()
    assert strongest(packed[-1]) == 3
    app.slider(key="epoch").set_value(2).run()
    assert strongest(packed[-1]) == 1  # the nearest one that was kept
    assert "The network after epoch 1," in texts(app)
    shipped = view(epoch=3, epoch_images="By index", epoch_index=23)  # which has kept none
    assert "epoch-inside" not in [toggle.key for toggle in shipped.toggle]


def test_run_with_one_epoch_and_one_that_is_shorter_than_the_address_says(own_run):
    run = own_run("short")
    rng = np.random.default_rng(0)
    save_epoch_predictions(run.path, 1, rng.dirichlet(np.ones(10), 10_000))
    app = view("short", epoch=7)
    assert not app.exception
    assert "one epoch" in texts(app)
    assert not app.slider
    assert "There is no such test image" in texts(view("short", epoch_images="Learnt last"))
    for epoch in (2, 3):
        save_epoch_predictions(run.path, epoch, rng.dirichlet(np.ones(10), 10_000))
    app = view("short", epoch=7)
    assert not app.exception
    assert app.slider(key="epoch").value == 3
    app.session_state["epoch"] = 9  # of a run that was looked at before
    app.run()
    assert not app.exception
    assert app.slider(key="epoch").value == 3


@pytest.mark.parametrize(
    "query",
    [
        {"epoch": "many"},
        {"epoch": "0"},
        {"epoch_images": "<b>"},
        {"epoch_true": "Hat", "epoch_predicted": "<b>"},
        {"epoch_images": "By index", "epoch_index": "10000"},
    ],
)
def test_nonsense_in_the_address_breaks_nothing(query):
    assert not view(**query).exception


def test_file_that_is_gone_or_torn_breaks_nothing(own_run):
    run = own_run("torn")
    (run.path / TEST_EPOCHS_FILE).write_bytes(b"x" * 50_000)
    assert "was not stored" in view("torn").info[0].value
    (run.path / TEST_EPOCHS_FILE).unlink()
    assert "was not stored" in view("torn").info[0].value
    (run.path / TEST_EPOCHS_FILE).mkdir()  # a folder with a folder in it is no run
    app = view("torn")
    assert not app.exception
    assert "There is no run" in app.warning[0].value


def test_file_that_goes_while_it_is_looked_at(own_run):
    run = own_run("going")
    for epoch in (1, 2):
        save_epoch_predictions(
            run.path, epoch, np.random.default_rng(0).dirichlet(np.ones(10), 10_000)
        )
    app = view("going", epoch_images="By index")
    (run.path / TEST_EPOCHS_FILE).unlink()
    app.slider(key="epoch").set_value(1).run()
    assert not app.exception


def test_a_run_that_has_had_another_epoch_is_read_again(own_run):
    run = own_run("growing")
    for epoch in (1, 2):
        save_epoch_predictions(
            run.path, epoch, np.random.default_rng(0).dirichlet(np.ones(10), 10_000)
        )
    app = view("growing")
    assert app.slider(key="epoch").max == 2
    save_epoch_predictions(run.path, 3, np.random.default_rng(1).dirichlet(np.ones(10), 10_000))
    app.run()
    assert not app.exception
    assert app.slider(key="epoch").max == 3
