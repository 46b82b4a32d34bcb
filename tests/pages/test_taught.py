"""Teaching on the Classify page: sets, what counts, and that it counts for nobody else."""

import io
import itertools
import zipfile

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from fmnist.collections import corrections
from fmnist.data import COAT, PULLOVER
from fmnist.inference.answer import Answer, answer_bytes
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.networks import load_second_networks
from fmnist.inference.teaching import leave_one_out
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from pages.parts.classify import taught
from pages.parts.classify.answered import Answered
from pages.parts.shared import loading
from tests.pages.test_folder import zip_file
from tests.pages.test_pages import open_app, texts, upload
from tests.pages.test_report_page import metrics

PNG = "image/png"


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((280, 280)).save(buffer, "PNG")  # no image of the dataset's
    return buffer.getvalue()


def find_coats(test_part) -> list[bytes]:
    """Four coats that are called pullovers, each of which the other three put right."""
    classifier = load_classifier(find_run("robust"))
    second = load_second_networks()
    wrong = []
    said = load_predictions(find_run("robust")).argmax(axis=1)  # of the smaller pictures
    for at in np.flatnonzero((test_part.labels == COAT) & (said == PULLOVER)):
        picture = png(test_part.images[at])
        answer = answer_bytes(picture, classifier, second=second)
        if answer.class_id != PULLOVER:
            continue
        for three in itertools.combinations(wrong, 3):
            pictures, answers = zip(*three, (picture, answer), strict=True)
            if leave_one_out(answers, [COAT] * 4) == (4, 0, 4):
                return list(pictures)
        wrong.append((picture, answer))
    raise AssertionError("no three coats put a fourth right")


@pytest.fixture(scope="module")
def coats(test_part):
    return find_coats(test_part)


def save(app, kind: str, label_id: int):
    app.session_state[f"{kind}-correct"] = True
    app.run()
    next(box for box in app.selectbox if box.label == "It shows").set_value(label_id).run()
    app.button(key=f"{kind}-keep").click().run()
    assert not app.exception


def test_taught_pictures_count_until_they_are_switched_off(coats):
    app = open_app(way="Upload")
    for picture in coats[:3]:
        upload(app, ("coat.png", picture, PNG))
        assert "Pullover" in metrics(app).values()
        save(app, "upload", COAT)
        assert "counts" not in texts(app)  # off by default
    app.button(key="upload-teach").click().run()
    upload(app, ("fourth.png", coats[3], PNG))
    assert "Coat" in metrics(app).values()
    assert "The set “Corrections” counts] Without it: Pullover" in texts(app)

    stranger = upload(open_app(way="Upload"), ("fourth.png", coats[3], PNG))
    assert "Pullover" in metrics(stranger).values()

    app.button(key="upload-untaught").click().run()
    assert "Pullover" in metrics(app).values()
    assert "counts" not in texts(app)


def test_the_effect_is_shown(coats):
    for picture in coats:
        corrections.keep(picture, COAT, "upload", "mine")
    app = open_app()
    app.session_state["corrections"] = True
    app.run()
    assert "None yet" in texts(app)
    app.selectbox(key="corrections-set-0").set_value("mine").run()
    app.toggle(key="corrections-teach").set_value(True).run()
    assert not app.exception
    shown = {one.label: one.value for one in app.metric}
    before, after = shown["Taught pictures (n = 4)"].split(" → ")
    assert before == "0"
    assert int(after.split()[0]) == 4
    assert shown["Test images (n = 10,000)"] == "93.22%, unchanged"
    app.toggle(key="corrections-teach").set_value(False).run()
    assert "Test images (n = 10,000)" not in {one.label for one in app.metric}

    app.toggle(key="corrections-teach").set_value(True).run()
    app.button(key="corrections-delete-mine").click().run()
    assert not app.exception
    assert corrections.list_sets() == []
    assert not app.error
    assert "Corrections and teaching (0 saved)" in [box.label for box in app.expander]
    assert "taught_set" not in app.session_state


def test_a_labelled_zip_file_teaches_and_is_scored_without_itself(coats):
    app = open_app(way="Upload")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for n, picture in enumerate(coats):
            file.writestr(f"coat/{n}.png", picture)
    upload(app, zip_file(data.getvalue()))
    assert metrics(app)["Accuracy (n = 4)"] == "0.0%"
    app.button(key="upload-teach-save").click().run()
    assert not app.exception
    assert len(corrections.kept()) == 4
    assert metrics(app)["Accuracy (n = 4)"] == "100.0%"
    assert "is scored without itself" in texts(app)


def test_taught_pictures_are_worked_through_once(coats, monkeypatch):
    state = {"taught_set": "mine"}
    monkeypatch.setattr(st, "session_state", state)
    made = []

    def answer_all(items, run):
        made.append(len(items))
        return [Answered(item, Answer("unsure", ""), None, None) for item in items]

    monkeypatch.setattr(taught, "answer_untaught", answer_all)
    corrections.keep(coats[0], COAT, "upload", "mine")
    robust = find_run("robust")
    for _ in range(3):
        taught.examples(robust)
    corrections.keep(coats[1], COAT, "upload", "mine")
    taught.examples(robust)
    taught.examples(find_run("seed-cnn"))
    state[loading.SECOND_NETWORK] = False
    taught.examples(find_run("seed-cnn"))
    assert made == [1, 2, 2, 2]


def test_a_set_that_somebody_deleted_counts_no_longer(coats):
    corrections.keep(coats[0], COAT, "upload", "mine")
    app = upload(open_app(way="Upload"), ("coat.png", coats[1], PNG))
    app.session_state["taught_set"] = "mine"
    app.run()
    assert "The set “mine” counts" in texts(app)
    corrections.delete_set("mine")
    app.run()
    assert not app.exception
    assert "The set “mine” counts" not in texts(app)
    assert "taught_set" not in app.session_state
    assert "The set “mine” is gone, so it does not teach any more." in [e.value for e in app.error]


def test_the_section_stays_open_while_its_count_changes(coats):
    for picture in coats:
        corrections.keep(picture, COAT, "upload")
    app = open_app()
    app.session_state["corrections"] = True
    app.run()
    names = [row.path for row in corrections.kept()]
    corrections.remove(names[:1], "")  # here or in another tab
    app.run()
    assert "Corrections and teaching (3 saved)" in [box.label for box in app.expander]
    assert app.session_state["corrections"]
    assert len(app.dataframe[0].value) == 3


def test_a_damaged_set_is_said_and_deleted(coats):
    corrections.keep(coats[0], COAT, "upload", "mine")
    corrections.keep(coats[0], COAT, "upload")
    (corrections.directory("mine") / "labels.csv").write_text("nonsense")
    app = open_app()
    app.session_state["corrections"] = True
    app.run()
    assert "Corrections and teaching (1 saved)" in [box.label for box in app.expander]
    app.selectbox(key="corrections-set-0").set_value("mine").run()
    assert "damaged" in app.error[0].value
    app.button(key="corrections-delete-mine").click().run()
    assert not app.exception
    assert corrections.list_sets() == []
    assert len(corrections.kept()) == 1
