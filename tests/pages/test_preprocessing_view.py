"""Preprocessing by hand: controls, suggestions of the input check, and that they stay."""

import io
import json
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from fmnist.data import CLASS_NAMES
from fmnist.images.options import METHODS, POLARITIES, SEGMENTS, PreprocessingOptions
from fmnist.images.pipeline import preprocess_image
from pages.parts.classify import crop_box, preprocessing_controls
from pages.parts.classify.ways import camera
from tests.pages.test_pages import (
    components,
    drawing,
    on_canvas,
    open_app,
    png,
    texts,
    trouser,
    upload,
)

CHECKS_OUT = "no problem found in the 28 × 28 pixels"


def boot(test_part, mirrored: bool) -> bytes:
    """A test image of an ankle boot, dark on white, as a large picture."""
    image = test_part.images[test_part.labels == CLASS_NAMES.index("Ankle boot")][3]
    if mirrored:
        image = image[:, ::-1]
    image = image.repeat(9, axis=0).repeat(9, axis=1)
    return png(Image.fromarray(255 - np.pad(image, 30)))


def opened(app: AppTest, key: str = "upload") -> AppTest:
    """With the expander that has the controls."""
    app.session_state[f"{key}-steps"] = True
    return app.run()


def legs(*files: bytes) -> AppTest:
    files = files or (png(trouser()),)
    named = [(f"{at}.png", data, "image/png") for at, data in enumerate(files)]
    return opened(upload(open_app(way="Upload"), *named))


def control(app: AppTest, name: str, key: str = "upload"):
    kinds = (app.button_group, app.selectbox, app.select_slider, app.slider, app.toggle)
    wanted = f"{key}-option-{name}"
    return next(widget for kind in kinds for widget in kind if widget.key == wanted)


def change(app: AppTest, name: str, value, key: str = "upload") -> AppTest:
    control(app, name, key).set_value(value).run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def chosen(app: AppTest, key: str = "upload") -> PreprocessingOptions:
    return app.session_state[f"{key}-options"][1]


def captions(app: AppTest) -> list[str]:
    return [caption for image in app.image for caption in image.captions]


# --- the controls


def test_what_was_just_chosen_is_not_sent_back():
    """It would undo the next change, where that one is on its way."""
    app = legs()
    for name, value in (("polarity", "light on dark"), ("segment", "plain"), ("mirror", True)):
        app = change(app, name, value)
        assert not any(
            getattr(widget.proto, "set_value", False)
            for kind in (app.button_group, app.selectbox, app.select_slider, app.toggle)
            for widget in kind
            if "-option-" in (widget.key or "")
        )
    app = button(app, "Back to automatic").click().run()
    assert control(app, "polarity").proto.set_value


def test_automatic_decisions_are_said_beside_each_control():
    app = legs()
    labels = {name: control(app, name).label for name in ("polarity", "segment", "tolerance")}
    assert "auto: dark on light" in labels["polarity"]
    assert "auto: plain background" in labels["segment"]
    assert "auto: 12.75" in labels["tolerance"]
    assert "auto: not filled" in control(app, "fill").label
    assert "Before, automatic" not in texts(app)
    assert all(b.disabled for b in app.button if b.label == "Back to automatic")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("method", "published", PreprocessingOptions(method="published")),
        ("polarity", "light on dark", PreprocessingOptions(polarity="light on dark")),
        ("segment", "none", PreprocessingOptions(segment="none")),
        ("tolerance", 64, PreprocessingOptions(tolerance=64.0)),
        ("fill", "Filled", PreprocessingOptions(fill=True)),
        ("fill", "Not filled", PreprocessingOptions(fill=False)),
        ("mirror", True, PreprocessingOptions(mirror=True)),
        ("across", (25, 100), PreprocessingOptions(crop=(0.25, 0.0, 1.0, 1.0))),
        ("down", (10, 60), PreprocessingOptions(crop=(0.0, 0.1, 1.0, 0.6))),
        ("down", (60, 60), PreprocessingOptions(crop=(0.0, 0.6, 1.0, 0.61))),
        ("across", (100, 100), PreprocessingOptions(crop=(0.99, 0.0, 1.0, 1.0))),
    ],
)
def test_control_changes_its_choice_the_answer_and_the_steps(name, value, expected):
    app = change(legs(), name, value)
    assert chosen(app) == expected
    prepared = preprocess_image(Image.open(io.BytesIO(png(trouser()))).convert("RGBA"), expected)
    steps = [step.title for step in prepared.steps]
    assert [caption for caption in captions(app) if caption in steps] == steps
    assert "Before, automatic] Trouser" in texts(app)
    assert "After, by hand]" in texts(app)
    button(app, "Back to automatic").click().run()
    assert not app.exception
    assert chosen(app) == PreprocessingOptions()
    assert "Before, automatic" not in texts(app)
    # the widget itself went back too
    again = control(app, name).value
    assert again in ("automatic", "Automatic", False, (0, 100))


