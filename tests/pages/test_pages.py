"""Every page and its main paths through AppTest, which runs the real scripts without a browser."""

import base64
import contextlib
import io
import json
import os
import re
import shutil
import threading
import zipfile
from functools import partial

import numpy as np
import pytest
import streamlit as st
from PIL import Image, ImageDraw
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.caching.cache_resource_api import clear_session_cache
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner

from fmnist.collections import examples
from fmnist.data import CLASS_NAMES
from fmnist.errors import TrainingBusy, TrainingFailed
from fmnist.images import decoding
from fmnist.inference.answer import Answer
from fmnist.jobs import launch, lock
from fmnist.processes import this_process
from fmnist.runs import control, library
from fmnist.runs.library import DEFAULT_RUN, create_run, find_run
from fmnist.runs.predictions import load_predictions
from fmnist.runs.run import write_run_info
from fmnist.settings import TrainSettings
from pages.parts.classify import uploads
from pages.parts.classify.ways import camera
from pages.parts.mistakes import map_job
from pages.parts.report import robustness
from pages.parts.shared import loading, visit
from pages.parts.shared.guide import tour
from pages.parts.train import training_panel
from tests.conftest import ROOT, ended_process, hold
from tests.images.brought import BROUGHT
from tests.images.heic import TURNED
from tests.runs.test_run import ODD

PAGES = ["classify", "train", "report", "mistakes", "dataset"]
SHIPPED = [
    "Everyday pictures · built in",
    "Most accurate on the test set · built in",
    "The specification's CNN · built in",
]


@pytest.fixture(autouse=True)
def fresh_caches():
    """Streamlit's caches outlive an AppTest within one process."""
    st.cache_data.clear()
    st.cache_resource.clear()


def open_app(page="classify", **query) -> AppTest:
    """The whole app at one page, as a browser at that address would have it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page != "classify":
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def model_picker(app):
    """The choice of the model in the frame, which a visit's first sight does without."""
    if not any(box.label == "Model" for box in app.selectbox):
        app.run()  # as a browser asks for
    return next(box for box in app.selectbox if box.label == "Model")


def run_fragment_of(widget, app, monkeypatch) -> None:
    """From here on, ask as a browser does where this widget changes: for its fragment."""
    fragment = app._session_state._state.get_widget_metadata(widget.proto.id).fragment_id
    asked = partial(RerunData, fragment_id_queue=[fragment])
    monkeypatch.setattr(local_script_runner, "RerunData", asked)


def texts(app) -> str:
    """All words on the page."""
    kinds = (app.markdown, app.caption, app.info, app.error, app.warning, app.success, app.text)
    return "\n".join(element.value for kind in kinds for element in kind)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def trouser() -> Image.Image:
    """Two legs, dark on white."""
    image = Image.new("RGB", (200, 300), "white")
    pen = ImageDraw.Draw(image)
    pen.polygon(
        [(60, 20), (140, 20), (150, 280), (110, 280), (100, 90), (90, 280), (50, 280)], "black"
    )
    return image


# --- the frame


@pytest.mark.parametrize("page", PAGES)
def test_page_is_complete_by_itself(page):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300).run()
    assert not app.exception
    assert app.title
    assert model_picker(app).value == DEFAULT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_run_is_taken_from_the_address_and_survives_page_switches(page, own_run):
    own_run("mine")
    app = open_app(page, run="mine")
    assert model_picker(app).value == "mine"
    app.switch_page("pages/report.py").run()
    app.switch_page("pages/mistakes.py").run()
    assert not app.exception
    assert app.session_state["run"] == "mine"


def test_models_have_readable_names_and_the_address_keeps_the_runs(own_run):
    own_run("cnn-20261128-123456-2")
    own_run("nothing-20261128-123456")  # no network of that name
    app = open_app("report")
    picker = model_picker(app)
    names = ["Plain CNN, 28 Nov 2026 12:34:56-2", "nothing-20261128-123456"]
    assert sorted(picker.options) == sorted([*SHIPPED, *names])
    assert "robust" in picker.help
    picker.set_value("cnn-20261128-123456-2").run()
    assert app.session_state["run"] == "cnn-20261128-123456-2"
    assert app.query_params["run"] == "cnn-20261128-123456-2"
    assert "cnn-20261128-123456-2" in model_picker(app).help


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("classify", {"way": "Test image"}),
        ("train", {}),
        *(("report", {"view": view}) for view in ("Overview", "Compare", "By epoch")),
        *(("mistakes", {"do": do}) for do in ("Gallery", "Beat the network")),
    ],
)
def test_a_run_is_called_on_the_page_as_in_the_picker(page, asked):
    app = open_app(page, **asked)
    words = [texts(app), *(metric.label for metric in app.metric)]
    words += [option for box in app.selectbox for option in box.options]
    assert not re.search(r"\b(robust|seed-cnn)\b", "\n".join(words))


def test_a_double_click_ends_the_tour_once(monkeypatch):
    monkeypatch.setattr(st, "query_params", {tour.AT: "1", "way": "Draw"})
    tour._end()
    tour._end()
    assert st.query_params == {"way": "Draw"}


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (1, "given: 28"),
        (2, "Test image 23"),
        (3, "Shirt, taken for T-shirt/top"),
        (4, "images that are hard for"),
        (5, "Choose a row"),
    ],
)
def test_each_stop_of_the_tour_shows_its_page_as_its_words_say(at, shown):
    stop = tour.STOPS[at - 1]
    app = open_app(stop.page, tour=str(at), **stop.state)
    words = texts(app) + "".join(str(image.captions) for image in app.image)
    assert f"**{at} of {len(tour.STOPS)} · {stop.title}**" in words
    assert shown in words
    app.button(key="tour_end").click().run()
    assert stop.words not in texts(app)


