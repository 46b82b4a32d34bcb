"""The chart of a sweep: its rows, the Pareto front, and a specification that Vega-Lite takes."""

import dataclasses

import altair as alt
import pytest

from fmnist.charts.sweep_charts import (
    COSTS,
    cost_spec,
    cost_table,
    curve_spec,
    curve_table,
    is_on_front,
)
from fmnist.sweeps.results import Result, Variant, summarise_variants


def variant(name, accuracies, minutes, parameters):
    count = len(accuracies)
    runs = tuple(f"{name}-{at}" for at in range(count))
    return Variant(
        name, tuple(range(count)), accuracies, (minutes,) * count, runs, (0.9,) * count, parameters
    )


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


def test_who_has_no_known_cost_beats_nobody():
    unknown = dataclasses.replace(RESULT.variants[0], parameters=None, accuracies=(0.95, 0.95))
    table = cost_table(dataclasses.replace(RESULT, variants=(unknown, *RESULT.variants[1:])))
    means = table[table["kind"] == "mean"].set_index("variant")
    assert means["front_parameters"].to_dict() == {"lean": False, "wide": True, "slow": True}


def test_the_front_has_no_one_who_is_beaten_in_both():
    points = [(0.9, 1.0), (0.9, 2.0), (0.95, 2.0), (0.8, 0.5), (0.9, 1.0)]
    assert [is_on_front(one, points) for one in points] == [True, False, True, True, True]


@pytest.mark.parametrize("cost", COSTS)
def test_the_specification_is_vega_lites(cost):
    alt.LayerChart.from_dict({**cost_spec(cost, "validation"), "data": {"values": []}})


def test_a_learning_curve_shows_its_runs_and_the_law_up_to_twice_as_many_images():
    def share(images):
        accuracies = (0.95 - 3 * images**-0.5,) * 2
        seen = (0, 1), accuracies, (1.0,) * 2, ("a", "b"), (0.9,) * 2, 9, images
        return Variant(f"{images}", *seen)

    result = summarise_variants(tuple(map(share, (500, 1000, 5000, 50_000))), "validation")
    table = curve_table(result)
    runs, fit = (table[table["kind"] == kind] for kind in ("run", "fit"))
    assert len(runs) == 8
    assert (fit["images"].min(), fit["images"].max()) == pytest.approx((500, 100_000))
    assert fit["accuracy"].iloc[-1] == pytest.approx(0.95 - 3 * 100_000**-0.5, abs=1e-4)
    assert (fit["low"] <= fit["high"]).all()
    alt.LayerChart.from_dict({**curve_spec("validation"), "data": {"values": []}})
