"""The rough time of an epoch of a network of one's own."""

import pytest

from fmnist.networks.layers import Flatten
from fmnist.planning import timing
from fmnist.planning.recorded_trainings import Duration
from fmnist.planning.timing import ELSEWHERE, OWN, Timing, estimate_epoch
from fmnist.settings import TrainSettings


@pytest.fixture
def known(monkeypatch):
    """Sets what the specification's epoch takes here, and how surely."""

    def set_to(seconds: float, margin: float = OWN[0]) -> None:
        found = {"specification": Timing(Duration(seconds, 8.0), margin, "")}
        monkeypatch.setattr(timing, "estimate_timings", lambda records, runs: found)

    return set_to


def seconds(**settings) -> float:
    return estimate_epoch(TrainSettings(network="custom", **settings)).seconds


def test_it_is_that_of_the_specification_times_what_there_is_more_to_do(known):
    known(20.0)
    assert seconds() == 20.0
    # 55,000 images learnt and 15,000 predicted, by hand
    image, small = 4.468224 + 5.5e-5 * 86_762, 0.00784 + 5.5e-5 * 794
    whole = 55_000 * (image + (50 + 1.7e-4 * 423_338) / 64) + 5_000 * image
    linear = 55_000 * (small + (50 + 1.7e-4 * 7_850) / 64) + 5_000 * small
    assert seconds(layers=(Flatten(),)) == pytest.approx(20 * linear / whole)
    part = 1_100 * (image + (50 + 1.7e-4 * 423_338) / 64) + 5_000 * image
    assert seconds(fraction=0.02) == pytest.approx(20 * part / whole)
    assert seconds(holdout=False) > 20 > seconds(batch_size=128)
    known(10.0)
    assert seconds() == 10.0


def test_it_says_how_rough_it_is(known):
    known(20.0)
    assert "not yet trained" not in estimate_epoch(TrainSettings(network="custom")).basis
    known(20.0, ELSEWHERE[0])
    words = estimate_epoch(TrainSettings(network="custom")).basis
    assert words.startswith("A rough estimate")
    assert "(which was not yet trained on this machine)" in words


def test_other_networks_and_what_was_never_timed_have_none(known, monkeypatch):
    known(20.0)
    assert estimate_epoch(TrainSettings()) is None
    monkeypatch.setattr(timing, "estimate_timings", lambda records, runs: {})
    assert estimate_epoch(TrainSettings(network="custom")) is None