@pytest.mark.parametrize("forged", ["0", "6", "-1", "1e0", "<b>", "²"])
def test_a_stop_that_the_tour_does_not_have_is_none(forged):
    app = open_app(tour=forged)
    assert not any(stop.words in texts(app) for stop in tour.STOPS)


def test_a_link_to_a_run_in_training_is_kept_until_it_has_ended(own_run):
    run = own_run("mine", state="running", process=this_process())
    app = open_app("report", run="mine")
    assert model_picker(app).value == DEFAULT_RUN
    assert [warning.value for warning in app.warning] == [
        "mine is still training; “Everyday pictures” is shown until it has ended."
    ]
    assert app.query_params["run"] == "mine"
    write_run_info(run.path, state="finished", process=None)
    app.run()
    assert model_picker(app).value == "mine"
    assert not app.warning


@pytest.mark.parametrize("page", ["classify", "report"])
def test_a_run_that_another_tab_has_deleted_is_not_shown_any_further(page, own_run, monkeypatch):
    run = own_run("mine")
    app = open_app(page, run="mine").run()
    assert model_picker(app).value == "mine"
    shutil.rmtree(run.path)
    if page == "classify":
        run_fragment_of(app.button(key="canvas_clear"), app, monkeypatch)
        app.button(key="canvas_clear").click()
    else:
        run_fragment_of(app.segmented_control(key="view"), app, monkeypatch)
        app.segmented_control(key="view").set_value("By epoch")
    app.run()
    assert not app.exception
    assert not app.error
    assert model_picker(app).value == DEFAULT_RUN
    assert "There is no run 'mine'" in app.warning[0].value.replace("\\", "")


def test_unknown_run_in_the_address_falls_back():
    app = open_app("report", run="no*body<script>")
    assert model_picker(app).value == DEFAULT_RUN
    (said,) = app.warning  # after a page switch, too
    words = said.value.replace("\\", "")
    assert words == (
        "There is no run 'no*body<script>' that can classify; “Everyday pictures” is shown instead."
    )
    model_picker(app).select("seed-cnn").run()
    assert not app.warning
    assert not open_app("report", run="seed-cnn").warning
    assert not open_app("report").warning


def test_a_run_that_can_classify_by_now_is_denied_no_longer(own_run):
    app = open_app("report", run="mine")
    assert "There is no run" in app.warning[0].value
    own_run("mine")
    app.run()
    assert not app.warning


@pytest.mark.parametrize(
    ("page", "view", "said"),
    [
        ("mistakes", {"do": "Beat the network"}, None),
        ("report", {"view": "Export"}, None),
        ("dataset", {"data": "Defects and source"}, "**Source.**"),
    ],
)
def test_a_damaged_run_is_said_before_a_click(own_run, page, view, said):
    run = own_run("holed", files={"model.tflite": "0" * 64, "test.npz": "1" * 64})
    (run.path / "test.npz").write_bytes(b"PK nonsense")
    app = open_app(page, run="holed", **view)
    assert not app.exception
    if said:
        assert any(words.value.startswith(said) for words in app.markdown)
    else:
        assert "damaged" in app.error[0].value
        assert not app.get("download_button")
        assert "Begin" not in [button.label for button in app.button]


def test_damaged_runs_are_listed_and_break_nothing(runs_dir, own_run):
    (runs_dir / "broken").mkdir()
    own_run("holed", files={"model.tflite": "0" * 64, "test.npz": "1" * 64})
    (runs_dir / "holed" / "test.npz").write_bytes(b"PK nonsense")
    for page in PAGES:
        app = open_app(page)
        assert model_picker(app).options == [*SHIPPED, "holed"]
    app = open_app("train")
    (table,) = (e for e in app.get("bidi_component") if e.proto.id.endswith("-runs_table"))
    cells = {row["name"]: row["cells"] for row in json.loads(table.proto.json)["rows"]}
    assert "run.json is missing." in cells["broken"]
    app = open_app("report", run="holed")
    assert "damaged" in app.error[0].value
    app = open_app("classify", run="holed", way="Test image")
    assert "damaged" in app.error[0].value
    app = open_app("mistakes", run="seed-cnn")
    app.session_state["mistakes-more"] = True
    app.run(timeout=300)
    assert not app.error
    table = next(f.value for f in app.dataframe if "answer" in f.value)
    assert "holed" not in set(table["run"])  # the others are shown
    assert len(table) == len(SHIPPED)


def test_no_odd_run_breaks_a_page(runs_dir, own_run):
    for name, entries in ODD.items():
        own_run(name, **entries)
    run = own_run("history")
    events = '{"event": "epoch", "epoch": [1]}\n{"event": "progress"}'
    (run.path / "history.jsonl").write_text(events)
    (own_run("folder").path / "history.jsonl").unlink()
    (runs_dir / "folder" / "history.jsonl").mkdir()
    os.mkdir(os.fsencode(runs_dir) + b"/bad\xff")
    for page in PAGES:
        open_app(page)
    for name in (*ODD, "history", "folder"):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        app.session_state["train_watched"] = name
        app.run()
        app.switch_page("pages/train.py").run()
        assert not app.exception, name


def test_no_usable_run_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(library, "SHIPPED_DIR", tmp_path / "none")
    for page in PAGES:
        app = open_app(page)
        if page == "train":
            assert any(button.label == "Start training" for button in app.button)
        elif page == "dataset":
            assert not app.error
        else:
            assert "There is no trained network" in app.error[0].value


# --- classify


def drawing(image: Image.Image, strokes: int = 1) -> dict:
    """What the canvas component sends after some strokes."""
    encoded = base64.b64encode(png(image)).decode()
    raw = {"objects": [{"type": "Path"}] * strokes, "background": "#000000"}
    return {"drawing": {"raw": raw, "data": f"data:image/png;base64,{encoded}"}}


