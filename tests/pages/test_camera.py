"""The camera of the Classify page without a browser: frames that are answered, held and forged."""

import base64
import json

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id

from fmnist.data import CLASS_NAMES
from pages.parts.classify.ways import camera
from pages.parts.shared import loading
from tests.pages.test_pages import (
    components,
    fresh_caches,
    on_canvas,
    open_app,
    png,
    run_fragment_of,
    texts,
    trouser,
)

__all__ = ["fresh_caches"]  # a fixture


def shown(app) -> str:
    """What the answer's picture shows: another text for other pixels."""
    return (
        next(image for image in app.image if "given: 28" in str(image.captions)).proto.imgs[0].url
    )


def send(app, sent) -> None:
    """Send a frame as the component does; a text is sent as it is."""
    (component, *_) = components(app._tree)
    states = app._tree.get_widget_states()
    text = sent if isinstance(sent, str) else json.dumps([{"event": "frame", "value": sent}])
    states.widgets.add(id=_make_trigger_id(component.proto.id, "events"), json_trigger_value=text)
    app._run(states)
    assert not app.exception


def frame(picture: bytes, number: int = 1) -> list:
    return [number, camera.JPEG + base64.b64encode(picture).decode()]


def data(app) -> dict:
    """What the component is told."""
    (component, *_) = components(app._tree)
    return json.loads(component.proto.json)


def test_a_frame_is_answered_the_next_is_asked_for_and_a_held_one_stays():
    app = open_app(way="Camera")
    assert not app.metric
    assert data(app) == {"held": False, "answered": 0}
    assert app.button(key="camera_hold").disabled
    send(app, frame(png(trouser()), 7))
    assert data(app) == {"held": False, "answered": 7}
    assert app.metric[0].value == "Trouser"
    assert "Save as a card" not in [button.label for button in app.download_button]

    app.button(key="camera_hold").click().run()
    assert data(app) == {"held": True, "answered": 7}
    assert app.metric[0].value == "Trouser"
    assert "Save as a card" in [button.label for button in app.download_button]
    before = shown(app)
    send(app, frame(png(on_canvas(trouser()).rotate(90)), 8))  # it was on its way
    assert (data(app)["answered"], shown(app)) == (7, before)

    app.button(key="camera_hold").click().run()
    assert data(app)["held"] is False
    send(app, frame(png(on_canvas(trouser()).rotate(90)), 9))
    assert shown(app) != before


def test_the_picture_of_an_earlier_visit_is_forgotten_unless_it_is_held():
    app = open_app(way="Camera")
    send(app, frame(png(trouser()), 7))
    for page in ("report", "classify"):
        app.switch_page(f"pages/{page}.py").run()
    assert not app.metric
    assert app.button(key="camera_hold").disabled
    send(app, frame(png(trouser()), 8))
    app.button(key="camera_hold").click().run()
    for page in ("report", "classify"):
        app.switch_page(f"pages/{page}.py").run()
    assert app.metric[0].value == "Trouser"


def test_what_came_with_a_frame_is_drawn(monkeypatch):
    """A browser sends both as one request, of the frame's fragment."""
    app = open_app(way="Camera")
    run_fragment_of(app.button(key="camera_hold"), app, monkeypatch)
    app.segmented_control(key="way").set_value("Draw")
    send(app, frame(png(trouser())))
    assert "camera_hold" not in [button.key for button in app.button]
    assert "Clear" in [button.label for button in app.button]


@pytest.mark.parametrize(
    "sent",
    [
        *(None, "x", [], {}, [1], ["1", camera.JPEG], [1, 2], [1.0, camera.JPEG], [True, ""]),
        *([0, camera.JPEG], [2**60, camera.JPEG], [1, "data:image/jpeg;base64,@"], [1, "ü"]),
        [1, camera.JPEG + "A" * camera.MAX_FRAME],
    ],
)
def test_what_is_no_frame_changes_nothing(sent):
    assert camera._checked(sent) is None
    app = open_app(way="Camera")
    send(app, frame(png(trouser())))
    send(app, sent)
    assert (data(app)["answered"], app.metric[0].value) == (1, "Trouser")


def test_a_frame_that_is_no_picture_is_one_sentence():
    app = open_app(way="Camera")
    send(app, frame(b"nothing", 3))
    assert app.error[0].value.startswith("This file can't be read as an image")
    assert data(app)["answered"] == 3


def test_a_frame_waits_for_another_visitors_and_keeps_the_answer_before_it(monkeypatch):
    monkeypatch.setattr(camera, "PATIENCE", 0.0)
    app = open_app(way="Camera")
    send(app, frame(png(trouser()), 1))
    asked = []
    monkeypatch.setattr(loading, "answer", lambda *how: asked.append(how))
    with camera._TURN:
        send(app, frame(png(on_canvas(trouser()).rotate(90)), 2))
    assert (data(app)["answered"], app.metric[0].value, asked) == (2, "Trouser", [])
    assert "Many cameras are in use" in texts(app)


def test_the_answer_of_a_frame_names_all_ten_classes():
    app = open_app(way="Camera")
    send(app, frame(png(trouser())))
    bars = "".join(part.proto.body for part in app.get("html"))
    assert all(name in bars for name in CLASS_NAMES)
    assert "Why this answer" not in texts(app)
