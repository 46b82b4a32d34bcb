"""The Report page, view by view, against scikit-learn and SciPy on the stored predictions."""

import json
import shutil

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    log_loss,
    top_k_accuracy_score,
)

from fmnist.analysis import corruptions
from fmnist.data import BUNDLED_DIR, CLASS_NAMES, load, split
from fmnist.inference.classifier import load_classifier
from fmnist.metrics.calibration import expected_calibration_error
from fmnist.runs.library import DEFAULT_RUN, find_run
from fmnist.runs.predictions import load_predictions
from pages.parts.report import compare, confidence
from pages.parts.shared import loading, widgets
from tests.pages.test_pages import open_app, texts


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def sent(app, key: str) -> dict:
    """What the component of a table whose rows can be chosen was given."""
    (element,) = (e for e in app.get("bidi_component") if e.proto.id.endswith(f"-{key}"))
    return json.loads(element.proto.json)


def table(app, key: str) -> list[tuple]:
    """The values of such a table, row by row."""
    return [tuple(row["values"]) for row in sent(app, key)["rows"]]


def view(name: str, **query):
    return open_app("report", run="seed-cnn", view=name, **query)


def test_report_shows_the_numbers_of_the_run():
    app = open_app("report")
    values = {metric.label: metric.value for metric in app.metric}
    scores = find_run(DEFAULT_RUN).scores
    assert values["Accuracy"] == f"{scores['test_accuracy']:.2%}"
    assert values["Test images"] == "10,000"
    assert values["Loss"] == f"{scores['test_loss']:.4f}"
    rows = table(app, "classes")
    assert [row[0] for row in rows] == [*CLASS_NAMES, "macro avg", "weighted avg"]
    assert [button.label for button in app.download_button] == [
        "CSV",
        "JSON",
        "Matrix as PNG",
        "Matrix as PDF",
    ]


def test_report_shows_calibration_and_says_where_there_is_none(own_run):
    app = open_app("report", view="When unsure")
    policy = load_classifier(find_run(DEFAULT_RUN)).policy
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Calibration error (ECE)"] == f"{policy.measured['ece_after']:.2%}"
    assert f"of {policy.confidence_threshold:.0%} on" in texts(app)
    own_run("unfitted")
    app = open_app("report", run="unfitted", view="When unsure")
    assert not app.exception
    assert "Nothing was fitted for this run" in texts(app)


def test_overview_has_the_numbers_of_scikit_learn(stored, test_part):
    app = view("Overview")
    labels = test_part.labels
    shown = metrics(app)
    assert shown["Accuracy"] == f"{accuracy_score(labels, stored.argmax(axis=1)):.2%}"
    assert shown["Top 2"] == f"{top_k_accuracy_score(labels, stored, k=2):.2%}"
    matrix = confusion_matrix(labels, stored.argmax(axis=1))
    pair, mistakes, forth, back = table(app, "pairs")[0]
    a, b = (CLASS_NAMES.index(name) for name in pair.split(" – "))
    both = matrix + matrix.T - 2 * np.diag(np.diag(matrix))
    assert mistakes == both[a, b] == both.max()
    assert (forth, back) == (matrix[a, b], matrix[b, a])
    report = classification_report(
        labels, stored.argmax(axis=1), target_names=CLASS_NAMES, output_dict=True
    )
    for name, precision, recall, bounds, f1, support in table(app, "classes")[:10]:
        expected = report[name]
        assert (precision, recall, f1) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"])
        )
        assert support == expected["support"]
        right = matrix[CLASS_NAMES.index(name), CLASS_NAMES.index(name)]
        wilson = binomtest(int(right), int(support)).proportion_ci(method="wilson")
        assert bounds == pytest.approx((wilson.low, wilson.high))