def test_choices_add_up_and_outlive_the_closed_expander():
    app = change(change(legs(), "mirror", True), "across", (0, 80))
    change(app, "down", (5, 100))
    expected = PreprocessingOptions(mirror=True, crop=(0.0, 0.05, 0.8, 1.0))
    assert chosen(app) == expected
    app.session_state["upload-steps"] = False
    app.run()
    assert "After, by hand" in texts(app)
    opened(app)
    assert chosen(app) == expected
    assert control(app, "mirror").value is True
    assert control(app, "across").value == (0, 80)


def test_makers_route_disables_what_it_does_not_know():
    app = change(legs(), "method", "published")
    for name in ("segment", "fill"):
        assert control(app, name).disabled
        assert "seven steps" in control(app, name).help
    for name in ("polarity", "tolerance", "mirror", "across"):
        assert not control(app, name).disabled
    assert "Subsampled" in captions(app)


def test_nothing_left_is_a_sentence_and_the_way_back_stays():
    app = change(legs(), "across", (0, 10))
    assert "With these options nothing is left" in texts(app)
    assert not app.metric
    assert "After, by hand] nothing found" in texts(app)
    change(app, "across", (0, 100))
    assert app.metric[0].value == "Trouser"


LEGS = trouser()


@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (9, 9), "white"), LEGS, Image.new("RGBA", (30, 40), "#ff000000")],
    ids=["blank", "legs", "invisible"],
)
def test_no_combination_crashes(picture):
    app = change(legs(png(picture)), "mirror", True)
    subject, _ = app.session_state["upload-options"]
    # all combinations as such are prepared in test_preparation; here each meets the page
    combined = [*product(METHODS, SEGMENTS, (None, True))]
    if picture is not LEGS:  # what has nothing to be found in it has less to go wrong
        combined = combined[::3]
    for at, (method, segment, fill) in enumerate(combined):
        polarity, tolerance = POLARITIES[at % 3], (None, 1.0, 7.0, 255.0)[at % 4]
        crop = (None, (0.0, 0.0, 0.01, 0.01), (0.123, 0.2, 0.9, 1.0))[at // 2 % 3]
        options = PreprocessingOptions(
            method, polarity, fill, bool(at % 2), segment, tolerance, crop
        )
        app.session_state["upload-options"] = subject, options
        app.run()
        assert not app.exception, options
        assert control(app, "polarity").value == polarity
        assert control(app, "segment").value == segment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "other"),
        ("polarity", None),
        ("segment", ["none"]),
        ("tolerance", "many"),
        ("fill", "half"),
        ("across", ("a", "b")),
        ("across", (-50, 50)),
        ("down", (10, 900)),
        ("down", 7),
        ("down", None),
    ],
)
def test_forged_value_changes_nothing(monkeypatch, name, value):
    state = {"k-options": ("s", PreprocessingOptions(mirror=True)), f"k-option-{name}": value}
    monkeypatch.setattr(preprocessing_controls.st, "session_state", state)
    preprocessing_controls._take("k", "s", name)
    assert state["k-options"] == ("s", PreprocessingOptions(mirror=True))


# --- with their picture


def test_another_picture_starts_automatic():
    other = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(other).ellipse([20, 60, 180, 190], fill="navy")
    app = change(legs(), "mirror", True)
    upload(app, ("other.png", png(other), "image/png"))
    assert "After, by hand" not in texts(app)
    assert control(app, "mirror").value is False


def test_the_example_drawing_can_be_prepared_otherwise_and_the_first_stroke_is_not():
    app = opened(open_app(), "drawing")
    change(app, "mirror", True, "drawing")
    assert control(app, "mirror", "drawing").value is True
    assert "After, by hand" in texts(app)
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    app.run()
    assert control(app, "mirror", "drawing").value is False
    assert "After, by hand" not in texts(app)


