"""The input check: one thing off is one issue, the dataset itself passes, and suggestions help."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist.data import CLASS_NAMES, load
from fmnist.images.input_check import (
    CLASS_RANGES,
    FOOTWEAR,
    HIDING,
    ClassRanges,
    check_input,
    measure_inputs,
)
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.images.pipeline import preprocess_image
from fmnist.images.suggestions import (
    Suggestion,
    find_helpful_suggestion,
    suggest_crop,
    suggest_options,
)
from fmnist.inference.classifier import load_classifier
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions

SHIRT, SNEAKER, BOOT, SANDAL = (
    CLASS_NAMES.index(name) for name in ("Shirt", "Sneaker", "Ankle boot", "Sandal")
)


def shirt(size: int = 28, across: int = 0, down: int = 0) -> np.ndarray:
    """A body with two sleeves, `size` high; its corners and the box's lower corners are black."""
    width = round(size * 0.8) // 2 * 2
    image = np.zeros((28, 28), np.uint8)
    top, left = (28 - size) // 2 + down, (28 - width) // 2 + across
    image[top : top + round(size * 0.6), left : left + width] = 140
    image[top : top + size, left + width // 5 : left + width - width // 5] = 140
    return image


def boot() -> np.ndarray:
    """A foot with the toes to the left under a bright shaft on the right."""
    image = np.zeros((28, 28), np.uint8)
    image[14:24, 0:28] = 120
    image[4:24, 16:28] = 180
    return image


def names(found) -> list[str]:
    return [issue.name for issue in found]


# --- one thing off each


def test_well_made_pictures_pass():
    assert check_input(shirt(), SHIRT) == []
    assert check_input(boot(), BOOT) == []


def _with_corners(image):
    image = image.copy()
    image[0, :2] = image[27, 26:] = 90
    return image


def _outlined(image):
    """Its edges only, one pixel wide."""
    padded = np.pad(image > 0, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.where(inside, 0, image).astype(np.uint8)


def _wide(image):
    """Eight rows of it, in the middle."""
    flat = np.zeros_like(image)
    flat[10:18, :] = 140
    flat[14:18, :3] = flat[14:18, 25:] = 0
    return flat


@pytest.mark.parametrize(
    ("image", "class_id", "name", "words"),
    [
        (np.zeros((28, 28), np.uint8), SHIRT, "empty", "black"),
        (255 - shirt(), SHIRT, "polarity", "swapped"),
        (_with_corners(shirt()), SHIRT, "corners", "part of the background is left"),
        (shirt(24), SHIRT, "size", "only 24 pixels long"),
        (shirt(across=2), SHIRT, "centre", "2 pixels off the centre"),
        (_outlined(shirt()), SHIRT, "fill", "of its bounding box"),
        (_wide(shirt()), SHIRT, "shape", "0.286 times as high as wide"),
        (boot()[:, ::-1], BOOT, "direction", "toes point right"),
        (np.minimum(shirt(), 12), SHIRT, "brightness", "unusually dark"),
        (np.where(shirt() > 0, 255, 0).astype(np.uint8), SHIRT, "brightness", "unusually bright"),
    ],
)
def test_one_thing_off_is_one_finding(image, class_id, name, words):
    found = check_input(np.ascontiguousarray(image), class_id)
    assert names(found) == [name]
    assert words in found[0].sentence


def test_what_is_usual_depends_on_the_answered_class():
    assert check_input(boot(), BOOT) == []
    assert "shape" in names(check_input(boot(), CLASS_NAMES.index("Trouser")))
    assert check_input(shirt()[:, ::-1], SHIRT) == []  # only footwear has a direction


@pytest.mark.parametrize("edge", [27, 28])
def test_edges_of_the_limits_pass(edge):
    image = shirt()
    image[edge:] = 0  # a row less at the bottom moves the middle by half a pixel
    assert check_input(image, SHIRT) == []


def test_tiny_and_full_pictures_have_words():
    one = np.zeros((28, 28), np.uint8)
    one[3, 4] = 1
    for image in (one, np.full((28, 28), 255, np.uint8), np.full((28, 28), 1, np.uint8)):
        for class_id in range(10):
            assert check_input(image, class_id)


@pytest.mark.parametrize(
    ("image", "class_id"),
    [
        (np.zeros((28, 27), np.uint8), 0),
        (np.zeros((28, 28), np.float32), 0),
        (np.zeros((28, 28), np.uint8), 10),
        (np.zeros((28, 28), np.uint8), -1),
    ],
)
def test_other_input_is_refused(image, class_id):
    with pytest.raises(ValueError, match="not"):
        check_input(image, class_id)


# --- on the dataset


def fit_class_ranges(images: np.ndarray, labels: np.ndarray) -> tuple[ClassRanges, ...]:
    """How CLASS_RANGES was made, from (N, 28, 28) uint8 images with (N,) labels.

    Ranges run from the 0.5th to the 99.5th percentile. Footwear faces left, and its limit is the
    97th percentile of the brightness in the left half, but at least one half: a boot or a sneaker
    above that is mirrored, while some sandals are nearly symmetric.
    """
    seen = measure_inputs(images)
    ranges = []
    for class_id in range(len(CLASS_NAMES)):
        own = labels == class_id
        fill, ratio, mean = (
            (_quantile(seen[n][own], 0.005, digits), _quantile(seen[n][own], 0.995, digits))
            for n, digits in (("fill", 3), ("ratio", 2), ("mean", 0))
        )
        left = 1.0
        if class_id in FOOTWEAR:
            left = max(0.5, _quantile(seen["left"][own], 0.97, 3))
        ranges.append(ClassRanges(fill, ratio, mean, left))
    return tuple(ranges)


def _quantile(values: np.ndarray, share: float, digits: int) -> float:
    return round(float(np.quantile(values, share)), digits)


def test_habits_are_those_of_the_training_images():
    train = load("train")
    assert fit_class_ranges(train.images, train.labels) == CLASS_RANGES


def test_measures_agree_with_loops(test_part):
    image = test_part.images[7]
    covered = [(y, x) for y in range(28) for x in range(28) if image[y, x] > 0]
    ys, xs = [y for y, _ in covered], [x for _, x in covered]
    height, width = max(ys) - min(ys) + 1, max(xs) - min(xs) + 1
    seen = {name: values[0] for name, values in measure_inputs(image[np.newaxis]).items()}
    assert seen["length"] == max(height, width)
    assert seen["fill"] == pytest.approx(len(covered) / (height * width))
    assert seen["ratio"] == pytest.approx(height / width)
    total = sum(int(image[y, x]) for y, x in covered)
    assert seen["mean"] == pytest.approx(total / len(covered))
    left = sum(int(image[y, x]) for y, x in covered if x < 14)
    assert seen["left"] == pytest.approx(left / total)
    middle = (min(ys) + max(ys)) / 2, (min(xs) + max(xs)) / 2
    assert seen["off_centre"] == max(abs(at - 13.5) for at in middle)
    corners = (image[0, 0], image[0, 27], image[27, 0], image[27, 27])
    assert seen["corners"] == sum(corner > 0 for corner in corners)


def test_false_alarms_on_the_test_images(test_part):
    alarms = [
        bool(check_input(image, int(label)))
        for image, label in zip(test_part.images, test_part.labels, strict=True)
    ]
    print(f"{np.mean(alarms):.2%} of {len(alarms):,} test images get an issue")
    assert np.mean(alarms) == pytest.approx(0.0358)


@pytest.mark.parametrize(("class_id", "caught"), [(BOOT, 0.999), (SNEAKER, 0.997), (SANDAL, 0.829)])
def test_mirrored_shoes_are_noticed(test_part, class_id, caught):
    images = test_part.images[test_part.labels == class_id]
    noticed = ["direction" in names(check_input(image[:, ::-1], class_id)) for image in images]
    print(f"{np.mean(noticed):.1%} of {len(images):,} mirrored {CLASS_NAMES[class_id]}")
    assert np.mean(noticed) == pytest.approx(caught)


@pytest.fixture(scope="module")
def answered(test_part):
    """What seed-cnn says about the test images and about their mirror images, (10000,) each."""
    run = find_run("seed-cnn")
    mirrored = np.ascontiguousarray(test_part.images[:, :, ::-1])
    return load_predictions(run).argmax(1), load_classifier(run)(mirrored)[0].argmax(1)


def test_false_alarms_with_the_networks_own_answers(test_part, answered):
    triples = zip(test_part.images, *answered, strict=True)
    alarms = [bool(check_input(image, int(a), int(b))) for image, a, b in triples]
    print(f"{np.mean(alarms):.2%} of {len(alarms):,} test images get an issue")
    assert np.mean(alarms) == pytest.approx(0.0331, abs=0.001)


@pytest.mark.parametrize(
    ("class_id", "caught"),
    [(BOOT, 0.999), (SNEAKER, 0.997), (SANDAL, 0.834)],
)
def test_mirrored_shoes_are_noticed_whatever_they_are_taken_for(
    test_part, answered, class_id, caught
):
    own = test_part.labels == class_id
    straight, mirrored = (classes[own] for classes in answered)
    shoes = zip(test_part.images[own][:, :, ::-1], mirrored, straight, strict=True)
    noticed = ["direction" in names(check_input(image, int(a), int(b))) for image, a, b in shoes]
    print(f"{np.mean(noticed):.1%} of {own.sum():,} mirrored {CLASS_NAMES[class_id]}")
    assert np.mean(noticed) == pytest.approx(caught, abs=0.005)


def test_swapped_brightness_is_noticed_on_every_test_image(test_part):
    pairs = zip(test_part.images, test_part.labels, strict=True)
    assert all(
        names(check_input(255 - image, int(label))) == ["polarity"] for image, label in pairs
    )


# --- suggestions


def photo(image: np.ndarray, negate: bool = True, side: int = 10) -> Image.Image:
    """28x28 pixels as a large picture, dark on white unless told otherwise."""
    large = image.repeat(side, axis=0).repeat(side, axis=1)
    large = np.pad(large, 40)
    return Image.fromarray(255 - large if negate else large).convert("RGBA")


def suggestion_for(
    picture: Image.Image, options: PreprocessingOptions, class_id: int, name: str
) -> Suggestion | None:
    """The suggestion that is found for one of the issues, with every answer the same class."""

    def check_with(other: PreprocessingOptions):
        pixels = preprocess_image(picture, other).pixels
        return None if pixels is None else check_input(pixels, class_id)

    prepared = preprocess_image(picture, options)
    found = check_input(prepared.pixels, class_id)
    (issue,) = (one for one in found if one.name == name)
    proposed = suggest_options(issue, options, prepared, picture.size)
    assert all(suggestion.options != options for suggestion in proposed)
    suggestion = find_helpful_suggestion(issue, proposed, found, check_with)
    if suggestion is not None:
        assert name not in names(check_with(suggestion.options))
    return suggestion


def test_toes_to_the_right_are_mirrored():
    picture = photo(boot()[:, ::-1])
    suggestion = suggestion_for(picture, AUTO, BOOT, "direction")
    assert suggestion == Suggestion("Mirror it", "mirrored", PreprocessingOptions(mirror=True))
    suggestion = suggestion_for(photo(boot()), PreprocessingOptions(mirror=True), BOOT, "direction")
    assert suggestion == Suggestion("Do not mirror it", "not mirrored", AUTO)


def test_light_on_dark_by_the_seven_steps_gets_the_other_polarity():
    chosen = PreprocessingOptions(method="published")
    suggestion = suggestion_for(photo(shirt(), negate=False), chosen, SHIRT, "polarity")
    assert suggestion.options == replace(chosen, polarity="light on dark")
    assert suggestion.label == "Take it as light on dark"


def test_wrong_polarity_by_hand_is_taken_back():
    suggestion = suggestion_for(
        photo(shirt()), PreprocessingOptions(polarity="light on dark"), SHIRT, "empty"
    )
    assert suggestion.options == AUTO


def test_background_left_in_is_searched_for():
    picture = photo(shirt(), negate=False)
    chosen = PreprocessingOptions(segment="none", polarity="light on dark")
    assert (
        suggestion_for(picture, PreprocessingOptions(segment="none"), SHIRT, "polarity").options
        == chosen
    )
    assert suggestion_for(picture, chosen, SHIRT, "size").options == replace(
        chosen, segment="automatic"
    )


def test_small_garment_in_a_picture_of_28_pixels_is_cropped():
    picture = Image.fromarray(shirt(20)).convert("RGBA")
    suggestion = suggestion_for(picture, AUTO, SHIRT, "size")
    assert suggestion.label == "Crop to the garment"
    assert check_input(preprocess_image(picture, suggestion.options).pixels, SHIRT) == []


def test_outline_that_was_left_empty_is_filled():
    picture = Image.new("RGBA", (240, 300), "white")
    points = [(20, 20), (220, 20), (220, 150), (180, 150), (180, 280), (60, 280), (60, 150)]
    ImageDraw.Draw(picture).line([*points, (20, 150), (20, 20)], fill="black", width=9)
    assert suggestion_for(picture, PreprocessingOptions(fill=False), SHIRT, "fill").options.fill


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("crop", [None, (0.0, 0.0, 0.9, 1.0)])
def test_crop_to_garment_is_where_the_garment_is(mirror, crop):
    picture = Image.new("RGBA", (400, 200), "black")
    ImageDraw.Draw(picture).rectangle([60, 50, 99, 149], fill="white")  # 40 x 100
    options = PreprocessingOptions(
        segment="none", polarity="light on dark", mirror=mirror, crop=crop
    )
    suggestion = suggest_crop(preprocess_image(picture, options), options, picture.size)
    left, top, right, bottom = np.array(suggestion.options.crop) * [400, 200, 400, 200]
    pixel = 400 / 28
    assert 60 - 2 * pixel <= left <= 60
    assert 50 - 2 * pixel <= top <= 50
    assert 100 <= right <= 100 + 2 * pixel
    assert 150 <= bottom <= 150 + 2 * pixel


def test_what_was_squeezed_is_not_cropped():
    picture = Image.new("RGBA", (400, 200), "black")
    ImageDraw.Draw(picture).rectangle([60, 50, 99, 149], fill="white")
    options = PreprocessingOptions(method="resize", polarity="light on dark")
    assert suggest_crop(preprocess_image(picture, options), options, picture.size) is None


def test_suggestion_that_does_not_help_is_not_proposed():
    issue = check_input(boot()[:, ::-1], BOOT)[0]
    suggestions = [
        Suggestion("a", "a", PreprocessingOptions(mirror=True)),
        Suggestion("b", "b", PreprocessingOptions(fill=True)),
    ]
    assert find_helpful_suggestion(issue, suggestions, [issue], lambda options: [issue]) is None
    assert find_helpful_suggestion(issue, suggestions, [issue], lambda options: None) is None
    answers = {suggestions[0].options: None, suggestions[1].options: []}
    assert find_helpful_suggestion(issue, suggestions, [issue], answers.get) is suggestions[1]


def test_hidden_findings_may_come_to_light():
    hiding, other = check_input(255 - shirt(), SHIRT)[0], check_input(shirt(24), SHIRT)[0]
    black = check_input(np.zeros((28, 28), np.uint8), SHIRT)[0]
    assert {hiding.name, black.name} < set(HIDING)
    suggestions = [
        Suggestion(name, name, PreprocessingOptions(tolerance=at)) for at, name in enumerate("ab")
    ]
    for left, helps in (([other, other], True), ([black], False), ([hiding], False)):
        found = dict.fromkeys((one.options for one in suggestions), left)
        best = find_helpful_suggestion(hiding, suggestions, [hiding], found.get)
        assert best is (suggestions[0] if helps else None)
    assert find_helpful_suggestion(other, suggestions, [other], lambda options: [hiding]) is None