def test_a_link_shows_the_images_of_a_cell_and_of_its_reverse(stored, test_part):
    app = view("Overview", true="Shirt", predicted="Coat")
    answers = stored.argmax(axis=1)
    there = ((test_part.labels == 6) & (answers == 4)).sum()
    back = ((test_part.labels == 4) & (answers == 6)).sum()
    assert f"**Shirt, taken for Coat** ({there})" in texts(app)
    assert f"**Coat, taken for Shirt** ({back})" in texts(app)
    assert sent(app, "classes")["chosen"] is None


def test_a_link_marks_the_row_that_it_leads_from():
    assert sent(view("Overview", true="Shirt"), "classes")["chosen"] == "Shirt"
    pairs = sent(view("Overview", true="Shirt", predicted="Coat"), "pairs")
    assert pairs["chosen"] == "Shirt – Coat"
    assert pairs["chosen"] in [row["name"] for row in pairs["rows"]]


def test_a_class_alone_shows_all_its_images_and_nonsense_none():
    app = view("Overview", true="Bag")
    assert "1,000 test images, the most confident answers first" in texts(app)
    app = view("Overview", true="Hat", predicted="<b>")
    assert not app.exception
    assert "Choose a cell" in texts(app)


def test_threshold_changes_what_is_answered(stored, test_part):
    app = view("Confidence", threshold=90)
    given = stored.max(axis=1) >= 0.9
    right = (stored.argmax(axis=1) == test_part.labels) & given
    shown = metrics(app)
    assert shown["Answered"] == f"{given.mean():.1%}"
    assert shown["Accuracy of the answers"] == f"{right.sum() / given.sum():.2%}"
    assert shown["Wrong answers left"] == f"{given.sum() - right.sum():,}"
    app.slider(key="threshold").set_value(0).run()
    assert metrics(app)["Answered"] == "100.0%"


def test_a_link_shows_the_images_of_a_bin_of_confidence(stored, test_part):
    app = view("Confidence", sure="80% to 87%")
    inside = (stored.max(axis=1) > 12 / 15) & (stored.max(axis=1) <= 13 / 15)
    wrong = inside & (stored.argmax(axis=1) != test_part.labels)
    assert f"**{inside.sum():,} images**, {wrong.sum():,} of them mistakes" in texts(app)
    # the mistakes come first, though a right answer's loss may be higher than theirs
    app = open_app("report", run="robust", view="Confidence", sure="33% to 40%")
    wrong = load_predictions(find_run("robust")).argmax(axis=1) != test_part.labels
    ids = [picture["id"] for picture in sent(app, "bin-gallery")["items"]]
    assert 20 < wrong[ids].sum() < len(ids)
    assert wrong[ids].tolist() == sorted(wrong[ids], reverse=True)
    app = view("Confidence", sure="as sure as can be")
    assert not app.exception
    assert "of them mistakes" not in texts(app)


def test_a_link_shows_the_mistakes_of_a_slice(stored, test_part):
    app = view("By image property", slice="Contrast: lowest fifth")
    contrast = [np.std(image[image > 8]) if (image > 8).any() else 0 for image in test_part.images]
    fifth = np.argsort(contrast, kind="stable")[:2_000]
    right = (stored.argmax(axis=1) == test_part.labels)[fifth].mean()
    assert f"**{right:.1%}** on the 2,000 images from" in texts(app)


def test_slices_are_drawn_for_every_measure():
    app = view("By image property")
    assert not app.exception
    for name in ("Brightness", "Fill", "Aspect", "Contrast"):
        assert f"**{name}**" in texts(app)


def test_robustness_is_offered_and_shown_once_it_is_measured(own_run):
    run = own_run("mine")
    app = open_app("report", run="mine", view="Robustness")
    assert [button.label for button in app.button] == ["Measure"]
    right = [(name, s, 6_000 - 1_000 * s) for name in corruptions.CORRUPTIONS for s in range(1, 6)]
    corruptions.write_corruptions(run, [("", 0, 9_000), *right], 10_000)
    app = open_app("report", run="mine", view="Robustness")
    assert not app.exception
    assert not app.button
    assert "What the corruptions look like" in texts(app)


