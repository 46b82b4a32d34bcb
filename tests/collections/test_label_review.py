"""Label review: which images are put to people, and what their votes come to."""

import numpy as np
import pytest

from fmnist.collections.label_review import adjust_accuracy, find_disputed_labels, majority_vote
from fmnist.collections.notes import CANNOT_TELL, Vote


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([6], 6),
        ([6, 0, 6], 6),
        ([6, 0], CANNOT_TELL),
        ([], CANNOT_TELL),
        ([-1, -1, 6], CANNOT_TELL),
    ],
)
def test_the_majority_decides(choices, expected):
    assert majority_vote(choices) == expected


def test_cases_are_the_disagreements_and_tell_nothing_by_their_order():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10) / 3, 2_000).astype(np.float32)
    labels = rng.integers(0, 10, 2_000)
    found = find_disputed_labels(probabilities, labels)
    answers = probabilities.argmax(axis=1)
    assert {case.index for case in found} == set(np.flatnonzero(answers != labels))
    margins = [
        probabilities[c.index, c.label] - np.delete(probabilities[c.index], c.label).max()
        for c in found
    ]
    assert margins == sorted(margins)
    assert all(set(c.shown) == {c.label, c.answer} for c in found)
    assert 0.45 < np.mean([c.shown[0] == c.label for c in found]) < 0.55
    assert find_disputed_labels(probabilities, labels) == found


def test_votes_correct_the_accuracy_as_far_as_they_go():
    labels = np.zeros(100, int)
    answers = labels.copy()
    answers[:10] = 6  # ten mistakes
    given = [
        Vote(0, 0, 6, 6),  # the network was right
        Vote(1, 0, 6, 0),  # the label was right
        Vote(2, 0, 6, CANNOT_TELL),
        Vote(3, 0, 6, 6),
        Vote(3, 0, 6, 6),
        Vote(3, 0, 6, 0),
        Vote(4, 0, 2, 2),  # about another run's answer
        Vote(50, 0, 6, 6),  # this run has it right now
    ]
    result = adjust_accuracy(answers, labels, given)
    assert (result.reviewed, result.for_label, result.for_answer, result.undecided) == (4, 1, 2, 1)
    assert (result.right, result.n) == (92, 100)
    assert result.accuracy == pytest.approx(92 / 100)
    assert result.interval[0] < 92 / 100 < result.interval[1]
    assert adjust_accuracy(answers, labels, []).accuracy == 0.9


def test_images_that_nobody_can_tell_stay_mistakes():
    labels = np.zeros(100, int)
    answers = np.where(np.arange(100) < 10, 6, 0)
    given = [Vote(index, 0, 6, CANNOT_TELL) for index in range(10)]
    assert adjust_accuracy(answers, labels, given).accuracy == 0.9
