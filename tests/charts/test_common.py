"""What the charts are given: rows that add up, and specifications without rows of their own."""

import json

import numpy as np
import pytest

from fmnist.charts.common import (
    NO_ANSWER,
    confusion_spec,
    confusion_table,
    recall_spec,
    recall_table,
    risk_coverage_chart,
)
from fmnist.charts.dataset_charts import brightness_spec
from fmnist.charts.training_charts import curves_spec
from fmnist.data import CLASS_NAMES


@pytest.mark.parametrize(
    "spec",
    [
        confusion_spec(),
        confusion_spec(11),
        recall_spec("now", "before"),
        curves_spec("accuracy", 10),
        curves_spec("loss", 1),
        brightness_spec(),
    ],
    ids=["confusion", "no answer", "recall", "accuracy", "loss", "brightness"],
)
def test_specifications_hold_no_data(spec):
    text = json.dumps(spec)
    assert '"data"' not in text
    assert '"datasets"' not in text


def test_the_circle_lies_at_the_threshold_between_two_of_the_lines():
    chart = risk_coverage_chart([[0.0, 1.0, 0.9], [0.5, 0.8, 0.95], [1.0, 0.0, 1.0]], 0.6)
    (row,) = chart.layer[1].data.to_dict("records")
    assert row == pytest.approx({"line": 0.6, "answered": 0.64, "right": 0.96})


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


def test_the_names_of_a_matrix_stay_beside_their_rows():
    """Vega would move the first and the last one inwards."""
    boxes, *_ = confusion_spec()["layer"]
    axes = [boxes["encoding"][channel]["axis"]["labelFlush"] for channel in "xy"]
    assert axes == [False, False]


def test_the_bars_of_one_epoch_have_no_ticks():
    recall = np.linspace(0, 1, 10)
    assert recall_table(recall)["other"].isna().all()
    assert recall_table(recall, recall)["other"].tolist() == recall.tolist()
    _, ticks, _ = recall_spec("now", "other")["layer"]
    assert "isValid" in json.dumps(ticks["transform"])
