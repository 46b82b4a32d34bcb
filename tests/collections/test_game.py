"""A round against the network: hard images, half of them right, both classes to choose from."""

import numpy as np
import pytest

from fmnist.collections.game import draw_round
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


def test_a_round(stored, test_part):
    for seed in range(20):
        turns = draw_round(stored, test_part.labels, seed)
        assert len(turns) == len({turn.index for turn in turns}) == 10
        assert sum(turn.label == turn.answer for turn in turns) == 5
        for turn in turns:
            assert turn.label == test_part.labels[turn.index]
            assert turn.answer == stored[turn.index].argmax()
            assert turn.label in turn.shown
            assert len(set(turn.shown)) == 2
            # a rival is the best of the other nine
            others = np.delete(stored[turn.index], turn.label)
            rival = next(c for c in turn.shown if c != turn.label)
            assert stored[turn.index][rival] == others.max()
            assert abs(stored[turn.index][turn.label] - others.max()) < 0.9
    assert draw_round(stored, test_part.labels, 1) == draw_round(stored, test_part.labels, 1)
    assert draw_round(stored, test_part.labels, 1) != draw_round(stored, test_part.labels, 2)


def test_order_and_place_tell_nothing(stored, test_part):
    first = right = 0
    for seed in range(100):
        turns = draw_round(stored, test_part.labels, seed)
        first += sum(turn.shown[0] == turn.label for turn in turns)
        right += turns[0].label == turns[0].answer
    assert 440 < first < 560
    assert 30 < right < 70


def test_a_run_without_mistakes_has_a_shorter_round():
    turns = draw_round(np.eye(10)[np.arange(100) % 10], np.arange(100) % 10, 0)
    assert len(turns) == 5
