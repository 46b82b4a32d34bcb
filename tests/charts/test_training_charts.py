"""The charts of trainings: what stands in their rows and specifications."""

import json

import altair as alt
import pytest

from fmnist.charts import training_charts
from fmnist.charts.training_charts import curves_table
from fmnist.runs.history import follow_progress
from fmnist.settings import TrainSettings
from tests.runs.test_history import EPOCH, PROGRESS, VALIDATED, append, epoch, progress

RECENT = {"recent_accuracy": 0.9, "recent_loss": 0.3, "learning_rate": 1e-3}


@pytest.fixture
def run(own_run):
    """A run with an empty history."""
    run = own_run()
    (run.path / "history.jsonl").unlink()
    return run


def test_curves_have_a_point_an_epoch_and_the_running_mean_of_the_last(run):
    early = {**PROGRESS, "epoch": 2}  # of an epoch that has ended: its whole point stands instead
    append(run, EPOCH, early, VALIDATED, PROGRESS)
    table = curves_table([run])
    points = [tuple(row) for row in table[["epoch", "part", "accuracy"]].to_numpy()]
    assert points == [
        (1.0, "training", 0.7),
        (2.0, "training", 0.7),
        (2.0, "validation", 0.8),
        (2.5, "training", 0.81),
    ]


@pytest.mark.parametrize(
    "spec",
    [
        training_charts.learning_spec("accuracy", 7),
        training_charts.learning_spec("loss", 1),
        training_charts.rate_spec(300),
    ],
)
def test_specifications_are_sound_and_hold_no_data(spec):
    text = json.dumps(spec)
    assert '"data"' not in text
    assert '"datasets"' not in text
    alt.Chart.from_dict({**spec, "data": {"values": []}})  # checked against Vega-Lite's schema


def test_the_axis_is_that_of_the_planned_epochs():
    layer = training_charts.learning_spec("accuracy", 7)["layer"][0]
    assert layer["encoding"]["x"]["scale"]["domain"] == [0, 7]
    assert training_charts.learning_spec("accuracy", 7) is training_charts.learning_spec(
        "accuracy", 7
    )


def test_rows_are_epochs_and_smoothed_values_within(run):
    append(run, progress(1, **RECENT), epoch(1), progress(2, **RECENT), progress(3, 60))
    table = training_charts.learning_table(follow_progress(run))
    rows = [tuple(row) for row in table.to_numpy()]
    assert rows == [
        (1.0, "training", 0.7, 0.9),
        (1.0, "validation", 0.8, 0.6),
        (0.5, "within epochs", 0.9, 0.3),
        (1.5, "within epochs", 0.9, 0.3),
        (2.6, "within epochs", 0.81, 0.5),  # an old history's mean over the epoch so far
    ]


def test_the_first_seconds_do_not_squeeze_the_finished_epochs(run):
    start = progress(1, 1, recent_accuracy=0.1, recent_loss=2.3)
    append(run, start)
    table = training_charts.learning_table(follow_progress(run))
    assert table[["accuracy", "loss"]].to_numpy().tolist() == [[0.1, 2.3]]  # all there is
    append(run, epoch(1))
    table = training_charts.learning_table(follow_progress(run))
    assert table[table["part"] == "within epochs"][["accuracy", "loss"]].isna().all(axis=None)


def test_an_empty_history_gives_empty_tables_with_types(run):
    for table in (
        training_charts.learning_table(follow_progress(run)),
        training_charts.rate_table(follow_progress(run), []),
    ):
        assert table.empty
        assert table["epoch"].dtype == float


def test_planned_rates_are_those_of_every_step():
    settings = TrainSettings(epochs=3, batch_size=10, schedule="step", learning_rate=0.01)
    rows = training_charts.planned_rates(settings, 95)  # ten steps an epoch, the last one smaller
    assert len(rows) == 30
    rates = {round(at, 3): rate for at, _, rate in rows}
    assert rates[0.0] == rates[1.4] == 0.01
    assert rates[1.5] == pytest.approx(0.001)
    assert rates[2.9] == pytest.approx(0.0001)
    assert len(training_charts.planned_rates(TrainSettings(epochs=1000), 55_000)) <= 240


def test_used_rates_are_those_of_the_history(run):
    append(run, progress(1, **RECENT), progress(2))
    table = training_charts.rate_table(follow_progress(run), [(0.0, "planned", 0.5)])
    assert table.to_numpy().tolist() == [[0.0, "planned", 0.5], [0.5, "used", 0.001]]