def test_two_runs_are_compared_by_mcnemar(own_run, stored, test_part):
    other = stored.copy()
    wrong = np.flatnonzero(stored.argmax(axis=1) == test_part.labels)[:60]
    other[wrong] = np.roll(other[wrong], 1, axis=1)
    own_run("worse", probabilities=other)
    app = open_app("report", run="seed-cnn", view="Compare", **{"with": "worse"})
    shown = metrics(app)
    assert shown["McNemar's exact test"] == f"p = {binomtest(60, 60).pvalue:.2g}"
    assert shown["Difference"] == "+0.60 points"
    assert "“The specification's CNN” is better on images like these" in texts(app)
    assert "60 test images" in texts(app)


def test_one_run_alone_has_nothing_to_be_compared_with(monkeypatch):
    only = [find_run("seed-cnn")]
    monkeypatch.setattr(compare, "list_usable_runs", lambda: only)
    assert "no other run" in view("Compare").info[0].value


def test_the_report_can_be_taken_away():
    app = view("Export")
    labels = [button.label for button in app.download_button]
    assert labels == ["Report as HTML", "Model card"]


@pytest.mark.parametrize(
    "name",
    ["Overview", "Confidence", "By image property", "Compare", "When unsure", "Export", "<b>"],
)
def test_every_view_of_a_run_that_never_predicts_some_class(own_run, name):
    probabilities = np.zeros((10_000, 10))
    probabilities[:, 8] = 1
    own_run("all-bags", probabilities=probabilities)
    assert not open_app("report", run="all-bags", view=name, true="Bag").exception


@pytest.mark.parametrize("name", ["robust", "seed-cnn"])
def test_temperature_is_that_of_the_probabilities_shown(name, test_part):
    run = find_run(name)
    app = open_app("report", run=name, view="Confidence")
    part = load("train")
    held_out = split(part.labels)[1]
    said, _ = load_classifier(run)(part.images[held_out])

    def loss(temperature):
        return log_loss(part.labels[held_out], softmax(np.log(said + 1e-12) / temperature, axis=1))

    best = minimize_scalar(loss, bounds=(0.5, 2), method="bounded").x
    (under,) = [m.delta for m in app.metric if m.label == "After temperature scaling"]
    assert float(under.removeprefix("temperature ")) == pytest.approx(best, abs=2e-3)
    scaled = softmax(np.log(load_predictions(run) + 1e-12) / best, axis=1)
    shown = float(metrics(app)["After temperature scaling"].removesuffix("%")) / 100
    assert shown == pytest.approx(expected_calibration_error(scaled, test_part.labels), abs=2e-4)


def test_confidence_without_the_training_images_is_one_sentence(tmp_path, monkeypatch):
    app = open_app("report", run="seed-cnn")
    for part in ("images-idx3", "labels-idx1"):
        shutil.copy(BUNDLED_DIR / f"t10k-{part}-ubyte.gz", tmp_path)
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    loading.load_validation.clear()
    confidence._temperature.clear()
    confidence._confidence_specs.clear()
    app.session_state["view"] = "Confidence"
    app.run()
    assert not app.exception
    assert "is missing" in app.error[0].value


def test_a_chart_takes_the_same_click_again_where_something_else_was_chosen_since(monkeypatch):
    state, clicks = {}, []
    monkeypatch.setattr(widgets.st, "session_state", state)
    first = widgets.clickable("chart", "cell", "nothing", clicks.append)
    assert widgets.clickable("chart", "cell", "other", clicks.append)["key"] == first["key"]
    state[first["key"]] = {"selection": {"cell": [{"at": 3}]}}
    first["on_select"]()
    for _ in range(2):  # the click has led there
        assert widgets.clickable("chart", "cell", "third", clicks.append)["key"] == first["key"]
    second = widgets.clickable("chart", "cell", "fourth", clicks.append)
    assert second["key"] != first["key"]
    assert widgets.clickable("chart", "cell", "fifth", clicks.append)["key"] == second["key"]
    state[second["key"]] = {"selection": {}}
    second["on_select"]()
    assert clicks == [{"at": 3}, {}]