def on_canvas(image: Image.Image) -> Image.Image:
    """Negated and square, as the black canvas has it."""
    square = Image.new("RGB", (280, 280))
    square.paste(Image.eval(image, lambda value: 255 - value).resize((187, 280)), (46, 0))
    return square


def cleared_canvas() -> AppTest:
    """The front page without the example that it begins with."""
    app = open_app()
    next(b for b in app.button if b.label == "Clear").click().run()
    assert not app.exception
    return app


def test_first_page_answers_an_example_and_a_cleared_canvas_invites():
    app = open_app()
    assert app.metric[0].value == "T-shirt/top"
    assert "Draw a garment" not in texts(app)
    app = cleared_canvas()
    assert "Draw a garment" in texts(app)
    assert not app.metric


def test_an_example_drawing_is_answered_once_for_all_visitors(monkeypatch):
    answered, real = [], loading.answer_in_turn

    def note(*asked):
        answered.append(asked)
        return real(*asked)

    monkeypatch.setattr(loading, "answer_in_turn", note)
    assert open_app().metric[0].value == "T-shirt/top"
    clear_session_cache("test session id")  # that of each AppTest: as if the visit had ended
    assert open_app().metric[0].value == "T-shirt/top"
    assert len(answered) == 1


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a drawing", "Ankle boot"),  # the next one
        ("a photo", "Dress"),
        ("a zip file", "How many did “Everyday pictures” get right"),
        ("a test image", "Label: "),
    ],
)
def test_an_example_is_answered_by_one_click(words, shown):
    app = open_app()
    next(b for b in app.button if words in b.label).click().run()
    assert not app.exception
    answers = [*(number.value for number in app.metric), *(part.value for part in app.header)]
    assert shown in "\n".join([*answers, texts(app)])


def test_own_pictures_replace_an_example():
    app = open_app()
    next(b for b in app.button if "a photo" in b.label).click().run()
    upload(app, ("legs.png", png(trouser()), "image/png"))
    assert app.metric[0].value == "Trouser"
    next(b for b in app.button if "a photo" in b.label).click().run()
    assert app.metric[0].value == "Dress"  # and an example replaces them
    upload(app, ("legs.png", png(trouser()), "image/png"), key="uploads-1")
    assert app.metric[0].value == "Trouser"
    app.file_uploader(key="uploads-1").clear().run()
    assert not app.metric


def test_a_traced_class_leaves_the_drawing_alone():
    app = open_app()
    app.selectbox(key="trace").set_value("Bag").run()
    assert not app.exception
    assert "Draw a garment" in texts(app)
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    assert app.metric[0].value == "Trouser"


def test_drawing_is_answered_and_undone_and_cleared():
    app = open_app()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    assert not app.exception
    assert app.metric[0].value == "Trouser"
    assert app.image[0].captions == ["What the network is given: 28 × 28"]

    # a second stroke, taken back: the first answer stands again
    scribble = on_canvas(trouser())
    ImageDraw.Draw(scribble).rectangle([0, 0, 279, 200], "white")
    app.session_state["canvas-0"] = drawing(scribble, strokes=2)
    app.run()
    assert app.metric[0].value != "Trouser"
    undo = next(b for b in app.button if b.label == "Undo")
    undo.click().run()
    assert app.metric[0].value == "Trouser"

    # a look at another page costs nothing
    app.switch_page("pages/report.py").run()
    app.switch_page("pages/classify.py").run()
    assert not app.exception
    assert app.metric[0].value == "Trouser"

    # what is cleared, or replaced by an example, comes back
    for words in ("Clear", ":primary[a drawing]"):
        next(b for b in app.button if b.label == words).click().run()
        assert not app.metric or app.metric[0].value != "Trouser"
        app.button(key="canvas_undo").click().run()
        assert app.metric[0].value == "Trouser"
    assert not app.exception


def test_quick_strokes_that_came_together_are_taken_back_together():
    app = open_app()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    first = app.session_state["drawing_strokes"]
    scribble = on_canvas(trouser())
    ImageDraw.Draw(scribble).rectangle([0, 0, 279, 200], "white")
    app.session_state["canvas-0"] = drawing(scribble, strokes=3)
    app.run()
    assert app.metric[0].value != "Trouser"
    app.button(key="canvas_undo").click().run()
    assert app.metric[0].value == "Trouser"
    assert app.session_state["drawing_strokes"] == first
    app.button(key="canvas_undo").click().run()
    assert "Nothing drawn yet" in [info.proto.title for info in app.info]


def test_undo_and_clear_keep_the_stroke_that_comes_with_their_click():
    app = open_app()
    for strokes in (1, 2):
        app.session_state["canvas-0"] = drawing(on_canvas(trouser()), strokes)
        app.run()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()), strokes=3)
    app.button(key="canvas_undo").click().run()
    assert len(app.session_state["drawing_strokes"]["objects"]) == 2
    app.session_state["canvas-1"] = drawing(on_canvas(trouser()), strokes=3)
    app.button(key="canvas_clear").click().run()
    assert app.session_state["drawing_strokes"] is None
    app.button(key="canvas_undo").click().run()
    assert len(app.session_state["drawing_strokes"]["objects"]) == 3
    assert not app.exception


def outline() -> Image.Image:
    """A box with an empty inside, as strokes of the brush."""
    image = Image.new("RGB", (280, 280))
    ImageDraw.Draw(image).rectangle((60, 70, 220, 210), outline="white", width=16)
    return image


def click(app, *at) -> None:
    """Click on the surface with the tool Fill: shares of its sides."""
    (dress,) = (part for part in components(app._tree) if "canvas_dress" in part.proto.id)
    states = app._tree.get_widget_states()
    sent = json.dumps([{"event": "fill", "value": list(at)}])
    states.widgets.add(id=_make_trigger_id(dress.proto.id, "events"), json_trigger_value=sent)
    app._run(states)
    assert not app.exception


