"""Answers for a picture's bytes: the ways to find the garment compete, and what is said repeats."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist.images.decoding import decode_image
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.images.pipeline import Preprocessed, preprocess_image
from fmnist.inference.answer import Answer, _sureness, answer_bytes, answer_file
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("robust"))


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def on_a_floor(seed: int) -> bytes:
    """Trousers on a floor of broad, uneven stripes, which the ways take apart differently."""
    rng = np.random.default_rng(seed)
    waves = 30 * np.sin(np.arange(300) / rng.uniform(6, 20)) + rng.normal(0, 12, (400, 300))
    floor = np.clip(150 + waves, 0, 255).astype(np.uint8)
    image = Image.fromarray(np.dstack([floor, floor, (floor * 0.8).astype(np.uint8)]))
    pen = ImageDraw.Draw(image)
    legs = [(90, 40), (210, 40), (220, 360), (160, 360), (150, 130), (140, 360), (80, 360)]
    pen.polygon(legs, (40, 60, 110))
    return png(image)


def plain() -> bytes:
    image = Image.new("RGB", (200, 300), "white")
    legs = [(60, 20), (140, 20), (150, 280), (110, 280), (100, 90), (90, 280), (50, 280)]
    ImageDraw.Draw(image).polygon(legs, "black")
    return png(image)


def hazy(seed: int) -> bytes:
    """A grey T-shirt on a wall that is lit unevenly and grainy."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:300, :300] / 300 - 0.5
    light = rng.uniform(-60, 60) * x + rng.uniform(-60, 60) * y
    wall = 170 + light + rng.normal(0, rng.uniform(2, 15), (300, 300))
    image = Image.fromarray(np.dstack([np.clip(wall, 0, 255).astype(np.uint8)] * 3))
    left = [(90, 50), (40, 130), (75, 150), (95, 120), (95, 260)]
    shirt = [*left, *[(300 - x, y) for x, y in left[::-1]]]
    tone = int(rng.integers(120, 200))
    ImageDraw.Draw(image).polygon(shirt, (tone, tone, tone))
    return png(image)


PICTURES = [*map(on_a_floor, range(3)), *map(hazy, range(20, 25)), plain()]


@pytest.mark.parametrize("picture", PICTURES, ids=range(len(PICTURES)))
def test_the_surest_way_is_taken(picture, classifier):
    answer = answer_bytes(picture, classifier)
    by_hand = [
        answer_bytes(picture, classifier, PreprocessingOptions(segment=segment))
        for segment in (preprocess_image(decode_image(picture)).decided.segment, "plain")
    ]
    sure = [one.probability for one in by_hand if one.probability is not None]
    assert answer.probability == pytest.approx(max(sure), abs=1e-6)


def test_some_picture_is_surer_another_way(classifier):
    answers = [answer_bytes(picture, classifier) for picture in PICTURES]
    assert any(answer.options != AUTO for answer in answers)
    assert any(answer.options == AUTO for answer in answers)


def test_of_a_drawing_a_guess_that_is_no_clothing_comes_last():
    def guess(verdict: str, probability: float, kind: str) -> Answer:
        found = Preprocessed(np.zeros((28, 28), np.uint8), None, kind)
        return Answer(verdict, "", probability=probability, preprocessed=found)

    for kind, verdict in {"drawing": "confident", "photo": "not_clothing"}.items():
        guesses = guess("not_clothing", 0.99, kind), guess("confident", 0.9, kind)
        assert max(guesses, key=_sureness).verdict == verdict


@pytest.mark.parametrize("picture", PICTURES, ids=range(len(PICTURES)))
def test_its_choices_give_the_same_pixels_again(picture, classifier):
    answer = answer_bytes(picture, classifier)
    again = preprocess_image(decode_image(picture), answer.options)
    assert np.array_equal(again.pixels, answer.pixels)
    assert replace(answer.options, segment="automatic") == AUTO


@pytest.mark.parametrize(
    "options",
    [
        PreprocessingOptions(segment="plain"),
        PreprocessingOptions(segment="grabcut"),
        PreprocessingOptions(segment="none"),
        PreprocessingOptions(tolerance=20.0),
        PreprocessingOptions(method="published"),
        PreprocessingOptions(method="resize"),
    ],
)
def test_what_was_chosen_by_hand_has_no_rival(options, classifier):
    answer = answer_bytes(PICTURES[0], classifier, options)
    assert answer.options == options
    expected = preprocess_image(decode_image(PICTURES[0]), options).pixels
    assert np.array_equal(answer.pixels, expected)


def test_other_choices_are_kept_while_the_ways_compete(classifier):
    mirrored = PreprocessingOptions(mirror=True)
    answer = answer_bytes(PICTURES[0], classifier, mirrored)
    assert answer.options.mirror
    assert replace(answer.options, segment="automatic") == mirrored


def test_the_size_of_a_file_is_said_as_it_is(classifier, tmp_path):
    file = tmp_path / "large.png"
    with file.open("wb") as written:
        written.truncate(31 * 2**20)
    answer = answer_file(file, classifier)
    assert answer.message.startswith("The file is larger than 20 MB (it has 31 MB);")


def test_nothing_and_refusals_are_said_as_before(classifier):
    assert answer_bytes(png(Image.new("RGB", (50, 50), "red")), classifier).verdict == (
        "nothing_found"
    )
    assert answer_bytes(b"no picture", classifier).verdict == "refused"
