"""Occlusion maps against a slow loop and known answers; the deletion curve by its definition."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist.analysis.faithfulness import (
    area_under_deletion,
    deletion_stages,
    measure_deletion,
    summarise_deletion,
)
from fmnist.analysis.occlusion import (
    log_probability,
    occlusion_map,
    overlay_attribution,
    photo_occlusion_maps,
)
from fmnist.inference.classifier import load_classifier
from fmnist.inference.second_networks.photo_network import PHOTO_FLOOR
from fmnist.metrics.report import wilson_interval
from fmnist.runs.library import DEFAULT_RUN, find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run(DEFAULT_RUN))


class RegionClassifier:
    """Says "Dress" the more certainly the brighter one region is, and looks at nothing else."""

    def __init__(self, rows=slice(18, 22), columns=slice(4, 8), sign=1):
        self.region, self.sign, self.calls = (slice(None), rows, columns), sign, 0

    def __call__(self, images):
        self.calls += 1
        light = images[self.region].mean(axis=(1, 2)) / 255.0
        dress = 0.5 + self.sign * 0.4 * light
        probabilities = np.repeat((1 - dress)[:, np.newaxis] / 9, 10, axis=1)
        probabilities[:, 3] = dress
        return probabilities.astype(np.float32), np.zeros((len(images), 4), np.float32)


GREY = np.full((28, 28), 200, np.uint8)


def test_map_peaks_where_the_classifier_looks():
    classifier = RegionClassifier()
    values = occlusion_map(GREY, classifier, 3)
    assert values.shape == (28, 28)
    assert values.dtype == np.float32
    assert classifier.calls == 1
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert 18 <= row < 22
    assert 4 <= column < 8
    far = np.ones((28, 28), bool)
    far[15:25, 1:11] = False
    assert not values[far].any()
    assert (occlusion_map(GREY, RegionClassifier(sign=-1), 3) <= 0).all()
    assert (occlusion_map(GREY, classifier, 0) <= 0).all()  # what speaks for Dress, against others


@pytest.mark.parametrize("edge", [0, 24])
def test_map_reaches_the_edges(edge):
    classifier = RegionClassifier(slice(edge, edge + 4), slice(edge, edge + 4))
    row, column = np.unravel_index(occlusion_map(GREY, classifier, 3).argmax(), (28, 28))
    assert edge <= row < edge + 4
    assert edge <= column < edge + 4


def slow_map(pixels, classifier, class_id, size, stride):
    """The definition, pixel by pixel."""

    def score(picture):
        p = classifier(picture[np.newaxis])[0][0].astype(np.float64)
        return np.log(p[class_id] / p.sum())

    whole = score(pixels)
    found = [[[] for _ in range(28)] for _ in range(28)]
    for top in range(stride - size, 28, stride):
        for left in range(stride - size, 28, stride):
            blanked = pixels.copy()
            inside = [
                (row, column)
                for row in range(max(0, top), min(28, top + size))
                for column in range(max(0, left), min(28, left + size))
            ]
            for place in inside:
                blanked[place] = 0
            drop = whole - score(blanked)
            for row, column in inside:
                found[row][column].append(drop)
    return np.array(
        [[np.mean(found[r][c]) if pixels[r, c] else 0.0 for c in range(28)] for r in range(28)]
    )


@pytest.mark.parametrize(("size", "stride"), [(4, 2), (5, 3), (7, 7), (28, 9)])
def test_map_agrees_with_a_slow_loop(classifier, test_part, size, stride):
    pixels = test_part.images[17]
    for class_id in (0, int(classifier(pixels[np.newaxis])[0][0].argmax())):
        expected = slow_map(pixels, classifier, class_id, size, stride)
        values = occlusion_map(pixels, classifier, class_id, size, stride)
        np.testing.assert_allclose(values, expected, atol=2e-5 * max(1, np.abs(expected).max()))


def test_map_of_a_black_picture_is_nothing(classifier):
    assert not occlusion_map(np.zeros((28, 28), np.uint8), classifier, 3).any()


class RegionPhotoNetwork:
    """Says "jeans" the more certainly the brighter a region is: rows 112 to 160 on the right."""

    def predict(self, views):
        found = np.zeros((len(views), 1000), np.float32)
        found[:, 608] = 0.5 * views[:, 112:160, 160:208].mean(axis=(1, 2, 3)) / 255
        found[:, 0] = 1 - found[:, 608]
        return found


@pytest.mark.parametrize(
    ("size", "shown", "peak"),
    [
        ((400, 200), (112, 224), (80, 184)),  # wide: the upper 56 rows of the view are not of it
        ((200, 200), (224, 224), (136, 184)),
        ((256, 320), (224, 179), (136, 162)),
    ],
)
def test_parts_of_a_photo_that_the_photo_network_looks_at(size, shown, peak):
    image = Image.new("RGBA", size, "white")
    edge = ImageDraw.Draw(image)
    edge.rectangle([0, 0, size[0] - 1, size[1] - 1], outline="black", width=12)
    view, maps = photo_occlusion_maps(image, RegionPhotoNetwork())
    assert view.shape == (*shown, 3)
    assert maps.shape == (10, *shown)
    jeans = maps[1]
    row, column = np.unravel_index(jeans.argmax(), jeans.shape)
    assert abs(row - peak[0]) <= 24
    assert abs(column - peak[1]) <= 24
    np.testing.assert_allclose(
        jeans[: max(0, peak[0] - 105)], 0, atol=1e-3
    )  # it does not look there
    # its jeans may be a worn shirt's, half as well; of others it says nothing
    assert maps[6].max() > 0.1
    np.testing.assert_allclose(maps[[0, 2, 3, 4, 5, 7, 8, 9]], 0, atol=1e-6)


def test_a_photos_map_agrees_with_a_slow_loop():
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    view, maps = photo_occlusion_maps(Image.fromarray(pixels), network := RegionPhotoNetwork())
    np.testing.assert_array_equal(view, pixels)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])

    def say(picture):
        return np.log(network.predict(picture[np.newaxis])[0, 608] / 1.5 + PHOTO_FLOOR)

    found = [[[] for _ in range(14)] for _ in range(14)]
    for top in range(-2, 14, 2):
        for left in range(-2, 14, 2):
            covered = pixels.copy()
            rows, columns = range(max(0, top), min(14, top + 4)), range(max(0, left), left + 4)
            columns = [column for column in columns if column < 14]
            for row in rows:
                for column in columns:
                    inside = np.s_[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
                    covered[inside] = np.median(edge, axis=0)
            drop = say(pixels) - say(covered)
            for row in rows:
                for column in columns:
                    found[row][column].append(drop)
    mean = np.array([[np.mean(drops) for drops in line] for line in found])
    expected = cv2.resize(mean, (224, 224), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(maps[1], expected, atol=1e-4)


def test_what_the_photo_network_does_not_look_at_is_nothing():
    class Blind:
        def predict(self, views):
            return np.full((len(views), 1000), 1e-3, np.float32)

    _, maps = photo_occlusion_maps(Image.new("RGBA", (90, 70), "red"), Blind())
    assert not maps.any()


def test_certain_answers_still_have_a_map(classifier, test_part):
    stored = load_predictions(find_run(DEFAULT_RUN))
    certain = int(stored.max(axis=1).argmax())
    values = occlusion_map(test_part.images[certain], classifier, int(stored[certain].argmax()))
    assert np.isfinite(values).all()
    assert len(np.unique(values)) > 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixels": np.zeros((28, 27), np.uint8)},
        {"pixels": np.zeros((28, 28), np.float32)},
        {"class_id": 10},
        {"class_id": -1},
        {"stride": 0},
        {"size": 3, "stride": 4},
        {"size": 29},
    ],
)
def test_wrong_arguments_are_refused(classifier, wrong):
    with pytest.raises(ValueError, match=r"expected|must be|needed"):
        occlusion_map(**{"pixels": GREY, "classifier": classifier, "class_id": 3, **wrong})


def test_log_probability_keeps_the_digits_of_certainty():
    rows = np.full((3, 10), 0.1, np.float32)
    rows[1] = [1.0, 1e-20, *[0.0] * 8]
    rows[2] = [0.0, 1.0, *[0.0] * 8]
    values = log_probability(rows, 0)
    assert values[0] == pytest.approx(np.log(0.1))
    assert values[1] == pytest.approx(-1e-20, rel=1e-6, abs=0)
    assert np.isfinite(values[2])
    assert values[2] < -50


# --- the deletion curve


def test_stages_blank_the_garment_in_equal_steps_highest_first():
    pixels = np.zeros((28, 28), np.uint8)
    pixels[3, 5:15] = 9
    order = np.zeros((28, 28))
    order[3, 5:15] = range(10)
    order[20, 20] = 99  # no garment there
    stages = deletion_stages(pixels, order, steps=5)
    assert stages.shape == (6, 28, 28)
    for step, stage in enumerate(stages):
        expected = pixels.copy()
        expected[3, 15 - 2 * step : 15] = 0
        np.testing.assert_array_equal(stage, expected)


def test_area_of_known_curves():
    curves = np.array([[1, 1, 1, 1, 1], [1, 0.75, 0.5, 0.25, 0], [1, 0, 0, 0, 0]])
    np.testing.assert_allclose(area_under_deletion(curves), [1, 0.5, 0.125])


def test_marked_pixels_beat_random_ones_where_the_region_is_known():
    ((marked, chance),) = measure_deletion([GREY], RegionClassifier(), seed=1)
    # Dress falls from 0.81 to 0.5 at once, or else in a straight line
    assert marked == pytest.approx(0.5, abs=0.03)
    assert chance == pytest.approx((0.5 + 0.5 + 0.4 * 200 / 255) / 2, abs=0.05)


def test_seed_fixes_the_measurement(classifier, test_part):
    images = test_part.images[:3]
    once, again, other = (list(measure_deletion(images, classifier, seed)) for seed in (5, 5, 6))
    assert once == again != other


def test_summary_counts_and_has_the_intervals_of_its_references():
    rng = np.random.default_rng(0)
    gains = rng.normal(0.1, 0.2, 400)
    areas = np.stack([np.full(400, 0.3), 0.3 + gains], axis=1)
    result = summarise_deletion(areas, seed=0)
    assert (result.n, result.better) == (400, (gains > 0).sum())
    assert result.interval == wilson_interval(result.better, 400)
    assert result.difference == pytest.approx(gains.mean())
    # the bootstrap of a mean is close to the normal interval for such n
    half = 1.96 * gains.std() / 20
    expected = (gains.mean() - half, gains.mean() + half)
    assert result.difference_interval == pytest.approx(expected, abs=0.004)
    assert summarise_deletion(np.array([[0.2, 0.2]] * 2), seed=0).better == 0  # a tie is no win


# --- how it is shown


def test_overlay_is_orange_for_blue_against_and_grey_elsewhere():
    values = np.zeros((28, 28), np.float32)
    values[2, 3], values[4, 5], values[6, 7] = 2.0, -2.0, 0.2
    shown = overlay_attribution(GREY, values, 10)
    assert (shown.shape, shown.dtype) == ((280, 280, 3), np.uint8)
    (plain,) = {tuple(shown[y, x].tolist()) for y, x in ((0, 0), (279, 279), (150, 150))}
    assert plain == (120, 120, 120)
    red, _, blue = shown[25, 35].astype(int)
    assert red > blue + 150
    red, _, blue = shown[45, 55].astype(int)
    assert blue > red + 150
    assert 120 < shown[65, 75, 0] < shown[25, 35, 0]


def test_overlay_of_nothing_is_grey_and_of_little_is_not():
    assert (overlay_attribution(GREY, np.zeros((28, 28), np.float32), 1) == 120).all()
    little = np.zeros((28, 28), np.float32)
    little[0, 0] = 1e-9  # all that a certain answer leaves
    assert overlay_attribution(GREY, little, 1)[0, 0, 0] > 200
