"""The settings on the Train page: every control, what is refused, and what can be exported."""

import dataclasses
import shlex

import pytest
import streamlit as st
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from fmnist import machine
from fmnist.cli import train
from fmnist.cli.main import _parser
from fmnist.errors import TrainingBusy, TrainingFailed
from fmnist.jobs import launch
from fmnist.networks.layers import Dense, Flatten
from fmnist.runs.library import create_run, find_run
from fmnist.settings import LIMITS, SETTINGS, TrainSettings, arguments
from fmnist.training import preview
from fmnist.training.interop.script import generate_script
from fmnist.training.recipes import RECIPES
from pages.parts.train import settings_form
from tests.browser.browsing import click_at_rest, go, wait_for_rest
from tests.conftest import ROOT, hold
from tests.test_settings import EVERYTHING, OWN


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Streamlit's caches outlive an AppTest, and recipes depend on the processor."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: True)


@pytest.fixture
def started(monkeypatch) -> list:
    """What was started: nothing really is."""
    found = []

    def start(settings, **how):
        found.append(settings)
        return find_run("seed-cnn")

    monkeypatch.setattr(launch, "start_training", start)
    return found


def open_page(**state) -> AppTest:
    """The Train page in the whole app, with its folded parts open where `state` says so."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    return app


def start_button(app):
    return app.button(key="train_start")


def recipe(app):
    """The control "Start from"."""
    (found,) = (box for box in app.selectbox if box.label == "Start from")
    return found


def press_start(app) -> None:
    start_button(app).click().run()
    assert not app.exception


# control -> the kind of widget, its key's end, what is chosen there, the setting that this makes
CONTROLS = {
    "network": ("selectbox", "network", "quick", {"network": "quick"}),
    "share": ("select_slider", "fraction", 0.05, {"fraction": 0.05}),
    "epochs": ("number_input", "epochs", 3, {"epochs": 3}),
    "batch size": ("number_input", "batch_size", 32, {"batch_size": 32}),
    "optimizer": ("selectbox", "optimizer", "sgd", {"optimizer": "sgd"}),
    "rate": ("number_input", "learning_rate", 0.01, {"learning_rate": 0.01}),
    "schedule": ("selectbox", "schedule", "step", {"schedule": "step"}),
    "seed": ("number_input", "seed", 7, {"seed": 7}),
    "decay": ("number_input", "weight_decay", 0.05, {"weight_decay": 0.05}),
    "smoothing": ("number_input", "label_smoothing", 0.1, {"label_smoothing": 0.1}),
    "mirror": ("toggle", "mirror", True, {"mirror": True}),
    "shift": ("slider", "shift", 2, {"shift": 2}),
    "erasing": ("slider", "erasing", 0.25, {"erasing": 0.25}),
    "stylised": ("toggle", "stylised", True, {"stylised": True}),
    "deterministic": ("toggle", "deterministic", True, {"deterministic": True}),
    "all": ("toggle", "all", True, {"holdout": False}),
}


def choose(app, control) -> dict:
    kind, name, value, expected = CONTROLS[control]
    getattr(app, kind)(key=f"train_{name}").set_value(value)
    return expected


def test_what_is_started_at_first_is_the_specification(started):
    app = open_page()
    assert recipe(app).value == "specification"
    press_start(app)
    assert started == [TrainSettings()]


def test_every_control_makes_its_setting(started):
    app = open_page()
    for control, (kind, name, *_) in CONTROLS.items():
        before = getattr(app, kind)(key=f"train_{name}").value
        expected = choose(app, control)
        press_start(app)
        assert started[-1] == TrainSettings(**expected), control
        getattr(app, kind)(key=f"train_{name}").set_value(before)
    assert len(started) == len(CONTROLS)


def test_all_controls_together(started):
    app = open_page()
    expected = {}
    for control in CONTROLS:
        if control not in ("all", "stylised"):  # which exclude others
            expected |= choose(app, control)
    app.selectbox(key="train_network").set_value("robust").run()
    app.segmented_control(key="train_precision").set_value("bfloat16")
    app.toggle(key="train_tta_flip").set_value(True)  # which needs mirror
    app.toggle(key="train_tta_shift").set_value(True)  # which needs shift
    press_start(app)
    expected |= {"network": "robust", "precision": "bfloat16"}
    expected |= {"tta_flip": True, "tta_shift": True}
    assert started == [TrainSettings(**expected)]
    assert recipe(app).value == "own"


def test_the_controls_show_all_settings_but_what_a_run_brings(started):
    shown = {name for *_, expected in CONTROLS.values() for name in expected}
    shown |= {"precision", "tta_flip", "tta_shift"}  # which need other settings, see above
    fields = {field.name for field in dataclasses.fields(TrainSettings)}
    shown.add("layers")  # tests/pages/test_own_network_view.py
    assert fields - shown == {"initial", "continued", "rate_changes", "source"}


def test_sliders_know_the_limits_and_numbers_are_checked_by_the_settings():
    """A browser shows a number beyond a widget's limits in red, and the server never hears of it.

    Start would begin a training with what stood there before.
    """
    app = open_page()
    for kind, name, *_ in CONTROLS.values():
        if kind == "slider":
            widget = app.slider(key=f"train_{name}")
            assert (widget.min, widget.max) == LIMITS[name]
        if kind == "number_input":
            widget = app.number_input(key=f"train_{name}")
            assert widget.min is None or widget.min < LIMITS[name][0] - 1000
            assert widget.max is None or widget.max > LIMITS[name][1] + 1000


def test_a_number_that_was_deleted_is_there_again(started):
    """A browser sends the least number that it can count to."""
    app = open_page()
    for name in ("epochs", "batch_size", "seed"):
        before = app.number_input(key=f"train_{name}").value
        app.number_input(key=f"train_{name}").set_value(-(2**53) + 1).run()
        assert app.number_input(key=f"train_{name}").value == before
        assert not app.error
    press_start(app)
    assert started == [TrainSettings()]


def test_all_that_is_wrong_is_said_at_once():
    app = open_page()
    app.number_input(key="train_epochs").set_value(0)
    app.number_input(key="train_learning_rate").set_value(-1.0)
    app.number_input(key="train_seed").set_value(-1).run()
    (error,) = app.error
    for words in ("Epochs must be", "Learning rate must be", "Seed must be"):
        assert words in error.value
    assert start_button(app).disabled


def test_a_recipe_can_be_taken_twice(started):
    app = open_page()
    for name in ("quick", "specification", "quick"):
        recipe(app).set_value(name).run()
        assert not app.exception
        assert recipe(app).value == name
    press_start(app)
    assert started == [RECIPES["quick"].settings]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fills_the_form(started, name):
    app = open_page()
    app.number_input(key="train_epochs").set_value(99).run()
    assert recipe(app).value == "own"
    recipe(app).set_value(name).run()
    assert recipe(app).value == name
    press_start(app)
    assert started == [RECIPES[name].settings]


def test_a_recipe_is_what_this_processor_can_train(started, monkeypatch):
    monkeypatch.setattr(machine, "multiplies_bfloat16", lambda: False)
    app = open_page()
    recipe(app).set_value("accurate").run()
    assert recipe(app).value == "accurate"
    precision = app.segmented_control(key="train_float32")
    assert precision.disabled
    assert "no bfloat16 instructions" in precision.help
    press_start(app)
    expected = dataclasses.replace(RECIPES["accurate"].settings, precision="float32")
    assert started == [expected]


def test_precision_is_a_choice_only_where_it_helps(started):
    app = open_page()
    precision = app.segmented_control(key="train_float32")
    assert (precision.value, precision.disabled) == ("float32", True)
    assert "not make this network faster" in precision.help
    app.selectbox(key="train_network").set_value("accurate").run()
    assert not app.segmented_control(key="train_precision").disabled
    app.segmented_control(key="train_precision").set_value("bfloat16").run()
    app.selectbox(key="train_network").set_value("cnn").run()  # and is no trap there
    press_start(app)
    app.selectbox(key="train_network").set_value("robust").run()
    press_start(app)
    assert started == [TrainSettings(), TrainSettings(network="robust", precision="bfloat16")]


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        (["share", "all"], "not both"),
        (["stylised", "mirror"], "Stylised images are mirrored"),
        (["stylised", "shift"], "Stylised images are mirrored"),
        (["stylised", "erasing"], "Stylised images are mirrored"),
    ],
)
def test_what_does_not_go_together_cannot_be_started(started, controls, sentence):
    app = open_page(train_export=True, train_more=True)
    for control in controls:
        choose(app, control)
    app.run()
    assert not app.exception
    assert [sentence in error.value for error in app.error] == [True]
    assert start_button(app).disabled
    assert not app.code
    kind, name, *_ = CONTROLS[controls[-1]]
    widget = getattr(app, kind)(key=f"train_{name}")
    widget.set_value(type(widget.value)()).run()
    assert not app.error
    assert not start_button(app).disabled


@pytest.mark.parametrize(
    ("look", "needs", "sentence"),
    [
        ("tta_flip", "mirror", "TTA flip needs a network trained with mirrored images"),
        ("tta_shift", "shift", "TTA shift needs a network trained with shifts"),
    ],
)
def test_a_look_needs_what_the_network_has_to_know_for_it(started, look, needs, sentence):
    app = open_page()
    app.toggle(key=f"train_{look}").set_value(True).run()
    assert sentence in app.error[0].value
    assert start_button(app).disabled
    expected = choose(app, needs)
    app.run()
    assert not app.error
    press_start(app)
    assert started == [TrainSettings(**{look: True}, **expected)]


def test_a_rate_that_the_optimizer_cannot_use_is_refused_until_it_can(started):
    app = open_page()
    app.number_input(key="train_learning_rate").set_value(0.5).run()
    assert not app.exception
    assert "Adam learns nothing" in app.error[0].value
    assert start_button(app).disabled
    app.selectbox(key="train_optimizer").set_value("sgd").run()
    assert not app.error
    press_start(app)
    assert started == [TrainSettings(optimizer="sgd", learning_rate=0.5)]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("number_input", "epochs", 5000),
        ("number_input", "seed", -1),
        ("number_input", "weight_decay", 7.0),
        ("slider", "shift", 99),
    ],
)
def test_what_no_widget_sends_starts_nothing_illegal(started, kind, name, value):
    app = open_page()
    getattr(app, kind)(key=f"train_{name}").set_value(value).run()
    assert not app.exception
    if not start_button(app).disabled:
        press_start(app)
        least, most = LIMITS[name]
        assert least <= getattr(started[0], name) <= most


def test_the_form_outlives_a_page_switch(started):
    app = open_page()
    expected = {}
    for control in ("network", "share", "epochs", "optimizer", "erasing", "mirror", "seed"):
        expected |= choose(app, control)
    app.run()
    app.switch_page("pages/report.py").run()
    app.switch_page("pages/train.py").run()
    press_start(app)
    assert started == [TrainSettings(**expected)]


# --- taken from a run

FILLING = """
from fmnist.settings import TrainSettings
from pages.parts.train import settings_form
import streamlit as st

