"""Two runs on the same images, held to counts by hand, to SciPy and to published figures."""

from math import comb

import numpy as np
import pytest

from fmnist.metrics.comparison import compare_runs, describe_comparison, describe_two_answers


def answers(both: int, first: int, second: int, neither: int):
    """(answers, answers, labels) with so many images of each kind; all labels are 0."""
    kinds = [(0, 0)] * both + [(0, 1)] * first + [(1, 0)] * second + [(2, 3)] * neither
    pairs = np.array(kinds)
    return pairs[:, 0], pairs[:, 1], np.zeros(len(kinds), int)


def test_counts():
    c = compare_runs(*answers(70, 9, 4, 17))
    assert (c.first_only, c.second_only) == (9, 4)
    assert c.difference == pytest.approx(0.05)


@pytest.mark.parametrize(("first", "second"), [(9, 4), (4, 9), (30, 3), (5, 5), (1, 0)])
def test_p_value_is_the_two_sided_binomial_one(first, second):
    n, least = first + second, min(first, second)
    tail = sum(comb(n, k) for k in range(least + 1)) / 2**n
    c = compare_runs(*answers(50, first, second, 10))
    assert c.p_value == pytest.approx(min(1.0, 2 * tail))


def test_interval_covers_the_difference_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        kinds = rng.multinomial(500, [0.85, 0.06, 0.04, 0.05])
        low, high = compare_runs(*answers(*kinds)).interval
        inside += low <= 0.02 <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_nothing_to_tell_apart():
    c = compare_runs(*answers(10, 0, 0, 3))
    assert (c.p_value, c.difference) == (1.0, 0.0)
    assert describe_comparison(c, "a", "b") == "a and b get the very same images right."
    assert "equally accurate, but not right on the same" in describe_comparison(
        compare_runs(*answers(10, 2, 2, 3)), "a", "b"
    )


def test_words_name_the_better_one_only_where_chance_would_hardly_do_it():
    clear = describe_comparison(compare_runs(*answers(900, 60, 20, 20)), "a", "b")
    assert clear.startswith("a is right on 60 images that b gets wrong, and wrong on 20")
    assert clear.endswith("a is better on images like these.")
    assert "b is better" in describe_comparison(compare_runs(*answers(900, 20, 60, 20)), "a", "b")
    unclear = describe_comparison(compare_runs(*answers(900, 12, 9, 20)), "a", "b")
    assert unclear.endswith("this does not show that one is better.")
    assert "66 times out of 100" in unclear
    rare = describe_comparison(compare_runs(*answers(900, 40, 20, 20)), "a", "b")
    assert "1 time out of 100" in rare


def test_two_answers_to_one_picture_in_words():
    def say(first, second):
        return describe_two_answers(np.array(first), np.array(second), ("a", "b"), ("x", "y", "z"))

    assert say([0.8, 0.1, 0.1], [0.3, 0.2, 0.5]) == (
        "They differ: a says x (80%), b says z (50%). They are furthest apart on x: 80% against "
        "30%."
    )
    assert say([0.9, 0.1, 0], [0.6, 0.1, 0.3]) == (
        "Both say x. They are furthest apart on x: 90% against 60%."
    )
    assert say([0.9, 0.1, 0], [0.89, 0.11, 0]) == "Both say x, with nearly the same probabilities."
