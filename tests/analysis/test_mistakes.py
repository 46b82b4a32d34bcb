"""The table of mistakes: chosen and ordered as plain NumPy chooses and orders them."""

import math

import numpy as np
import pytest

from fmnist.analysis import mistakes
from fmnist.data import Part
from fmnist.metrics import report
from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions


@pytest.fixture(scope="module")
def stored():
    return load_predictions(find_run("seed-cnn"))


@pytest.fixture(scope="module")
def confusion(stored, test_part):
    return report.evaluate_probabilities(stored, test_part.labels).confusion


@pytest.fixture(scope="module")
def table(stored, test_part):
    distances = np.random.default_rng(0).random(len(stored))
    return mistakes.answers_table(stored, test_part, to_training=distances)


def test_mistakes_are_what_is_off_the_diagonal(table, confusion):
    wrong = mistakes.filter_answers(table)
    assert len(wrong) == confusion.sum() - np.trace(confusion)
    assert (wrong["true"] != wrong["predicted"]).all()


def test_every_cell_has_its_images(table, confusion):
    for true in range(10):
        for predicted in range(10):
            cell = mistakes.filter_answers(
                table, true=[true], predicted=[predicted], wrong_only=False
            )
            assert len(cell) == confusion[true, predicted]


def test_filters_and_order(table, stored, test_part):
    chosen = mistakes.filter_answers(
        table, true=[0, 6], confidence=(0.5, 0.9), sort="Highest loss first"
    )
    expected = [
        i
        for i in range(10_000)
        if test_part.labels[i] in (0, 6)
        and stored[i].argmax() != test_part.labels[i]
        and 0.5 <= stored[i].max() <= 0.9
    ]
    assert sorted(chosen["index"]) == expected
    assert chosen["loss"].is_monotonic_decreasing
    row = chosen.iloc[0]
    index = int(row["index"])
    assert row["loss"] == pytest.approx(-math.log(stored[index, test_part.labels[index]]), rel=1e-5)


@pytest.mark.parametrize("sort", mistakes.SORTS)
def test_every_order_is_stable(table, sort):
    column, ascending = mistakes.SORTS[sort]
    values = mistakes.filter_answers(table, sort=sort)[column]
    assert values.is_monotonic_increasing if ascending else values.is_monotonic_decreasing


def test_probability_of_zero_has_a_finite_loss():
    probabilities = np.eye(10, dtype=np.float32)[[1]]
    black = Part(np.zeros((1, 28, 28), np.uint8), np.array([0], np.uint8))
    table = mistakes.answers_table(probabilities, black)
    assert table["contrast"][0] == 0
    loss = table["loss"][0]
    assert loss == pytest.approx(-math.log(1e-7))


def test_description_names_index_label_and_answer(table):
    row = table.loc[0]
    assert mistakes.describe_answer(row).startswith("#0: Ankle boot, recognised (")
