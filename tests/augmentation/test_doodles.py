"""Doodles: shapes from memory that look like their class, whatever the lot."""

import cv2
import numpy as np
import pytest

from fmnist.augmentation.doodles import things
from fmnist.augmentation.doodles.garments import doodle
from fmnist.augmentation.doodles.things import doodle_thing
from fmnist.augmentation.sketches import draw_lines, prepare_sheet
from fmnist.data import (
    BAG,
    BOOT,
    CLASS_NAMES,
    COAT,
    NOT_CLOTHING,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    TROUSER,
    TSHIRT,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def silhouette(label: int, seed: int) -> np.ndarray:
    """The filled outlines of a doodle, trimmed, its longest edge some 100 pixels."""
    outline, _ = doodle(label, rng(seed))
    points = np.vstack(outline)
    factor = 100 / np.ptp(points, axis=0).max()
    corners = [np.round((line - points.min(axis=0)) * factor).astype(np.int32) for line in outline]
    sheet = np.zeros((102, 102), np.uint8)
    for shape in corners:
        cv2.fillPoly(sheet, [shape], 1)
    return sheet[np.ix_(sheet.any(axis=1), sheet.any(axis=0))]


def share(label: int, holds) -> float:
    return float(np.mean([holds(silhouette(label, seed)) for seed in range(200)]))


def stretches(row: np.ndarray) -> int:
    """How many separate stretches of a row are filled."""
    return int((np.diff(np.pad(row.astype(int), 1)) == 1).sum())


@pytest.mark.parametrize("label", [NOT_CLOTHING, *range(10)])
def test_outlines_are_closed_but_for_an_opening_and_lines_stay_near_them(label):
    for seed in range(100):
        outline, lines = doodle(label, rng(seed))
        for line in outline:
            assert len(line) > 3
        for line in outline if label in (BAG, SANDAL, NOT_CLOTHING) else outline[1:]:
            assert np.array_equal(line[0], line[-1])
        points = np.vstack(outline)
        low, high = points.min(axis=0), points.max(axis=0)
        room = 1.2 * (high - low).max()  # a bag's handle rises above its body
        for line in lines:
            assert np.isfinite(line).all()
            assert (line > low - room).all()
            assert (line < high + room).all()


@pytest.mark.parametrize("label", [NOT_CLOTHING, *range(10)])
def test_same_numbers_same_doodle_and_others_another(label):
    def points(seed):
        return np.vstack([line for part in doodle(label, rng(seed)) for line in part])

    assert np.array_equal(points(1), points(1))
    assert not np.array_equal(points(1)[:3], points(2)[:3])


@pytest.mark.parametrize("label", [TROUSER, PULLOVER, BOOT])
def test_one_opening_in_five_is_left_undrawn_at_the_top(label):
    undrawn = 0
    for seed in range(300):
        line = doodle(label, rng(seed))[0][0]
        if not np.array_equal(line[0], line[-1]):
            undrawn += 1
            low, high = line[:, 1].min(), line[:, 1].max()
            assert max(line[0, 1], line[-1, 1]) < low + 0.5 * (high - low)
            if label != PULLOVER:  # of whose neck a part may be drawn
                assert np.hypot(*(line[0] - line[-1])) > 0.1
    assert 0.12 < undrawn / 300 < 0.28


def test_a_third_of_the_coats_is_of_two_halves():
    halves = 0
    for seed in range(300):
        outline = doodle(COAT, rng(seed))[0]
        sides = [np.sign(np.round(line[:, 0], 1)) for line in outline]
        halves += len(outline) == 2 and (sides[0] >= 0).all() and (sides[1] <= 0).all()
    assert 0.25 < halves / 300 < 0.45


def test_trousers_part_into_two_legs():
    assert share(TROUSER, lambda shape: stretches(shape[int(0.9 * len(shape))]) == 2) > 0.8
    assert share(TROUSER, lambda shape: stretches(shape[int(0.1 * len(shape))]) == 1) > 0.8


def test_a_pullovers_sleeves_are_longer_than_a_t_shirts():
    def reach(shape):  # of the arms, in widths of the body at the hem
        return shape.shape[1] / max(1, shape[int(0.95 * len(shape))].sum())

    def median(label):
        return np.median([reach(silhouette(label, seed)) for seed in range(200)])

    assert median(PULLOVER) > 1.3 * median(TSHIRT) > 1.3


def test_coats_and_shirts_open_in_front_and_pullovers_do_not():
    def opens(label, seed):  # something is drawn in the middle of the chest
        outline, lines = doodle(label, rng(seed))
        low, high = (f(np.vstack(outline), axis=0) for f in (np.min, np.max))
        parts = np.linspace(0, 1, 21)[:, np.newaxis, np.newaxis]
        steps = [line[:-1] + parts * (line[1:] - line[:-1]) for line in outline + lines]
        x, y = (np.vstack([low, *(step.reshape(-1, 2) for step in steps)]) - low).T
        middle, chest = abs(x / (high - low)[0] - 0.5) < 0.12, abs(y / (high - low)[1] - 0.5) < 0.1
        return (middle & chest).any()

    found = {
        label: np.mean([opens(label, seed) for seed in range(200)])
        for label in (COAT, SHIRT, PULLOVER)
    }
    assert min(found[COAT], found[SHIRT]) > 0.9
    assert found[PULLOVER] < 0.3


def test_soles_from_above_lie_in_any_direction():
    def slant(seed):  # of the longer axis, in degrees, 0..180; None from the side
        outline, _ = doodle(SANDAL, rng(seed))
        _, (wide, tall), angle = cv2.minAreaRect(outline[0].astype(np.float32))
        if not 0.3 < min(wide, tall) / max(wide, tall) < 0.75:
            return None
        return angle % 180 if wide > tall else (angle + 90) % 180

    slants = [s for s in map(slant, range(400)) if s is not None]
    upright = np.mean([abs(s - 90) < 20 for s in slants])
    assert 0.4 < upright < 0.85
    assert min(np.histogram(slants, 6, (0, 180))[0]) > 5


def test_boots_are_taller_than_sneakers():
    def height(shape):
        return shape.shape[0] / shape.shape[1]

    boots = [height(silhouette(BOOT, seed)) for seed in range(100)]
    sneakers = [height(silhouette(SNEAKER, seed)) for seed in range(100)]
    assert np.mean(np.array(boots) > np.median(sneakers)) > 0.9


def test_shoes_point_either_way():
    def heavier_left(shape):  # the shaft is above the heel
        top = shape[: len(shape) // 3]
        return top[:, : shape.shape[1] // 2].sum() > top[:, shape.shape[1] // 2 :].sum()

    assert 0.3 < share(BOOT, heavier_left) < 0.7


def test_sandals_come_alone_in_pairs_and_from_the_side():
    def kind(seed):
        outline, _ = doodle(SANDAL, rng(seed))
        wide, tall = np.ptp(np.vstack(outline), axis=0)
        return "side" if wide > 1.5 * tall else "one" if tall > 1.5 * wide else "pair"

    kinds = [kind(seed) for seed in range(200)]
    assert min(kinds.count(name) for name in ("side", "one", "pair")) > 20


def test_bags_have_handles_and_backpacks_stand_tall():
    above = [
        min(line[:, 1].min() for part in doodle(BAG, rng(seed)) for line in part) < -0.05
        for seed in range(200)
    ]
    assert np.mean(above) > 0.7


def test_a_backpacks_straps_stand_out_at_its_sides():
    def ears(shape):  # the middle is wider than the top and the bottom, on one side or both
        rows = shape.sum(axis=1)
        thirds = [rows[int(part * len(rows))] for part in (0.15, 0.5, 0.95)]
        return thirds[1] > 1.15 * max(thirds[0], thirds[2])

    assert share(BAG, ears) > 0.2


def test_a_simple_rule_tells_the_classes_apart():
    """Nearest neighbour on 14x14 silhouettes: shirts, coats and pullovers differ by their lines."""

    def small(label, seed):
        shape = silhouette(label, seed).astype(np.float32)
        side = max(shape.shape)
        padded = np.zeros((side, side), np.float32)
        padded[: shape.shape[0], : shape.shape[1]] = shape
        return cv2.resize(padded, (14, 14), interpolation=cv2.INTER_AREA).ravel()

    # one kind for those that have the same outline, and one for shoes
    kinds = {name: name for name in CLASS_NAMES}
    kinds |= {"Coat": "Pullover", "Shirt": "Pullover", "T-shirt/top": "Pullover"}
    names = [kinds[name] for name in CLASS_NAMES]
    known = np.array([small(label, seed) for label in range(10) for seed in range(100)])
    asked = np.array([small(label, 1_000 + seed) for label in range(10) for seed in range(20)])
    distance = ((asked[:, np.newaxis] - known) ** 2).sum(axis=2)
    answers = [names[nearest // 100] for nearest in distance.argmin(axis=1)]
    right = [answer == names[index // 20] for index, answer in enumerate(answers)]
    assert np.mean(right) > 0.75


@pytest.mark.parametrize("kind", things._THINGS)
def test_each_thing_can_be_drawn_with_a_pen_and_filled(kind):
    for seed in range(20):
        outline, lines = kind(rng(seed))
        for line in outline + lines:
            assert line.shape[1] == 2
            assert np.isfinite(line).all()
        assert prepare_sheet(draw_lines(outline, lines, rng(seed))).any()


def test_things_have_the_proportions_that_are_meant():
    def ratio(kind):
        points = [np.vstack(kind(rng(seed))[0]) for seed in range(50)]
        return np.mean([np.divide(*np.ptp(one, axis=0)) for one in points])  # width over height

    assert ratio(things._fish) > 1.5
    assert ratio(things._car) > 1.5
    assert ratio(things._clock) == pytest.approx(1, abs=0.05)
    assert ratio(things._bottle) < 0.7
    assert ratio(things._guitar) < 0.5


def test_things_are_of_many_kinds_either_way_round():
    first = [np.vstack(doodle_thing(rng(seed))[0]) for seed in range(300)]
    assert len({len(points) for points in first}) > 20
    assert {np.sign(points[:, 0].sum()) for points in first} >= {-1, 1}
    np.testing.assert_array_equal(np.vstack(doodle_thing(rng(7))[0]), first[7])
