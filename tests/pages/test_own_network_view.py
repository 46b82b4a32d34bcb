"""Build your own network on the Train page: the editor, what is refused in it, and what starts."""

import json

import pytest
from playwright.sync_api import expect

from fmnist.networks.layers import Convolution, Dense, Flatten, MaxPooling
from fmnist.networks.own_network import PRESETS, SPECIFICATION
from fmnist.runs.library import create_run
from fmnist.runs.run import write_run_info
from fmnist.settings import TrainSettings
from fmnist.training.recipes import DEMONSTRATIONS
from pages.parts.train.layers import own_network_view
from tests.browser.browsing import go
from tests.pages.test_past_runs import sent
from tests.pages.test_settings_form import open_page, press_start, recipe, start_button
from tests.pages.test_settings_form import started as started  # a fixture

LAYERS = (Convolution(4), MaxPooling(2), Flatten(), Dense(16))


def editor(app) -> dict:
    """What the browser is given to draw."""
    return sent(app, "train_layer_editor")


def as_json(layers) -> list[dict]:
    return [layer.to_dict() for layer in layers]


def edit(app, layers) -> None:
    """Change the layers as the browser does, for AppTest has no components."""
    app.session_state[own_network_view.LAYERS] = layers
    app.run()
    assert not app.exception


@pytest.fixture
def app():
    app = open_page(train_network="custom")
    assert not app.error
    return app


def test_it_begins_with_the_specification(app, started):
    data = editor(app)
    assert data["layers"] == as_json(SPECIFICATION)
    assert [step["shape"] for step in data["steps"]][-4:] == ["1,568", "256", "256", "10"]
    assert dict(data["totals"])["parameters"] == "423,338"
    press_start(app)
    assert started == [TrainSettings(network="custom")]


def test_what_is_changed_changes_the_numbers_and_is_started(app, started):
    edit(app, as_json(LAYERS))
    data = editor(app)
    assert data["steps"][0] == {
        "shape": "28 x 28 x 4",
        "sides": [28, 28, 4],
        "parameters": "40",
        "multiplications": "28,224",
    }
    totals = dict(data["totals"])
    assert totals["parameters"] == "12,770"
    assert totals["multiplications an image"] == f"{28_224 + 784 * 16 + 160:,}"
    assert "A rough estimate" in " ".join(caption.value for caption in app.caption)
    press_start(app)
    assert started == [TrainSettings(network="custom", layers=LAYERS)]


@pytest.mark.parametrize(
    ("layers", "at", "words"),
    [
        ([], 0, "Layer 1, the output: its input has the shape"),
        ([{"kind": "flatten"}, {"kind": "conv"}], 1, "Layer 2, convolution 3 x 3: its input is"),
        ([{"kind": "dense", "units": ""}], 0, "Layer 1, dense: units must be a whole number"),
        ([[[]]], 0, "Layer 1: a layer is an object"),
    ],
)
def test_what_does_not_fit_is_said_at_its_layer_and_not_started(app, layers, at, words):
    edit(app, layers)
    data = editor(app)
    assert data["at"] == at
    assert data["fault"].startswith(words)
    assert [error.value for error in app.error] == [data["fault"]]
    assert start_button(app).disabled
    app.button(key="train_preset_specification").click().run()
    assert not app.error
    assert editor(app)["version"] > data["version"]  # the browser takes what it is given
    assert editor(app)["layers"] == as_json(SPECIFICATION)


def test_every_preset_can_be_started(app, started):
    for name, preset in PRESETS.items():
        app.button(key=f"train_preset_{name}").click().run()
        press_start(app)
        assert started[-1] == TrainSettings(network="custom", layers=preset.layers)


def test_a_preset_can_be_undone(app):
    edit(app, as_json(LAYERS))
    assert not [button for button in app.button if button.key == "train_layers_undo"]
    app.button(key="train_preset_linear").click().run()
    app.button(key="train_preset_linear").click().run()  # which changes nothing
    before = editor(app)["version"]
    app.button(key="train_layers_undo").click().run()
    assert not app.exception
    assert editor(app)["layers"] == as_json(LAYERS)
    assert editor(app)["version"] > before
    assert not [button for button in app.button if button.key == "train_layers_undo"]


def test_what_was_built_outlives_a_recipe_and_a_page_switch(app, started):
    edit(app, as_json(LAYERS))
    recipe(app).set_value("quick").run()
    app.switch_page("pages/report.py").run()
    app.switch_page("pages/train.py").run()
    recipe(app).set_value("specification").run()
    app.selectbox(key="train_network").set_value("custom").run()
    press_start(app)
    assert started == [TrainSettings(network="custom", layers=LAYERS)]


