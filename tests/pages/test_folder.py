"""Labelled pictures on the Classify page: zip files, labels given by hand, scores, corrections."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from fmnist.collections import corrections
from fmnist.collections.labels import LABEL_NAMES, Row, write_table
from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.errors import CorrectionsError
from fmnist.images.options import PreprocessingOptions
from fmnist.runs.library import DEFAULT_RUN
from pages.parts.classify import answered, preprocessing_view, score_view, uploads
from tests.pages.test_pages import (
    drawing,
    on_canvas,
    open_app,
    png,
    texts,
    trouser,
    upload,
)

PNG = "image/png"


def dataset_picture(test_part, index) -> bytes:
    return png(Image.fromarray(test_part.images[index]))


def answers(app):
    """The table of all answers."""
    return upload_table(app).value


def upload_table(app):
    return next(table for table in app.dataframe if "upload_table" in table.proto.id)


@pytest.fixture
def folder(tmp_path, test_part):
    """Thirty dataset images of two kinds, two files of no garment, two that are no picture."""
    place = tmp_path / "mine"
    place.mkdir()
    rows = []
    for index in range(30):
        (place / f"{index:02}.png").write_bytes(dataset_picture(test_part, index))
        rows.append(Row(f"{index:02}.png", int(test_part.labels[index]), "ab"[index % 2]))
    (place / "boot.png").write_bytes(dataset_picture(test_part, 0))
    (place / "blank.png").write_bytes(png(Image.new("RGB", (50, 50), "white")))
    (place / "broken.png").write_bytes(b"\xff\xd8\xff nothing more")
    (place / "text.png").write_bytes(b"no picture")
    rows += [Row("boot.png", NOT_CLOTHING, "odd"), Row("blank.png", NOT_CLOTHING, "plain")]
    rows += [Row("broken.png", NOT_CLOTHING, "odd"), Row("text.png", 3, "a")]
    (place / "labels.csv").write_bytes(write_table(rows))
    return place


@pytest.fixture
def large(folder):
    """The same with larger pictures, for those of 28x28 pixels do not teach."""
    for path in (*folder.glob("[0-9]*.png"), folder / "boot.png"):
        with Image.open(path) as image:
            image.resize((280, 280), Image.Resampling.NEAREST).save(path)
    return folder


def packed(folder) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
    return buffer.getvalue()


def zip_file(data: bytes, name="mine.zip") -> tuple:
    return name, data, "application/zip"


def metrics(app) -> dict:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


@pytest.fixture
def shown_scores(monkeypatch):
    """The summaries that score_view showed, as they would be downloaded."""
    seen = []
    original = score_view._downloads

    def downloads(summary, source, run, key):
        seen.append({"folder": source, "run": run.name, **summary.to_dict()})
        original(summary, source, run, key)

    monkeypatch.setattr(score_view, "_downloads", downloads)
    return seen


def test_a_labelled_zip_has_the_score_of_the_command(folder, shown_scores, command):
    done = command("score", folder, "--json", "--limit-worst", score_view.WORST)
    expected = {**json.loads(done.stdout), "folder": "mine.zip"}

    app = upload(open_app(way="Upload"), zip_file(packed(folder)))
    assert json.loads(json.dumps(shown_scores[-1])) == expected
    low, high = expected["interval"]
    assert metrics(app)["Accuracy (n = 31)"] == (
        f"{expected['accuracy']:.1%}",
        f"95 % interval {low:.1%} to {high:.1%}",
    )
    assert metrics(app)["Not clothing: rejected (n = 2)"][0] == "50.0%"
    tables = [frame.value for frame in app.dataframe]
    by_class = next(table for table in tables if "Class" in table)
    assert dict(zip(by_class["Class"], by_class["n"], strict=True)) == {
        name: tally["n"] for name, tally in expected["classes"].items() if tally["n"]
    }
    by_kind = next(table for table in tables if "Kind" in table)
    assert list(by_kind["Right"]) == [tally["right"] for tally in expected["kinds"].values()]
    worst = next(table for table in tables if list(table)[:3] == ["picture", "true", "answer"])
    assert list(worst["file"]) == [file["path"] for file in expected["worst"]]
    assert all(picture.startswith("data:image/png") for picture in worst["picture"])
    refused = next(table for table in tables if "why" in table)
    assert list(refused["file"]) == ["broken.png", "text.png"]
    assert {"CSV", "JSON"} <= {button.label for button in app.download_button}


def test_a_zip_without_labels_is_many_pictures(test_part):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.png", dataset_picture(test_part, 0))
        file.writestr("b.png", b"no picture")
        file.writestr("__MACOSX/._a.png", b"x")
    app = upload(
        open_app(way="Upload"), zip_file(buffer.getvalue()), ("legs.png", png(trouser()), PNG)
    )
    table = answers(app)
    assert list(table["file"]) == ["mine.zip/a.png", "mine.zip/b.png", "legs.png"]
    assert "read as an image" in table["answer"][1]
    assert table["answer"][2].startswith("Trouser")
    assert not any(label.startswith("Accuracy") for label in metrics(app))


def test_a_chosen_row_is_not_another_pictures_when_one_is_removed():
    files = [(f"{turn}.png", png(trouser().rotate(turn)), PNG) for turn in (0, 9)]
    app = upload(open_app(way="Upload"), *files, ("c.png", png(on_canvas(trouser())), PNG))
    first = upload_table(app).proto.id
    app.run()
    assert upload_table(app).proto.id == first  # the choice stays while the rows do
    upload(app, *files)
    assert upload_table(app).proto.id != first


def test_a_refused_zip_is_one_sentence_and_the_rest_is_answered():
    bad = zip_file(b"PK\x03\x04 nonsense", ":red[x] **y**.zip")
    app = upload(open_app(way="Upload"), bad)
    assert "damaged or cut short" in app.error[0].value
    assert app.error[0].proto.title == r"\:red\[x\] \*\*y\*\*\.zip"
    assert not app.dataframe
    app = upload(app, bad, ("legs.png", png(trouser()), PNG))
    assert "damaged or cut short" in app.error[0].value
    assert list(answers(app)["file"]) == ["legs.png"]


def test_a_zip_of_nothing_that_can_be_read_is_a_sentence_and_no_table():
    inner, outer = io.BytesIO(), io.BytesIO()
    for target, name, data in (
        (inner, "legs.png", png(trouser())),
        (outer, "inner.zip", inner),
    ):
        with zipfile.ZipFile(target, "w") as file:
            file.writestr(name, data if isinstance(data, bytes) else data.getvalue())
    app = upload(open_app(way="Upload"), zip_file(outer.getvalue()))
    assert not app.dataframe
    (error,) = app.error
    assert error.value.startswith("A zip file inside a zip file is not")


def labels_key(app) -> str:
    return app.data_editor[0].key


def test_labels_are_given_row_by_row(test_part, shown_scores):
    files = [(f"{at}.png", dataset_picture(test_part, at), PNG) for at in range(4)]
    app = upload(open_app(way="Upload"), *files)
    assert not shown_scores
    assert list(app.data_editor[0].value["true"]) == [None] * 4
    names = [CLASS_NAMES[label] for label in test_part.labels[:2]]
    edits = {0: {"true": names[0]}, 1: {"true": names[1]}, 3: {"true": "Not clothing"}}
    app.session_state[labels_key(app)] = {
        "edited_rows": edits,
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    assert not app.exception
    score = shown_scores[-1]
    assert [(file["path"], file["label_id"]) for file in score["files"]] == [
        ("0.png", test_part.labels[0]),
        ("1.png", test_part.labels[1]),
        ("3.png", NOT_CLOTHING),
    ]
    assert (score["n"], score["not_clothing"]["n"]) == (2, 1)
    assert score["folder"] == "4 uploads"


@pytest.mark.parametrize("forged", ["Hat", "", "0", None, "<b>"])
def test_forged_labels_are_no_labels(test_part, shown_scores, forged):
    files = [(f"{at}.png", dataset_picture(test_part, at), PNG) for at in range(2)]
    app = upload(open_app(way="Upload"), *files)
    app.session_state[labels_key(app)] = {
        "edited_rows": {0: {"true": forged}},
        "added_rows": [{"true": "Bag"}],
        "deleted_rows": [],
    }
    app.run()
    assert not app.exception
    assert not shown_scores


def test_one_label_for_all_that_have_none(test_part, shown_scores):
    boots = [at for at in range(60) if test_part.labels[at] == 9][:3]
    files = [(f"{at}.png", dataset_picture(test_part, at), PNG) for at in boots]
    app = upload(open_app(way="Upload"), *files)
    app.selectbox(key="upload_fill").set_value("Ankle boot").run()
    assert not app.exception
    assert (shown_scores[-1]["n"], shown_scores[-1]["classes"]["Ankle boot"]["n"]) == (3, 3)


def test_known_pictures_are_not_read_again(monkeypatch, folder):
    reads = []
    original = answered.Item

    def item(key, name, read, *more):
        return original(key, name, lambda: reads.append(name) or read(), *more)

    monkeypatch.setattr("pages.parts.classify.uploads.Item", item)
    app = upload(open_app(way="Upload"), zip_file(packed(folder)))
    assert len(reads) > 30
    reads.clear()
    app.run()
    assert reads == ["00.png"]  # the one that is shown large


def test_more_than_the_most_pictures_are_said_to_be(monkeypatch, folder):
    monkeypatch.setattr("pages.parts.classify.uploads.MAX_PICTURES", 5)
    app = upload(open_app(way="Upload"), zip_file(packed(folder)))
    assert "The first 5 of 34 pictures" in app.warning[0].value
    assert len(answers(app)) == 5


# --- corrections


def button(app, label):
    return next(button for button in app.button if button.label == label)


def kept_label(app) -> str:
    return next(box.label for box in app.expander if box.label.startswith("Corrections"))


def correct(app, kind: str, label_id: int):
    """Open the control under an answer, choose a class and keep the picture."""
    app.session_state[f"{kind}-correct"] = True
    app.run()
    assert not app.exception
    next(box for box in app.selectbox if box.label == "It shows").set_value(label_id).run()
    app.button(key=f"{kind}-keep").click().run()
    assert not app.exception
    return app


def test_nothing_is_kept_without_a_click():
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    app.session_state["upload-correct"] = True
    app.run()
    assert app.button(key="upload-keep").disabled
    assert "Everybody who opens this studio can see" in texts(app)
    assert "folder `corrections`" in texts(app)
    assert kept_label(app) == "Corrections and teaching (0 saved)"
    assert not corrections.directory().exists()


def test_an_upload_is_corrected_changed_and_taken_back():
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    correct(app, "upload", 3)
    (row,) = corrections.kept()
    assert (row.label_id, row.kind) == (3, "upload")
    assert "Saved as: Dress." in texts(app)
    assert kept_label(app) == "Corrections and teaching (1 saved)"
    correct(app, "upload", NOT_CLOTHING)
    assert [row.label_id for row in corrections.kept()] == [NOT_CLOTHING]
    assert "Saved as: Not clothing." in texts(app)
    button(app, "Remove it").click().run()
    assert corrections.kept() == []
    assert "Kept as" not in texts(app)


def test_a_click_on_save_counts_with_what_changes_in_the_same_run():
    corrections.keep(png(trouser().rotate(90)), 5, "upload", "mine")
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    app.session_state["upload-correct"] = True
    app.run()
    next(box for box in app.selectbox if box.label == "It shows").set_value(3).run()
    next(box for box in app.selectbox if box.label == "It shows").set_value(4)
    app.selectbox(key="upload-set-0").set_value("mine")
    app.button(key="upload-keep").click().run()
    assert not app.exception
    assert [row.label_id for row in corrections.kept("mine")] == [5, 4]
    assert corrections.kept() == []
    assert "Saved as: Coat." in texts(app)
    assert app.selectbox(key="upload-set-1").value == "mine"
    app.selectbox(key="upload-set-1").set_value("Corrections")
    app.button(key="upload-teach").click().run()  # the set that it named
    assert app.session_state["taught_set"] == "mine"


def test_a_click_on_save_counts_where_another_one_ends_the_run_of_the_page(monkeypatch):
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    app.session_state["upload-correct"] = True
    app.run()
    next(box for box in app.selectbox if box.label == "It shows").set_value(3).run()
    monkeypatch.setattr(preprocessing_view, "show", lambda *_, **__: st.stop())
    app.button(key="upload-keep").click().run()
    assert [row.label_id for row in corrections.kept()] == [3]


def test_pictures_of_the_dataset_do_not_teach(folder):
    app = upload(open_app(way="Upload"), zip_file(packed(folder)))
    assert "Pictures of 28 × 28 pixels" in texts(app)
    assert "upload-teach-save" not in [button.key for button in app.button]


def test_pictures_are_saved_in_the_set_that_is_chosen_with_the_click(large):
    corrections.keep(png(trouser()), 1, "upload", "mine")
    app = upload(open_app(way="Upload"), zip_file(packed(large)))
    assert "Save 31 pictures in this set" in [button.label for button in app.button]
    app.selectbox(key="upload-teach-set-0").set_value("mine")
    app.button(key="upload-teach-save").click().run()
    assert not app.exception
    assert (
        len(corrections.kept("mine")) == 30 + 1
    )  # two files are the same picture, the others no garment
    assert corrections.kept() == []


def test_one_of_the_labelled_pictures_can_be_corrected_and_all_can_teach(large):
    app = upload(open_app(way="Upload"), zip_file(packed(large)))
    correct(app, "upload", 4)
    assert {"upload-teach", "upload-teach-save"} <= {button.key for button in app.button}
    app.button(key="upload-teach").click().run()
    assert not app.exception
    assert [row.label_id for row in corrections.kept()] == [4]


def test_another_name_is_taken_after_a_refused_one():
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    app.session_state["upload-correct"] = True
    app.run()
    box = app.selectbox(key="upload-set-0")
    box.options.append("Schön")
    box.set_value("Schön").run()
    assert any("The name of a set has" in error.value for error in app.error)
    box = app.selectbox(key="upload-set-1")  # the page drew this one before it was refused
    box.options.append("Second")
    box.set_value("Second").run()
    assert app.session_state["corrections_set"] == "Second"


def test_a_click_on_save_with_a_bad_name_for_the_set_is_not_carried_out_later(large):
    app = upload(open_app(way="Upload"), zip_file(packed(large)))
    app.session_state["corrections_set"] = "../bad"  # as if it had been typed
    app.button(key="upload-teach-save").click().run()
    assert any("The name of a set has" in error.value for error in app.error)
    app.run()
    assert "upload-teach-save" in [button.key for button in app.button]  # the set without a name
    assert corrections.kept() == []


def test_the_part_that_was_marked_is_corrected():
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste(trouser().convert("RGB").resize((100, 150)), (30, 20))
    picture.paste("black", (250, 60, 380, 150))
    app = upload(open_app(way="Upload"), ("two.png", png(picture), "image/png"))
    options = PreprocessingOptions(crop=(0.0, 0.0, 0.5, 1.0))
    digest = hashlib.sha256(png(picture)).hexdigest()
    app.session_state["upload-options"] = digest, options
    app.run()
    assert app.metric[0].value == "Trouser"
    correct(app, "upload", 1)
    (row,) = corrections.kept()
    with Image.open(io.BytesIO(corrections.picture_of(row))) as image:
        np.testing.assert_array_equal(
            np.asarray(image.convert("RGB")), np.asarray(picture)[:, :200]
        )


def test_the_part_of_a_drawing_that_was_marked_is_corrected():
    app = open_app()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    app.session_state["drawing-options"] = (
        "drawing",
        PreprocessingOptions(crop=(0.0, 0.0, 1.0, 0.5)),
    )
    app.run()
    correct(app, "drawing", 1)
    (row,) = corrections.kept()
    with Image.open(io.BytesIO(corrections.picture_of(row))) as image:
        assert image.height * 2 == image.width


def test_a_drawing_is_corrected():
    app = open_app()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    correct(app, "drawing", 1)
    (row,) = corrections.kept()
    assert (row.label_id, row.kind) == (1, "drawing")
    with Image.open(io.BytesIO(corrections.picture_of(row))) as image:
        np.testing.assert_array_equal(
            np.asarray(image.convert("RGB")), np.asarray(on_canvas(trouser()))
        )


def test_a_refused_picture_cannot_be_corrected():
    app = upload(open_app(way="Upload"), ("x.png", b"<svg></svg>", PNG))
    assert app.error
    app.session_state["upload-correct"] = True
    app.run()
    assert not app.exception
    assert not any(button.key == "upload-keep" for button in app.button)


def test_a_full_disk_is_one_sentence(monkeypatch):
    def full(*arguments):
        raise CorrectionsError("There is no room.")

    monkeypatch.setattr(corrections, "keep", full)
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    correct(app, "upload", 3)
    assert [error.value for error in app.error] == ["There is no room."]


def open_corrections(app):
    app.session_state["corrections"] = True
    app.run()
    assert not app.exception
    return app


def test_corrections_are_shown_scored_and_removed(test_part, shown_scores, command):
    rows = [
        corrections.keep(dataset_picture(test_part, at), int(test_part.labels[at]), "upload")
        for at in range(5)
    ]
    app = open_corrections(open_app())
    assert kept_label(app) == "Corrections and teaching (5 saved)"
    table = app.dataframe[0].value
    assert list(table["true"]) == [LABEL_NAMES[row.label_id] for row in rows]
    assert table["picture"].notna().all()
    assert not shown_scores
    app.toggle(key="corrections-score").set_value(True).run()
    assert not app.exception
    words = ("--json", "--limit-worst", score_view.WORST)
    done = command("score", corrections.directory(), *words)
    expected = {**json.loads(done.stdout), "folder": "corrections"}
    assert json.loads(json.dumps(shown_scores[-1])) == expected

    app.session_state[app.dataframe[0].key] = {"selection": {"rows": [0, 3, 99], "columns": []}}
    app.run()
    app.button(key="corrections-remove").click().run()
    assert not app.exception
    assert corrections.kept() == [rows[1], rows[2], rows[4]]
    assert kept_label(app) == "Corrections and teaching (3 saved)"


@pytest.mark.parametrize("of", ["", "legs"])
def test_removed_corrections_come_back_after_another_page(of):
    row = corrections.keep(png(trouser()), 1, "upload", of)
    app = open_app()
    app.session_state["corrections_set"] = of
    open_corrections(app)
    app.button(key=f"corrections-delete-{of}").click().run()
    assert not app.exception
    assert corrections.kept(of) == []
    words = "The set “legs” removed." if of else "1 correction removed."
    assert words in texts(app)
    app.switch_page("pages/report.py").run()
    assert words not in texts(app)
    app.switch_page("pages/classify.py").run()
    assert words in texts(app)
    next(one for one in app.button if (one.key or "").startswith("undo-")).click().run()
    assert not app.exception
    assert corrections.kept(of) == [row]
    assert "removed" not in texts(app)


def test_a_zip_file_is_forgotten_with_its_upload(folder):
    app = upload(
        open_app(way="Upload"), zip_file(packed(folder)), zip_file(packed(folder), "b.zip")
    )
    first = dict(app.session_state[uploads.ARCHIVES])
    assert len(first) == 2
    app.run()
    assert app.session_state[uploads.ARCHIVES] == first  # not opened anew
    upload(app, zip_file(packed(folder), "c.zip"))
    assert len(app.session_state[uploads.ARCHIVES]) == 1
    assert not app.session_state[uploads.ARCHIVES].keys() & first.keys()
    upload(app)
    assert app.session_state[uploads.ARCHIVES] == {}


def test_the_export_is_scored_when_uploaded(test_part, shown_scores):
    for at in range(5):
        corrections.keep(dataset_picture(test_part, at), int(test_part.labels[at]), "drawing")
    upload(open_app(way="Upload"), zip_file(corrections.export(), "corrections.zip"))
    assert shown_scores[-1]["n"] == 5
    assert shown_scores[-1]["kinds"].keys() == {"drawing"}


def test_damaged_corrections_are_one_sentence():
    corrections.keep(png(trouser()), 1, "upload")
    (corrections.directory() / "labels.csv").write_text("nonsense")
    app = open_corrections(open_app())
    assert "damaged: labels.csv, line 1" in app.error[0].value
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), PNG))
    app.session_state["upload-correct"] = True
    app.run()
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_a_run_that_is_chosen_is_the_one_that_is_scored(own_run, folder, shown_scores):
    own_run("mine")
    upload(open_app(way="Upload", run="mine"), zip_file(packed(folder)))
    assert shown_scores[-1]["run"] == "mine"
    assert DEFAULT_RUN != "mine"
