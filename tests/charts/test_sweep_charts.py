"""The chart of a sweep: its rows, the Pareto front, and a specification that Vega-Lite takes."""

import altair as alt
import pytest

from fmnist.charts.sweep_charts import COSTS, cost_spec, cost_table, is_on_front
from fmnist.sweeps.results import Result, Variant


def variant(name, accuracies, minutes, parameters):
    count = len(accuracies)
    runs = tuple(f"{name}-{at}" for at in range(count))
    return Variant(name, tuple(range(count)), accuracies, (minutes,) * count, runs, 0.9, parameters)


RESULT = Result(
    "validation",
    (
        variant("lean", (0.88, 0.90), 1.0, 100),
        variant("wide", (0.91, 0.93), 3.0, 300),
        variant("slow", (0.90, 0.92), 9.0, 200),
    ),
    (),
    "",
    0,
)


def test_rows_are_the_runs_and_the_means():
    table = cost_table(RESULT)
    assert len(table) == 3 + 6
    means = table[table["kind"] == "mean"].set_index("variant")
    assert means["accuracy"].to_dict() == pytest.approx({"lean": 0.89, "wide": 0.92, "slow": 0.91})
    assert means["front_minutes"].to_dict() == {"lean": True, "wide": True, "slow": False}
    assert means["front_parameters"].to_dict() == {"lean": True, "wide": True, "slow": True}
    assert not table[table["kind"] == "run"][["front_minutes", "front_parameters"]].any().any()


def test_the_front_has_no_one_who_is_beaten_in_both():
    points = [(0.9, 1.0), (0.9, 2.0), (0.95, 2.0), (0.8, 0.5), (0.9, 1.0)]
    assert [is_on_front(one, points) for one in points] == [True, False, True, True, True]


@pytest.mark.parametrize("cost", COSTS)
def test_the_specification_is_vega_lites(cost):
    alt.LayerChart.from_dict({**cost_spec(cost, "validation"), "data": {"values": []}})