settings, reason = settings_form.show()
st.session_state["found"] = settings
st.button("Use", on_click=settings_form.fill, args=(st.session_state["wanted"],))
"""


@pytest.mark.parametrize(
    "wanted",
    [
        RECIPES["accurate"].settings,
        TrainSettings(fraction=0.37, learning_rate=1, optimizer="sgd", erasing=1),
        TrainSettings(holdout=False, stylised=True, network="robust"),
        TrainSettings(initial="robust", network="robust"),
        TrainSettings(continued=(3, 5), rate_changes=((2, 0.01),)),
        TrainSettings(network="custom", layers=(Flatten(), Dense(5))),
    ],
)
def test_a_runs_settings_fill_the_form(wanted):
    app = AppTest.from_string(FILLING, default_timeout=300)
    app.session_state["wanted"] = wanted
    app.run()
    assert app.session_state["found"] == TrainSettings()
    next(button for button in app.button if button.label == "Use").click().run()
    assert not app.exception
    assert app.session_state["found"] == wanted
    assert app.session_state["train_way"] == "Choose settings"


@pytest.mark.parametrize("share", [0.015, 0.024, 0.995, 1 / 3, 0.123456])
def test_a_runs_share_stays_what_it_is(share):
    """What the slider sends is a label, so no two shares may have the same one."""
    app = AppTest.from_string(FILLING, default_timeout=300)
    app.session_state["wanted"] = TrainSettings(fraction=share)
    app.run()
    next(button for button in app.button if button.label == "Use").click().run()
    labels = app.select_slider(key="train_fraction").options
    assert len(set(labels)) == len(labels) == 7
    app.number_input(key="train_epochs").set_value(3).run()
    assert app.session_state["found"] == TrainSettings(fraction=share, epochs=3)


def test_what_no_control_shows_is_said_and_can_be_left_out():
    app = AppTest.from_string(FILLING, default_timeout=300)
    app.session_state["wanted"] = TrainSettings(
        network="robust", initial="a,b", continued=(4,), rate_changes=((2, 0.01),), seed=3
    )
    app.run()
    assert not [button for button in app.button if button.label == "Remove"]
    next(button for button in app.button if button.label == "Use").click().run()
    said = next(caption.value for caption in app.caption if "Taken from the run" in caption.value)
    assert said.endswith("from a,b, rate 0.01 from epoch 2, continued after epoch 4.")
    app.button(key="train_leave_out").click().run()
    assert not app.exception
    assert app.session_state["found"] == TrainSettings(network="robust", seed=3)


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_a_rate_of_sgd_alone_is_said_whatever_the_optimizer(rate):
    app = AppTest.from_string(FILLING, default_timeout=300)
    app.session_state["wanted"] = TrainSettings(
        optimizer="sgd", learning_rate=0.1, rate_changes=((2, rate),)
    )
    app.run()
    next(button for button in app.button if button.label == "Use").click().run()
    assert not app.exception
    said = next(caption.value for caption in app.caption if "Taken from the run" in caption.value)
    assert said.endswith(f"Taken from the run: rate {rate:g} from epoch 2.")
    app.selectbox(key="train_optimizer").set_value("adam").run()  # which cannot have it
    assert not app.exception
    assert app.session_state["found"] is None
    app.button(key="train_leave_out").click().run()
    assert app.session_state["found"] == TrainSettings(learning_rate=0.1)


# --- the preview


def pictures(app) -> list:
    return [image for image in app.image if "training images" in image.captions[0]]


def test_the_strip_is_drawn_only_where_it_is_seen(monkeypatch):
    drawn = []
    monkeypatch.setattr(preview, "draw_preview", lambda *args: drawn.append(args))
    assert not pictures(open_page())
    assert drawn == []


def test_the_strip_shows_each_augmentation_at_once(monkeypatch):
    drawn, strip = [], preview.draw_preview

    def remembered(images, labels, settings):
        drawn.append(settings)
        return strip(images, labels, settings)

    monkeypatch.setattr(preview, "draw_preview", remembered)
    app = open_page(train_more=True)
    assert len(pictures(app)) == 1
    addresses = {str(app.image[0].value)}
    for control in ("mirror", "shift", "erasing"):
        expected = choose(app, control)
        app.run()
        assert not app.exception
        assert len(pictures(app)) == 1
        assert all(getattr(drawn[-1], name) == value for name, value in expected.items())
        addresses.add(str(app.image[0].value))
    app.number_input(key="train_seed").set_value(5).run()
    addresses.add(str(app.image[0].value))
    assert len(addresses) == 5
    # another setting's fault does not hide it
    app.number_input(key="train_learning_rate").set_value(0.5).run()
    assert app.error
    assert len(pictures(app)) == 1


def test_renderings_have_a_strip_and_what_excludes_them_none():
    app = open_page(train_more=True)
    app.toggle(key="train_stylised").set_value(True).run()
    assert len(pictures(app)) == 1
    app.toggle(key="train_mirror").set_value(True).run()
    assert not app.exception
    assert not pictures(app)


def test_without_the_training_images_the_strip_is_one_sentence(monkeypatch, tmp_path):
    preview.load_examples.cache_clear()
    app = open_page()
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    app.session_state["train_more"] = True
    app.run()
    assert not app.exception
    assert "is missing" in app.error[0].value


# --- the command and the script


def test_the_command_repeats_the_training():
    app = open_page(train_export=True)
    recipe(app).set_value("accurate").run()
    words = shlex.split(app.code[0].value)
    assert words[:4] == ["python", "-m", "fmnist", "train"]
    options = _parser().parse_args(words[3:])
    assert train.settings_of(options) == RECIPES["accurate"].settings


def test_the_script_can_be_downloaded():
    app = open_page(train_export=True)
    app.number_input(key="train_epochs").set_value(4).run()
    (button,) = app.download_button
    text = generate_script(TrainSettings(epochs=4))
    assert not button.disabled
    assert f"{len(text.splitlines())} lines" in "\n".join(c.value for c in app.caption)


def test_where_there_is_no_script_the_page_says_so():
    app = open_page(train_export=True)
    app.toggle(key="train_stylised").set_value(True).run()
    assert not app.download_button
    assert "Stylised images need" in app.info[0].value
    assert app.code[0].value.endswith("--stylised")


# --- starting


def test_a_start_that_fails_says_why_and_can_be_tried_again(monkeypatch):
    def start(settings, **how):
        raise TrainingFailed("the disk is full.")

    monkeypatch.setattr(launch, "start_training", start)
    app = open_page()
    press_start(app)
    assert app.error[0].value == "the disk is full."
    assert not start_button(app).disabled


def test_a_queue_that_is_full_says_so(monkeypatch):
    def start(settings, **how):
        raise TrainingBusy("10 trainings wait" if how else "busy")

    monkeypatch.setattr(launch, "start_training", start)
    hold(create_run("other", TrainSettings()))
    app = open_page()
    press_start(app)
    next(b for b in app.button if b.label == "Start mine when it has ended").click().run()
    assert not app.exception
    assert app.error[0].value == "10 trainings wait"


def test_a_recipe_that_is_there_already_is_not_taken_again(monkeypatch):
    # so Streamlit calls it when a second click comes while the first one's page is being drawn
    key = "train_recipe_specification"
    state = {key: "specification", "train_mirror": True}
    monkeypatch.setattr(st, "session_state", state)
    settings_form._take_recipe(key, "specification")
    assert state["train_mirror"]
    state[key] = "quick"
    settings_form._take_recipe(key, "specification")
    assert state["train_network"] == "quick"
    assert state[key] == "specification"


# --- in a browser


@pytest.mark.browser
def test_clicks_in_quick_succession_all_count(page, server):
    go(page, server, "/train", "Train")
    page.get_by_text("More settings").click()
    strip = page.get_by_role("img", name="Six training images as they are")
    expect(strip).to_be_visible(timeout=60_000)
    wait_for_rest(page)
    for label in ("Deterministic", "Mirror", "As a command or a script"):
        page.get_by_text(label, exact=True).click()
    command = page.locator("code").first
    expect(command).to_contain_text("--mirror --deterministic", timeout=60_000)
    expect(page.get_by_role("img", name="augmented in three epochs: mirror")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as a Python script").click()
    assert download.value.suggested_filename == "train_fashion_mnist.py"
    text = generate_script(TrainSettings(mirror=True, deterministic=True))
    assert download.value.path().read_text() == text

    start_from = page.get_by_role("combobox", name="Start from")
    expect(start_from).to_have_value("Your own settings")
    wait_for_rest(page)  # a run of the page that ends just then closes the list
    click_at_rest(start_from)
    page.get_by_role("option", name="Accurate").click()
    expect(command).to_contain_text("--network accurate", timeout=60_000)
    expect(command).not_to_contain_text("--deterministic")


def test_every_setting_is_an_option_an_argument_a_control_and_a_word(capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args(["train", "--help"])
    helped = capsys.readouterr().out.split()
    given = [*arguments(EVERYTHING), *arguments(TrainSettings(holdout=False))]
    given += [*arguments(TrainSettings(stylised=True)), *arguments(OWN)]
    app = open_page(train_more=True, train_mirror=True, train_shift=1, train_network="accurate")
    kinds = ("selectbox", "select_slider", "number_input", "slider", "toggle", "segmented_control")
    shown = {one.key for kind in kinds for one in getattr(app, kind)}
    # a past run's, where the images come from, and what has an editor, are no control
    past = {"initial", "continued", "rate_changes", "source", "layers"}
    # these are said in sentences and columns of their own
    elsewhere = {"network", "epochs", "batch_size", "learning_rate", "seed", "fraction"}
    elsewhere |= {"holdout", "source", "layers"}
    for name, setting in SETTINGS.items():
        assert setting.option in helped, name
        assert setting.option in given, name
        key = "train_all" if name == "holdout" else f"train_{name}"
        assert (key in shown) is (name not in past), name
        assert bool(setting.words) is (name not in elsewhere), name