def drawn(app) -> tuple[int, float]:
    """The number of strokes of the drawing, and the share of its picture that is bright."""
    strokes = app.session_state["drawing_strokes"]["objects"]
    picture = Image.open(io.BytesIO(app.session_state["drawing_pictures"][len(strokes)]))
    return len(strokes), (np.asarray(picture.convert("L")) > 127).mean()


@pytest.mark.parametrize("how", ["a click inside", "the button"])
def test_an_outline_is_filled_as_one_more_stroke_and_undone(how):
    app = open_app()
    app.session_state["canvas-0"] = drawing(outline())
    app.session_state["tool"] = "Fill"
    app.run()
    before = drawn(app)
    if how == "the button":
        next(b for b in app.button if b.label == "Fill all outlines").click().run()
    else:
        click(app, 0.5, 0.5)
    assert drawn(app) == (2, pytest.approx(161 * 141 / 280**2, abs=0.001))
    (path,) = app.session_state["drawing_strokes"]["objects"][1:]
    corners = np.array([step[1:] for step in path["path"] if len(step) > 1])
    assert corners.min(0).tolist() == pytest.approx([74.5, 84.5], abs=0.1)
    assert corners.max(0).tolist() == pytest.approx([206.5, 196.5], abs=0.1)
    app.button(key="canvas_undo").click().run()
    assert drawn(app) == before


def test_what_cannot_be_filled_stays_and_says_what_would_help():
    app = open_app()
    click(app, 0.5, 0.5)
    assert "This is an example; draw an outline of your own" in app.toast[0].value
    app = cleared_canvas()
    click(app, 0.5, 0.5)
    assert "Draw a closed outline first" in app.toast[0].value
    app.session_state["canvas-1"] = drawing(outline())
    app.run()
    before = drawn(app)
    click(app, 0.05, 0.05)
    assert "Nothing to fill here" in app.toast[0].value
    for forged in ((1, 1), (-0.1, 0), ("0", 0), (0.5,), (float("nan"), 0.5)):
        click(app, *forged)
    assert drawn(app) == before
    app.session_state["canvas-1"] = drawing(outline(), strokes=500)
    app.run()
    click(app, 0.5, 0.5)
    assert "too many strokes" in app.toast[0].value


@pytest.mark.parametrize(
    "forged",
    [
        {"drawing": {"raw": {"objects": [1]}, "data": "garbage"}},
        {"drawing": {"raw": {"objects": [1]}, "data": "data:image/png;base64,!!!"}},
        {"drawing": {"raw": {"objects": [1]}, "data": "data:image/png;base64,AAAA"}},
        {"drawing": {"raw": None, "data": "data:image/png;base64,AAAA"}},
        {"drawing": {"raw": {"objects": "many"}, "data": "data:image/png;base64,AAAA"}},
        {"drawing": {"raw": {"objects": [1] * 600}, "data": "data:image/png;base64,AAAA"}},
        {"drawing": {"raw": {"objects": [1]}, "data": 7}},
        {"drawing": [1]},
        {"drawing": "x"},
        {"drawing": {"raw": []}},
        {"drawing": {"raw": {"objects": []}, "data": None}, "backgroundFit": {"a": 1}},
    ],
)
def test_forged_drawing_is_one_sentence(forged):
    app = cleared_canvas()
    app.session_state["canvas-1"] = forged
    app.run()
    assert not app.exception
    assert not app.metric


def components(block) -> list:
    children = getattr(block, "children", {}).values()
    own = [block] if block.type == "bidi_component" else []
    return own + [found for child in children for found in components(child)]


DEEP = ["[" * depth + "]" * depth for depth in (100, 600, 900, 5_000)]
# what a browser sends that is no drawing, choice, tick or box; {} stands for a name of the state
FORGED = [
    *DEEP,
    "9" * 5_000,
    "[" + "1," * 50_000 + "1]",
    "NaN",
    "[NaN, -Infinity, 1e999, true]",
    "true",
    "1.0",
    '"x"',
    '{"raw": 1, "data": 2}',
    '{"raw": {"objects": [NaN, 1]}, "data": "data:image/png;base64,AAAA"}',
    *(f'{{"raw": {{"objects": {deep}}}, "data": "data:image/png;base64,AAAA"}}' for deep in DEEP),
]


@pytest.mark.parametrize(
    ("page", "query", "names"),
    [
        ("classify", {}, ["drawing", "backgroundFit"]),
        ("classify", {"way": "Upload"}, ["box"]),
        ("classify", {"way": "Camera"}, ["frame"]),
        ("mistakes", {}, ["selected"]),
        ("mistakes", {"view": "Map"}, ["chosen"]),
        ("dataset", {}, ["picked"]),
        ("train", {}, ["chosen", "ticked"]),
    ],
)
def test_whatever_a_component_sends_nothing_raises(page, query, names, own_run):
    own_run("mine")
    app = open_app(page, **query)
    if "Upload" in query.values():
        upload(app, ("legs.png", png(trouser()), "image/png"))
    for name in names:
        for sent in [*FORGED, *(f'{{"{name}": {value}}}' for value in FORGED)]:
            states = app._tree.get_widget_states()
            (component, *_) = components(app._tree)
            states.widgets.add(id=component.proto.id, json_value=sent)
            app._run(states)
            assert not app.exception, sent[:80]


def upload(app, *files, key="uploads"):
    app.file_uploader(key=key).set_value(list(files)).run()
    assert not app.exception
    return app


def test_one_upload_is_shown_at_once():
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), "image/png"))
    assert app.metric[0].value == "Trouser"
    assert "legs.png" in texts(app)