def test_overfitting_is_ready_to_start(app, started):
    recipe(app).set_value("overfit").run()
    assert any("Watch the training accuracy" in caption.value for caption in app.caption)
    assert editor(app)["layers"] == as_json(DEMONSTRATIONS["overfit"].settings.layers)
    (layers,) = [box for box in app.expander if box.label == "Layers"]
    assert not layers.proto.expanded  # the start button is not to be far below
    assert "dropout" not in json.dumps(editor(app)["layers"])
    press_start(app)
    assert started == [DEMONSTRATIONS["overfit"].settings]


def test_what_to_watch_is_said_while_it_trains(runs_dir):
    settings = DEMONSTRATIONS["overfit"].settings
    write_run_info(create_run("busy", settings), state="running")
    said = [caption.value for caption in open_page().caption]
    assert sum("Watch the training accuracy" in words for words in said) == 1
    write_run_info(runs_dir / "busy", settings=TrainSettings().to_dict())
    said = [caption.value for caption in open_page().caption]
    assert sum("Watch the training accuracy" in words for words in said) == 0


def test_large_batches_need_small_layers(app):
    edit(app, as_json((Convolution(256), MaxPooling(7), Flatten())))
    assert not app.error
    app.number_input(key="train_batch_size").set_value(4_096).run()
    assert "this network needs too much memory; use batches of at most" in app.error[0].value
    assert start_button(app).disabled


@pytest.mark.parametrize("wrong", [None, 5, {}, {"layers": []}, {"layers": 3, "revision": 1}])
def test_what_no_editor_sends_changes_nothing(monkeypatch, wrong):
    from pages.parts.train.layers import layer_editor

    taken, mounted = [], {}
    monkeypatch.setattr(layer_editor, "_component", lambda **how: mounted.update(how))
    monkeypatch.setattr(layer_editor, "sent_value", lambda key, name: wrong)
    checked = own_network_view.check_layers(SPECIFICATION)
    layer_editor.layer_editor(
        [], checked, {}, key="k", version=1, revision=0, on_change=lambda *how: taken.append(how)
    )
    mounted["on_layers_change"]()
    assert taken == []
    wrong = {"layers": [{"kind": "flatten"}], "version": 1, "revision": 3}
    mounted["on_layers_change"]()
    assert taken == [([{"kind": "flatten"}], 1, 3)]
    wrong = {"layers": ["x" * 2**17], "version": 1, "revision": 4}
    mounted["on_layers_change"]()
    assert len(taken) == 1
    json.dumps(mounted["data"], allow_nan=False)


def test_a_change_of_what_a_preset_has_replaced_counts_no_more(monkeypatch):
    state = {own_network_view.VERSION: 2, own_network_view.LAYERS: as_json(SPECIFICATION)}
    monkeypatch.setattr(own_network_view.st, "session_state", state)
    own_network_view._take([], 1, 9)
    assert state[own_network_view.LAYERS] == as_json(SPECIFICATION)
    own_network_view._take([], 2, 9)
    assert (state[own_network_view.LAYERS], state[own_network_view.REVISION]) == ([], 9)


@pytest.mark.browser
def test_layers_are_added_changed_moved_and_removed(page, server):
    go(page, server, "/train", "Train")
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="Build your own").click()
    rows, total = page.locator(".editor li"), page.locator(".editor dd").first
    expect(rows).to_have_count(10)
    expect(total).to_have_text("423,338")
    rows.nth(0).get_by_label("filters").fill("8")
    expect(total).to_have_text("406,650")
    page.get_by_role("button", name="Add dense").click()
    expect(rows).to_have_count(11)
    expect(page.get_by_label("Kind of layer 10")).to_be_focused()
    expect(rows.nth(9).locator(".shape")).to_have_text("128")
    page.get_by_role("button", name="Move layer 7 down").press("Enter")
    expect(rows.nth(6).locator(".fault")).to_contain_text("Layer 7, dense 256: its input has")
    expect(page.get_by_role("button", name="Move layer 8 down")).to_be_focused()
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    page.get_by_role("button", name="Move layer 8 up").press("Enter")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    page.get_by_role("button", name="Remove layer 10").click()
    expect(rows).to_have_count(10)
    expect(total).to_have_text("406,650")
    page.get_by_role("button", name="Remove layer 7").click()
    expect(rows.nth(6).locator(".fault")).to_contain_text("Put flatten or global average pooling")
    page.get_by_role("button", name="Add flatten").click()  # where it is missing, not at the end
    expect(total).to_have_text("406,650")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    page.get_by_role("button", name="A linear classifier").click()
    expect(rows).to_have_count(2)
    expect(total).to_have_text("7,850")
