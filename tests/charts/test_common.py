"""What the charts are given: rows that add up, and specifications without rows of their own."""

import json

import numpy as np
import pytest

from fmnist.charts.common import (
    NO_ANSWER,
    confusion_spec,
    confusion_table,
)
from fmnist.charts.training_charts import curves_spec
from fmnist.data import CLASS_NAMES


@pytest.mark.parametrize(
    "spec",
    [
        confusion_spec(),
        confusion_spec(11),
        curves_spec("accuracy", 10),
        curves_spec("loss", 1),
    ],
    ids=["confusion", "no answer", "accuracy", "loss"],
)
def test_specifications_hold_no_data(spec):
    text = json.dumps(spec)
    assert '"data"' not in text
    assert '"datasets"' not in text


def test_rows_of_the_matrix():
    confusion = np.arange(100).reshape(10, 10)
    table = confusion_table(confusion)
    assert (table["count"].to_numpy().reshape(10, 10) == confusion).all()
    assert set(table["true"]) == set(table["predicted"]) == set(CLASS_NAMES)
    row = confusion[3] / confusion[3].sum()
    assert table["share"].to_numpy()[30:40] == pytest.approx(row)
    assert table["colour"].max() == 1
    diagonal = table[table["true"] == table["predicted"]]
    assert (diagonal["colour"] == 0).all()
    by_column = confusion_table(confusion, "column")["text"].to_numpy().reshape(10, 10)
    assert by_column[2, 5] == f"{100 * confusion[2, 5] / confusion[:, 5].sum():.1f}"


def test_a_matrix_with_a_column_for_no_answer():
    confusion = np.ones((10, 11), int)
    assert (confusion_table(confusion)["predicted"] == NO_ANSWER).sum() == 10