@pytest.mark.parametrize("back", ["another page", "another way"])
def test_uploads_are_there_after_a_look_elsewhere_until_they_are_removed(back):
    def look_elsewhere():
        if back == "another page":
            app.switch_page("pages/report.py").run()
            app.switch_page("pages/classify.py").run()
        else:
            for way in ("Draw", "Upload"):
                app.button_group(key="way").set_value(way).run()
        assert not app.exception

    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), "image/png"))
    look_elsewhere()
    assert "Still here, until you upload others: legs.png" in texts(app)
    assert app.metric[0].value == "Trouser"
    upload(app, ("other.png", png(on_canvas(trouser())), "image/png"))  # replaces it
    assert "Still here" not in texts(app)
    look_elsewhere()
    assert "until you upload others: other.png" in texts(app)
    app.button(key="uploads_remove").click().run()
    assert not app.metric
    look_elsewhere()
    assert not app.metric
    # removed in the uploader, or replaced by an example
    upload(upload(app, ("legs.png", png(trouser()), "image/png")))
    look_elsewhere()
    assert not app.metric
    upload(app, ("legs.png", png(trouser()), "image/png"))
    look_elsewhere()
    next(b for b in app.button if b.label == ":primary[a photo]").click().run()
    assert "Still here" not in texts(app)


@pytest.mark.parametrize("name", ["legs.jfif", "legs.JPE", "legs.tif", "legs.zip", "legs", "legs."])
def test_what_is_in_a_file_counts_and_not_its_ending(name):
    app = upload(open_app(way="Upload"), (name, png(trouser()), "application/octet-stream"))
    assert app.metric[0].value == "Trouser"


def packed(labels: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, (data, _) in BROUGHT.items():
            file.writestr(name, data)
        if labels:
            file.writestr("labels.csv", labels)
    return buffer.getvalue()


TABLE = "path,label_id\n" + "".join(f"{name},1\n" for name in BROUGHT)


@pytest.mark.parametrize(
    "files",
    [
        [(name, data, "x/y") for name, (data, _) in BROUGHT.items()],
        [("zip", packed(), "x/y")],
        [("zip", packed(TABLE), "x/y")],
    ],
    ids=["several", "in a zip file", "in a zip file with a table"],
)
def test_what_visitors_bring_is_taken_for_what_it_is(files):
    app = upload(open_app(way="Upload"), *files)
    answers = app.dataframe[0].value.set_index("file")["answer"]
    assert set(answers.index) == set(BROUGHT)
    assert [name for name, (_, said) in BROUGHT.items() if said not in answers[name]] == []


@pytest.mark.parametrize("name", [name for name, (_, said) in BROUGHT.items() if " " in said])
def test_what_is_no_picture_is_said_in_one_sentence(name):
    data, said = BROUGHT[name]
    app = upload(open_app(way="Upload"), (name, data, "x/y"))
    assert [said in error.value for error in app.error] == [True]


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "IMG_1.jpg"])
def test_a_phones_photo_is_answered_whatever_its_name(name):
    app = upload(open_app(way="Upload"), (name, TURNED, "image/heic"))
    assert not app.error
    assert app.metric


def test_uploads_are_limited_in_sum(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_TOTAL", 3 * 2**20)
    files = [(f"{name}.png", bytes(2**20), "image/png") for name in "abcd"]
    app = upload(open_app(way="Upload"), *files)
    said = "These files have more than 3 MB together; remove some of them."
    assert app.error[0].value == said
    assert not app.dataframe


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("http://localhost:8501/", False),
        ("http://127.0.0.1:8501/classify?way=Camera", False),
        ("http://[::1]:8501/", False),
        ("https://studio.example.org/", False),
        ("http://studio.example.org/", True),
        ("http://192.168.1.7:8501/", True),
        (None, False),
    ],
)
def test_the_camera_needs_https_or_this_computer(url, hidden, monkeypatch):
    assert camera.hides_camera(url) is hidden
    monkeypatch.setattr(camera, "hides_camera", lambda _: hidden)
    app = open_app(way="Camera")
    assert any("https pages" in info.value for info in app.info) is hidden


def test_a_zip_file_needs_no_ending():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a.png", png(trouser()))
    app = upload(open_app(way="Upload"), ("pictures", packed.getvalue(), "x/y"))
    assert list(app.dataframe[0].value["file"]) == ["a.png"]


def test_a_folder_of_no_class_in_a_zip_file_is_said_and_not_scored():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in ("pants/a.png", "**hats**/b.png"):
            file.writestr(name, png(trouser()))
    app = upload(open_app(way="Upload"), ("pictures.zip", packed.getvalue(), "application/zip"))
    assert r"No class is called \'\*\*hats\*\*\'\: pictures in such" in app.warning[0].value
    assert list(app.dataframe[0].value["file"]) == ["**hats**/b.png", "pants/a.png"]
    assert "Accuracy (n = 1)" in [metric.label for metric in app.metric]


def test_a_crowd_keeps_new_visitors_out_and_lets_others_go_on(monkeypatch):
    inside = AppTest.from_file(ROOT / "app.py", default_timeout=300).run()
    turns = threading.Semaphore(0)
    monkeypatch.setattr(visit, "TURNS", turns)
    monkeypatch.setattr(visit, "PATIENCE", 0.0)
    assert not inside.run().error
    outside = AppTest.from_file(ROOT / "app.py", default_timeout=300).run()
    assert [error.value for error in outside.error] == [
        "The server is busy with other visitors; try again in a moment."
    ]
    assert not outside.title
    turns.release()
    outside.button[0].click().run()
    assert not outside.error
    assert outside.title[0].value == "What is this garment?"
    assert turns.acquire(blocking=False)  # it was given back


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("of", "name"), [(decoding, "_TURNS"), (loading, "TURNS")])
def test_a_busy_server_is_one_sentence_and_not_remembered(several, of, name, monkeypatch):
    turns = threading.Semaphore(0)
    monkeypatch.setattr(of, name, turns)
    monkeypatch.setattr(of, "PATIENCE", 0.0)
    large = png(trouser().resize((3_000, 3_500)))
    files = [(f"{number}.png", large, "image/png") for number in range(1 + several)]
    app = upload(open_app(way="Upload"), *files)
    assert "The server is busy" in app.error[0].value
    turns.release()
    app.run()
    assert not app.error
    assert app.metric[0].value == "Trouser"


