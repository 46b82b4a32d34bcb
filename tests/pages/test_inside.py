"""Inside the network: the view opens for every way of input and follows the picture."""

import json

import pytest

from fmnist.errors import FmnistError
from fmnist.runs.library import find_run
from pages.parts.shared import loading
from pages.parts.shared.inside import network_view
from pages.parts.shared.widgets import filter_classes
from tests.pages.test_pages import drawing, on_canvas, open_app, png, trouser, upload


@pytest.fixture
def packed(monkeypatch):
    """The headers of what the component is given, newest last, with the pictures."""
    given = []

    def mount(*, data, **_):
        start = 4 + int.from_bytes(data[:4], "little")
        given.append(json.loads(data[4:start]) | {"data": data})

    monkeypatch.setattr(network_view, "_component", mount)
    return given


def open_inside(app, key):
    button = next(button for button in app.button if button.key == f"{key}-look-inside")
    button.click().run()
    assert not app.exception
    return app


def test_every_way_of_input_can_be_looked_into(packed, test_part):
    app = open_app(run="seed-cnn")
    assert packed == []  # not before it is asked for
    open_inside(app, "drawing")
    assert packed[-1]["layers"][1]["title"] == "Convolution 1"
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    assert packed[-1]["data"] != packed[0]["data"]  # another picture
    app = upload(open_app(way="Upload"), ("one.png", png(trouser()), "image/png"))
    open_inside(app, "upload")
    app = open_inside(open_app(way="Test image", test_image="7"), "test-image")
    assert packed[-1]["opened"] > 0
    header, picture = packed[-1], test_part.images[7].ravel()
    start = 4 + int.from_bytes(header["data"][:4], "little") + header["layers"][0]["small"][0]
    brightest = header["data"][start : start + 784]
    assert max(brightest) == brightest[int(picture.argmax())] == 127
    next(button for button in app.button if button.key == "test-image-inside-close").click().run()
    shown = len(packed)
    app.run()
    assert len(packed) == shown


def test_of_two_images_on_one_page_the_one_that_was_asked_for_is_looked_into(monkeypatch):
    drawn = []
    monkeypatch.setattr(network_view, "_component", lambda *, key, **_: drawn.append(key))
    table = loading.answers_table(find_run("seed-cnn"))
    other = filter_classes(table, "T-shirt/top", "Shirt")["index"]
    app = open_app("report", run="seed-cnn", true="Shirt", predicted="T-shirt/top")
    app.session_state["reverse-gallery"] = {"selected": int(other.iloc[0])}
    open_inside(app.run(), "reverse")
    assert drawn == ["reverse-layers"]
    drawn.clear()
    open_inside(app, "cell")
    assert drawn == ["cell-layers"]


def test_another_layer_is_chosen_and_nonsense_is_not(packed, monkeypatch):
    sent = {}
    monkeypatch.setattr(network_view, "sent_value", lambda *_: sent["layer"])
    sent["layer"] = 8
    app = open_inside(open_app(run="seed-cnn"), "drawing")
    assert packed[-1]["chosen"] == 8
    for nonsense in (12, -1, True, "1", None, [3]):
        sent["layer"] = nonsense
        app.run()
        assert packed[-1]["chosen"] == 1, nonsense


def test_a_network_that_cannot_be_read_is_one_sentence(own_run, monkeypatch):
    run = own_run()
    app = open_app(run=run.name)
    monkeypatch.setattr(
        "fmnist.inference.activations.read_graph",
        lambda *_: (_ for _ in ()).throw(FmnistError("Choose another model.")),
    )
    open_inside(app, "drawing")
    assert [error.value for error in app.error] == ["Choose another model."]