def test_a_drawing_keeps_its_choices_until_it_is_cleared():
    app = open_app()
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()))
    opened(app, "drawing")
    change(app, "mirror", True, "drawing")
    assert "After, by hand" in texts(app)
    app.session_state["canvas-0"] = drawing(on_canvas(trouser()), strokes=2)
    app.run()
    assert chosen(app, "drawing") == PreprocessingOptions(mirror=True)
    button(app, "Clear").click().run()
    assert "drawing-options" not in app.session_state
    assert not app.exception


# --- the check-up


def test_well_made_picture_looks_like_the_datasets(test_part):
    app = legs(boot(test_part, mirrored=False))
    assert app.metric[0].value == "Ankle boot"
    assert CHECKS_OUT in texts(app)


def test_bad_and_empty_pictures_have_no_checkup():
    for data in (b"no picture", png(Image.new("RGB", (9, 9), "white"))):
        app = upload(open_app(way="Upload"), ("x.png", data, "image/png"))
        assert "Input check" not in texts(app)


def test_suggestion_is_one_click_with_the_answer_before_and_after(test_part):
    # robust was shown mirrored shoes and needs no suggestion
    app = open_app(way="Upload", run="seed-cnn")
    upload(app, ("boot.png", boot(test_part, mirrored=True), "image/png"))
    assert app.metric[0].value != "Ankle boot"
    assert "It may be footwear (Ankle boot) with the toes to the right" in texts(app)
    assert "if mirrored: Ankle boot" in texts(app)
    button(app, "Mirror it").click().run()
    assert not app.exception
    assert CHECKS_OUT in texts(app)
    assert "Before, automatic" in texts(app)
    assert "After, by hand] Ankle boot" in texts(app)
    opened(app)
    assert control(app, "mirror").value is True
    button(app, "Back to automatic").click().run()
    assert "with the toes to the right" in texts(app)


def test_seven_steps_on_light_garments_are_offered_the_other_polarity():
    app = legs(png(on_canvas(trouser())))
    change(app, "method", "published")
    assert "seem swapped" in texts(app)
    button(app, "Take it as light on dark").click().run()
    assert chosen(app) == PreprocessingOptions(method="published", polarity="light on dark")
    assert "seem swapped" not in texts(app)


def test_held_frames_of_the_camera_have_controls_and_checkup_too(test_part):
    app = open_app(way="Camera")
    app.session_state[camera.FRAME] = (1, boot(test_part, mirrored=True))
    app.session_state[camera.HELD] = True
    app.run()
    assert not app.exception
    button(app, "Mirror it").click().run()
    assert app.metric[0].value == "Ankle boot"
    assert control(opened(app, "camera"), "mirror", "camera").value is True


def drag(app, box: list) -> None:
    """Mark a part of the uploaded picture, with all that was set before."""
    (component, *_) = (one for one in components(app._tree) if "upload-box" in one.proto.id)
    states = app._tree.get_widget_states()
    sent = json.dumps([{"event": "box", "value": box}])
    states.widgets.add(id=_make_trigger_id(component.proto.id, "events"), json_trigger_value=sent)
    app._run(states)


def test_a_box_that_comes_with_another_choice_leaves_it():
    app = opened(legs())
    control(app, "mirror").set_value(True)
    drag(app, [0, 0, 1, 0.5])
    assert chosen(app) == PreprocessingOptions(mirror=True, crop=(0, 0, 1, 0.5))


@pytest.mark.parametrize(
    ("side", "right", "said"),
    [
        (900, 0.5, ""),
        (900, 0.1, "Pictures are reduced to 512 pixels"),
        (400, 0.1, "This part is too"),
    ],
)
def test_a_part_that_is_too_small_for_the_photo_network_is_said_to_be(side, right, said):
    app = legs(png(trouser().resize((side, side))))
    drag(app, [0, 0, right, 1])
    captions = [one.value for one in app.caption if "photo network" in one.value]
    assert [one.startswith(said) for one in captions] == [True] * bool(said)


@pytest.mark.parametrize(
    "sent",
    [
        *(None, "all", [], {"0": 1}, [0, 0, 1], [0, 0, 1, 2], [0, 0, 1, "1"], [0, 0, None, 1]),
        *([0.5, 0, 0.5, 1], [1, 1, 0, 0], [0, float("nan"), 1, 1]),
    ],
)
def test_what_is_no_box_marks_nothing(sent):
    assert crop_box._checked(sent) is None


def test_a_box_is_left_top_right_bottom():
    assert crop_box._checked([0, 0.25, 0.5, 1]) == (0.0, 0.25, 0.5, 1.0)