def test_steps_are_shown_on_demand():
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), "image/png"))
    assert "Trimmed" not in [caption for image in app.image for caption in image.captions]
    app.session_state["upload-steps"] = True
    app.run()
    assert not app.exception
    captions = [caption for image in app.image for caption in image.captions]
    assert captions[-1] == "28 x 28"
    assert "Trimmed" in captions


def why_captions(app) -> list[str]:
    """The captions of the eight training images."""
    captions = [caption for image in app.image for caption in image.captions]
    return [caption for caption in captions if caption.split(" ")[-1].startswith("0.")]


def test_why_is_shown_on_demand(own_run):
    own_run("mine", settings=TrainSettings(fraction=0.02).to_dict())
    app = open_app(way="Upload", run="mine")
    upload(app, ("legs.png", png(trouser()), "image/png"))
    assert not why_captions(app)
    app.session_state["upload-why"] = True
    app.run()
    assert not app.exception
    assert "supports Trouser" in texts(app)
    assert "lowers Trouser from" in texts(app)
    assert "1,100 training images" in texts(app)
    assert len(why_captions(app)) == 8
    assert sum(caption.startswith("Trouser") for caption in why_captions(app)) >= 6
    assert not app.progress

    (choice,) = (box for box in app.selectbox if box.label == "Highlight the pixels that support")
    assert (choice.value, len(choice.options)) == (1, 10)
    choice.set_value(3).run()
    assert not app.exception
    assert "supports Dress" in texts(app)

    # another answer begins with itself
    square = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(square).rectangle([30, 60, 170, 160], "black")
    upload(app, ("bag.png", png(square), "image/png"))
    assert app.metric[0].value == "Bag"
    assert "supports Bag" in texts(app)


def test_why_of_a_test_image(own_run):
    own_run("mine", settings=TrainSettings(fraction=0.02).to_dict())
    app = open_app(way="Test image", test_image="42", run="mine")
    app.session_state["test-image-why"] = True
    app.run()
    assert not app.exception
    assert len(why_captions(app)) == 8


def test_another_network_answers_the_same_picture_beside_the_first():
    app = open_app(way="Test image", test_image="23")
    app.session_state["test-image-second"] = True
    app.run()
    (box,) = [box for box in app.selectbox if box.label == "The other network"]
    assert box.options == SHIPPED[1:]
    box.select_index(0).run()
    said = [load_predictions(find_run(name))[23] for name in (DEFAULT_RUN, "accurate")]
    best = [f"{CLASS_NAMES[of.argmax()]} ({of.max():.0%})" for of in said]
    assert said[0].argmax() != said[1].argmax()
    assert (
        f"“Everyday pictures” says {best[0]}, “Most accurate on the test set” says {best[1]}."
        in texts(app)
    )


@pytest.mark.parametrize("verdict", ["refused", "nothing_found"])
def test_where_the_other_network_has_no_answer_its_reason_stands_alone(verdict, monkeypatch):
    real = loading.answer

    def answer(picture, run, *options):
        none = Answer(verdict, f"Why it is {verdict}.")
        return real(picture, run, *options) if run.name == DEFAULT_RUN else none

    monkeypatch.setattr(loading, "answer", answer)
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), "image/png"))
    app.session_state["upload-second"] = True
    app.run()
    assert not app.exception
    assert [info.value for info in app.info] == [f"Why it is {verdict}."]


def test_the_first_sight_of_a_visit_is_the_canvas_and_the_answer_alone():
    """The rest would keep the browser from drawing the canvas; it comes with the next run."""
    app = open_app()
    first = [box.label for box in app.expander]
    (answer,) = app.metric
    assert "Why this answer" not in first
    assert not app.toggle
    app.run()
    assert "Why this answer" in [box.label for box in app.expander]
    assert [toggle.label for toggle in app.toggle] == ["Ask a second network, too"]
    assert [(one.label, one.value, one.delta) for one in app.metric] == [
        (answer.label, answer.value, answer.delta)
    ]


def test_the_picker_of_the_model_comes_after_the_first_sight_and_stays():
    def pickers(app) -> list[str]:
        assert not app.exception
        return [box.label for box in app.selectbox if box.label == "Model"]

    app = open_app()
    assert pickers(app) == []
    assert pickers(app.run()) == ["Model"]
    app.button(key="canvas_clear").click()
    assert pickers(app.run()) == ["Model"]
    # where no canvas says that it is seen, nothing is waited for
    assert pickers(open_app(way="Upload")) == ["Model"]


def test_every_way_of_input_offers_its_answer_as_a_card():
    def offered(app) -> bool:
        return "Save as a card" in [button.label for button in app.download_button]

    assert offered(open_app().run())  # a browser has it run again by itself
    assert offered(open_app(way="Test image"))
    app = open_app(way="Upload")
    assert not offered(app)
    app.file_uploader(key="uploads").set_value(("a.png", png(trouser()), "image/png")).run()
    assert offered(app)


def test_why_without_the_training_images_is_one_sentence(monkeypatch, tmp_path):
    app = upload(open_app(way="Upload"), ("legs.png", png(trouser()), "image/png"))
    app.session_state["upload-why"] = True
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    app.run()
    assert not app.exception
    assert "is missing" in app.error[0].value
    assert "supports Trouser" in texts(app)


