"""How long the recipes take on this machine, from its own finished trainings.

A training here that took 1.3 times what was recorded for its recipe says so of the recipe, and,
less surely, of the others. Without one, the times are those of the machine that recorded them.
"""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from fmnist import machine
from fmnist.data import PART_SIZES, VALIDATION_SIZE
from fmnist.networks.own_network import check_layers
from fmnist.planning.recorded_trainings import Duration, Record, load_records, local_settings
from fmnist.runs.forecast import total_seconds
from fmnist.runs.library import list_runs
from fmnist.runs.run import Run
from fmnist.settings import TrainSettings

NEWEST = 3  # trainings of a recipe that count; older ones may be from before an update
# settings that decide how long an epoch takes: a training is one of a recipe where they agree
COST = ["network", "batch_size", "precision", "fraction", "holdout", "stylised"]
COST += ["tta_flip", "tta_shift"]
# What a network's other work costs, in millions of multiplications: each number that a layer makes,
# each step, and each parameter in a step. Fitted to 16 networks and batch sizes on two cores of an
# AMD EPYC that were not idle: each took 0.6 to 1.8 times what this says.
PER_VALUE, PER_STEP, PER_PARAMETER = 5.5e-5, 50.0, 1.7e-4
SAME_MACHINE = ("processor", "cores", "system")
# share of the expected seconds that is kept in hand, and what they rest on
OWN = (0.1, "The time is that of your own trainings of this recipe on this machine.")
OTHERS = (
    0.3,
    "The time is estimated from your trainings of other recipes on this machine; after the "
    "first one of this recipe it will be more accurate.",
)
ELSEWHERE = (
    0.5,
    "The time is estimated from another machine's trainings ({processor}, {cores} cores); "
    "after your first training on all images here it will be more accurate.",
)


@dataclass(frozen=True)
class Timing:
    """A recipe's duration here, the share of it to keep in hand, and a sentence on its basis."""

    duration: Duration
    margin: float
    basis: str


@dataclass(frozen=True)
class EpochTime:
    """Seconds of an epoch here, and a sentence on how rough they are."""

    seconds: float
    basis: str


def estimate_epoch(settings: TrainSettings) -> EpochTime | None:
    """How long an epoch of a network of one's own takes here, roughly; None for other networks.

    It is the time of the specification's recipe, times how much more there is to do.
    """
    timing = estimate_timings(load_records(), list_runs()).get("specification")
    if not settings.layers or timing is None:
        return None
    more = _work(settings) / _work(TrainSettings(network=settings.network))
    where = "" if timing.margin == OWN[0] else " (which was not yet trained on this machine)"
    return EpochTime(
        timing.duration.epoch * more,
        "A rough estimate, easily wrong by half: the time of the specification's recipe"
        f"{where}, in proportion to what this network has to calculate.",
    )


def _work(settings: TrainSettings) -> float:
    """What there is to do in an epoch, in millions of multiplications while it learns."""
    found = check_layers(settings.layers)
    image = found.multiplications / 1e6 + PER_VALUE * found.values
    step = PER_STEP + PER_PARAMETER * found.parameters
    validated = VALIDATION_SIZE * settings.holdout
    learnt = settings.fraction * (PART_SIZES["train"] - validated)
    predicted = PART_SIZES["test"] + validated
    return learnt * (image + step / settings.batch_size) + predicted * image / 3


def estimate_timings(records: dict[str, Record], runs: Iterable[Run]) -> dict[str, Timing]:
    """Recipe -> its timing, without those that were not timed in this machine's precision.

    runs: the newest first, as `list_runs` has them
    """
    runs = [run for run in runs if _finished_here(run)]
    recorded = {
        name: duration
        for name, record in records.items()
        if (duration := record.durations.get(local_settings(name).precision))
    }
    factors = {name: _factors(name, duration, runs) for name, duration in recorded.items()}
    found = {}
    for name, duration in recorded.items():
        about = records[name].machine
        comparable = (factors[other] for other in factors if records[other].machine == about)
        others = [factor for values in comparable for factor in values]
        margin, basis = OWN if factors[name] else OTHERS if others else ELSEWHERE
        factor = statistics.median(factors[name] or others or [1.0])
        scaled = Duration(factor * duration.epoch, factor * duration.overhead)
        found[name] = Timing(scaled, margin, basis.format(**about))
    return found


def _finished_here(run: Run) -> bool:
    about, here = run.info.get("machine"), machine.describe_machine()
    return (
        run.state == "finished"
        and not run.shipped
        and not run.info.get("sweep")  # several at once, each with a part of the cores
        and isinstance(about, dict)
        and all(about.get(name) == here[name] for name in SAME_MACHINE)
    )


def _factors(name: str, recorded: Duration, runs: list[Run]) -> list[float]:
    """How many times the recorded duration the newest trainings of a recipe took."""
    wanted, found = [getattr(local_settings(name), setting) for setting in COST], []
    for run in runs:
        if [getattr(run.settings, setting) for setting in COST] == wanted:
            seconds, epochs = total_seconds(run) or 0, int(run.count("epochs_done") or 0)
            if seconds > 0 and epochs > 0:
                found.append(seconds / recorded.total(epochs))
    return found[:NEWEST]