def damage(folder):
    for part in ("t10k", "train"):
        for kind in ("images-idx3", "labels-idx1"):
            (folder / f"{part}-{kind}-ubyte.gz").write_bytes(b"no gzip file at all")


@pytest.mark.parametrize(("make", "said"), [(lambda _: None, "is missing"), (damage, "cannot be")])
def test_without_the_dataset_what_needs_it_is_one_sentence(make, said, monkeypatch, tmp_path):
    make(tmp_path)
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    examples.mean_image.cache_clear()
    app = open_app()
    assert app.metric  # the drawing's answer
    app.selectbox(key="trace").set_value("Bag").run()
    assert not app.exception
    assert said in app.warning[0].value
    assert app.info[0].value.startswith("Draw a garment")
    app = open_app(way="Upload")
    app.session_state["upload_example"] = "zip"
    app.run()
    assert not app.exception
    assert said in app.error[0].value
    assert app.info[0].value.startswith("Best: a single garment")
    app.session_state["upload_example"] = "photo"
    app.run()
    assert [app.metric[0].value, len(app.error)] == ["Dress", 0]
    upload(app, ("legs.png", png(trouser()), "image/png"))
    assert app.metric[0].value == "Trouser"
    for page in ("classify", "report", "mistakes"):
        app = open_app(page, way="Test image")
        assert [said in error.value for error in app.error] == [True]
    assert not open_app("train").error


def test_several_uploads_are_a_table_and_a_bad_one_is_a_sentence():
    files = [
        ("bad.png", b"no picture at all", "image/png"),
        ("blank.png", png(Image.new("RGB", (9, 9), "white")), "image/png"),
        ("**bold** [link](x).png", png(trouser()), "image/png"),
    ]
    app = upload(open_app(way="Upload"), *files)
    table = app.dataframe[0].value
    assert list(table["file"]) == [name for name, *_ in files]
    assert "read as an image" in table["answer"][0]
    assert "Nothing found" in table["answer"][1]
    assert table["answer"][2].startswith("Trouser")
    assert "read as an image" in app.error[0].value  # the first row is shown large


def test_hostile_file_name_is_text_not_markdown():
    app = upload(open_app(way="Upload"), ("<b>x</b> :red[y].png", png(trouser()), "image/png"))
    assert app.text[0].value == "<b>x</b> :red[y].png"


def test_test_image_by_index_and_by_chance(test_part):
    app = open_app(way="Test image", test_image="42")
    assert "Test image 42" in texts(app)
    assert CLASS_NAMES[test_part.labels[42]] in texts(app)
    before = app.number_input(key="test_image").value
    next(b for b in app.button if b.label == "Surprise me").click().run()
    assert app.number_input(key="test_image").value != before
    assert not app.exception


def test_a_link_to_an_endless_index_shows_the_first_image():
    app = open_app(way="Test image", test_image="1e999")
    assert not app.exception
    assert app.number_input(key="test_image").value == 0


def test_an_index_beyond_the_test_images_is_one_sentence():
    app = open_app(way="Test image")
    app.number_input(key="test_image").set_value(10_000).run()
    assert not app.exception
    words = "There is no test image 10000; choose 0 to 9,999."
    assert [error.value for error in app.error] == [words]


# --- train


def start_on_a_busy_machine(monkeypatch) -> list[dict]:
    """Let another run train here, and a start be refused unless it says what becomes of that.

    Returns how starts were asked for, to be filled.
    """
    calls = []

    def start(settings, **how):
        calls.append(how)
        if not how:
            raise TrainingBusy("busy")
        return find_run("seed-cnn")

    monkeypatch.setattr(launch, "start_training", start)
    hold(create_run("other", TrainSettings()))
    return calls


@contextlib.contextmanager
def interrupted_spinner(_):
    """A spinner at whose end a waiting click ends the run of the page."""
    try:
        yield
    finally:
        st.rerun()


@pytest.mark.parametrize(
    ("label", "how"),
    [
        ("Stop it and start mine", {"stop_other": True, "wait": False}),
        ("Start mine when it has ended", {"stop_other": False, "wait": True}),
    ],
)
def test_second_start_offers_to_stop_or_to_wait(monkeypatch, label, how):
    calls = start_on_a_busy_machine(monkeypatch)
    app = open_app("train")
    next(b for b in app.button if b.label == "Start training").click().run()
    assert app.warning[0].value == (
        "The run 'other' is training on this machine, which runs one training at a time."
    )
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    assert calls == [{}, how]
    assert not app.warning


def test_a_click_on_start_counts_where_another_one_ends_the_run_of_the_page(monkeypatch):
    calls = start_on_a_busy_machine(monkeypatch)
    app = open_app("train")
    for label, so_far in (("Start training", 1), ("Stop it and start mine", 2)):
        with monkeypatch.context() as patch:
            patch.setattr(training_panel, "show", lambda _: st.stop())
            next(b for b in app.button if b.label == label).click().run()
        assert len(calls) == so_far - 1
        app.run()
        assert len(calls) == so_far
        app.run()
        assert len(calls) == so_far


def test_what_came_of_a_start_is_kept_where_a_click_ends_the_run_of_the_page_then(monkeypatch):
    calls = start_on_a_busy_machine(monkeypatch)
    monkeypatch.setattr(st, "spinner", interrupted_spinner)
    app = open_app("train")
    for label, warned in (("Start training", True), ("Start mine when it has ended", False)):
        next(b for b in app.button if b.label == label).click().run()
        assert not app.exception
        assert bool(app.warning) is warned
    assert [bool(how) for how in calls] == [False, True]


def test_an_answer_counts_for_the_question_it_was_given_to_and_no_other(monkeypatch):
    calls = []

    def start(settings, **how):
        calls.append(how)
        raise TrainingBusy("busy")

    monkeypatch.setattr(launch, "start_training", start)
    hold(create_run("other", TrainSettings()))
    app = open_app("train")
    next(b for b in app.button if b.label == "Start training").click().run()
    with monkeypatch.context() as patch:
        patch.setattr(training_panel, "show", lambda _: st.stop())
        next(b for b in app.button if b.label == "Stop it and start mine").click().run()
        app.session_state["train_pending"] = None  # as after "Discard mine"
        app.run()
    app.run()
    next(b for b in app.button if b.label == "Start training").click().run()
    assert app.warning
    assert calls == [{}, {}]
    # free when it was drawn, and another one has begun before the click
    lock.machine_file(".json").unlink()
    app.run()
    mine = next(b for b in app.button if b.label == "Start mine")
    hold(create_run("third", TrainSettings()))
    mine.click().run()
    assert "third" in app.warning[0].value
    assert calls == [{}, {}]


@pytest.mark.parametrize(
    ("page", "asked", "label", "work"),
    [
        ("report", {"view": "Robustness"}, "Measure", (robustness, "_measure")),
        ("mistakes", {"do": "Map"}, "Compute a better map", (map_job, "start_module")),
    ],
)
def test_a_click_on_what_takes_long_counts(page, asked, label, work, own_run, monkeypatch):
    """Where another one ends the run of the page, too."""
    own_run("mine")
    app = open_app(page, run="mine", **asked)
    done = []
    monkeypatch.setattr(*work, lambda *what: done.append(what) or st.stop())
    with monkeypatch.context() as patch:
        patch.setattr(tour, "show", st.stop)
        next(b for b in app.button if b.label.startswith(label)).click().run()
    app.run()
    assert len(done) == 1


def test_a_benchmark_can_be_waited_for_but_not_stopped(monkeypatch, tmp_path):
    def start(settings, **how):
        raise TrainingBusy("busy")

    monkeypatch.setattr(launch, "start_training", start)
    hold(tmp_path)
    app = open_app("train")
    next(b for b in app.button if b.label == "Start training").click().run()
    assert app.warning[0].value.startswith("Something else is training on this machine")
    assert app.button(key="start_now").disabled
    assert not app.button(key="start_later").disabled


def test_question_whose_reason_is_gone_offers_to_start(monkeypatch):
    def start(settings, **how):
        if how.get("stop_other"):
            raise TrainingFailed("the disk is full.")
        raise TrainingBusy("busy")

    monkeypatch.setattr(launch, "start_training", start)
    app = open_app("train")
    next(b for b in app.button if b.label == "Start training").click().run()
    assert "No other training is running now" in app.info[0].value
    assert not any("when it has ended" in button.label for button in app.button)
    next(b for b in app.button if b.label == "Start mine").click().run()
    assert "the disk is full." in app.error[0].value  # and is not wiped by another run


def test_running_training_is_shown_with_progress_and_stop(runs_dir):
    from fmnist.files import append_json_line

    path = create_run("live", TrainSettings(epochs=4))  # "this process" trains it
    write_run_info(path, state="running")
    append_json_line(
        path / "history.jsonl",
        {
            "event": "epoch",
            "time": 1.0,
            "epoch": 1,
            "accuracy": 0.7,
            "loss": 0.9,
            "val_accuracy": 0.8,
            "val_loss": 0.6,
        },
    )
    append_json_line(
        path / "history.jsonl",
        {
            "event": "progress",
            "time": 2.0,
            "epoch": 2,
            "epochs": 4,
            "batch": 50,
            "batches": 100,
            "accuracy": 0.81,
            "loss": 0.5,
            "images_per_second": 1234,
            "seconds_left": 75.0,
        },
    )
    app = open_app("train")
    assert app.progress[0].value == pytest.approx(37.5, abs=1)
    assert app.progress[0].text == "Epoch 2 of 4, batch 50 of 100"
    assert "**1,234**" in texts(app)  # images a second
    assert "**1 min 15 s**" in texts(app)  # left
    stop = next(b for b in app.button if b.label == "Stop")
    stop.click().run()
    assert not app.exception
    assert control.has_request(path, control.STOP)
    assert next(b for b in app.button if b.label == "Stop").disabled


def test_failed_training_shows_its_last_lines(runs_dir):
    path = create_run("gone", TrainSettings())
    write_run_info(path, state="running", process={"pid": 2**22 + 1, "started": 0, "host": "x"})
    write_run_info(path, process=ended_process())
    (path / "log.txt").write_text("epoch 1\nKilled")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state["train_watched"] = "gone"
    app.run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert "without reporting an error" in app.error[0].value
    assert "Killed" in app.code[0].value


def test_canvas_emptied_by_its_own_toolbar_invites_again():
    app = open_app()
    app.session_state["canvas-0"] = drawing(Image.new("RGB", (280, 280)), strokes=0)
    app.run()
    assert not app.exception
    assert "Draw a garment" in texts(app)


def test_too_many_strokes_are_said_to_be():
    app = open_app()
    app.session_state["canvas-0"] = drawing(Image.new("RGB", (280, 280)), strokes=501)
    app.run()
    assert "too many strokes" in app.warning[0].value


def test_finished_training_can_be_looked_at(own_run):
    own_run("done")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state["train_watched"] = "done"
    app.run()
    app.switch_page("pages/train.py").run()
    assert "90.00%" in app.success[0].value
    next(b for b in app.button if b.label.startswith("Use it")).click().run()
    assert not app.exception
    assert model_picker(app).value == "done"


def test_a_click_that_was_not_obeyed_is_forgotten_with_its_page():
    app = open_app()
    app.session_state["sweep-start-asked"] = True
    app.run()
    assert "sweep-start-asked" in app.session_state  # a later run of the same page obeys it
    app.switch_page("pages/report.py").run()
    assert "sweep-start-asked" not in app.session_state
