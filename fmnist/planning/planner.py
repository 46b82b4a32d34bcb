"""The best training within a time limit: which recipe, for how many epochs, and how good.

How good comes from recorded trainings, how long from this machine's own. An epoch count between two
recorded ones is interpolated, one beyond them is not planned.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fmnist.errors import PlanError
from fmnist.planning.recorded_trainings import Record, Result, load_records, local_settings
from fmnist.planning.timing import Timing, estimate_timings
from fmnist.runs.forecast import Forecast
from fmnist.runs.library import list_runs
from fmnist.runs.progress_text import duration_text
from fmnist.setting_fields import count_text
from fmnist.settings import TrainSettings
from fmnist.training.recipes import RECIPES

MINUTES = (0.5, 600.0)  # least and most
SURE = 0.95  # how often a new training should fall into the range
SPREAD = 0.05  # of the logarithm of the errors, where no epoch count was recorded with two seeds
FEWEST_ERRORS = 1e-4  # share; keeps the logarithm finite


@dataclass(frozen=True)
class Plan:
    """A training that fits.

    at_most: seconds from the start to the result, those of the forecast with a margin
    expected: accuracy on the 5,000 validation images, 0..1; recorded: trainings that it rests on
    basis: a sentence on what the seconds rest on
    """

    recipe: str
    settings: TrainSettings
    forecast: Forecast
    at_most: float
    expected: float
    recorded: int
    basis: str


def plan_here(minutes: float) -> tuple[list[Plan], dict[str, str]]:
    """`choose_plans` for this machine."""
    records = load_records()
    return choose_plans(records, estimate_timings(records, list_runs()), minutes)


def choose_plans(
    records: dict[str, Record], timings: dict[str, Timing], minutes: float
) -> tuple[list[Plan], dict[str, str]]:
    """A plan for each recipe that fits, the best first; and recipe -> why it has none.

    Raises PlanError where nothing fits, and for minutes outside of `MINUTES`.
    """
    least, most = MINUTES
    if not least <= minutes <= most:
        raise PlanError(f"Choose {least:g} to {most:g} minutes, got {minutes:g}.")
    found = {name: _plan(name, records.get(name), timings.get(name), minutes) for name in RECIPES}
    plans = [plan for plan in found.values() if isinstance(plan, Plan)]
    left_out = {name: why for name, why in found.items() if isinstance(why, str)}
    if not plans:
        reasons = " ".join(f"{RECIPES[name].title} {why}" for name, why in left_out.items())
        raise PlanError(
            f"Nothing that was recorded fits into {count_text(minutes, 'minute')} on this "
            f"machine. {reasons}"
        )
    return sorted(plans, key=lambda plan: (-plan.expected, plan.at_most)), left_out


def _plan(name: str, record: Record | None, timing: Timing | None, minutes: float) -> Plan | str:
    """The best plan with one recipe, or why there is none."""
    settings, how = local_settings(name), f"python -m fmnist plan --record --recipes {name} does it"
    if record is None or not record.results:
        return f"was never recorded; {how}."
    if not record.is_of(settings):
        return f"has changed since it was recorded; {how}."
    if timing is None:
        return f"was never timed in this machine's precision; {how}."
    curve = LearningCurve(record.results)
    at_most = {n: timing.duration.total(n) * (1 + timing.margin) for n in curve.epochs}
    fitting = [n for n in curve.epochs if at_most[n] <= minutes * 60]
    if not fitting:
        fewest, needed = next(iter(at_most.items()))
        return f"needs {duration_text(needed)} for {fewest} epochs, the fewest that were recorded."
    epochs = max(fitting, key=lambda n: (curve.at(n)[0], -n))
    expected, low, high = curve.at(epochs)
    # a seed that was not recorded, or the forecast would be a repetition
    seed = min({*range(len(record.results) + 1)} - {one.seed for one in record.results})
    seconds = round(timing.duration.total(epochs), 1)
    return Plan(
        recipe=name,
        settings=dataclasses.replace(settings, epochs=epochs, seed=seed),
        forecast=Forecast(
            minutes, round(low, 3), round(high, 3), seconds, epochs, settings.network
        ),
        at_most=at_most[epochs],
        expected=expected,
        recorded=curve.recorded(epochs),
        basis=timing.basis,
    )


class LearningCurve:
    """What a recipe reaches over the epochs.

    Learning curves are nearly straight where epochs and errors have logarithmic scales (Hestness
    et al., arXiv 1712.00409), and seeds differ by much the same share of the errors all along, so
    everything is computed there.
    """

    def __init__(self, results: Iterable[Result]):
        """results: at least one."""
        from scipy.special import ndtri, stdtrit  # 0.3 s, which no other command needs

        self._errors: dict[int, list[float]] = {}  # epochs -> logarithms of the share of errors
        for one in results:
            error = math.log(max(1 - one.accuracy, FEWEST_ERRORS))
            self._errors.setdefault(one.epochs, []).append(error)
        free = sum(len(errors) - 1 for errors in self._errors.values())
        squares = sum(len(errors) * np.var(errors) for errors in self._errors.values())
        spread = math.sqrt(squares / free) if free else SPREAD
        quantile = stdtrit(free, (1 + SURE) / 2) if free else ndtri((1 + SURE) / 2)
        self._reach = spread * float(quantile)

    @property
    def epochs(self) -> range:
        """The numbers of epochs that it knows, or lie between two that it knows."""
        return range(min(self._errors), max(self._errors) + 1)

    def recorded(self, epochs: int) -> int:
        """How many trainings `at(epochs)` rests on."""
        return sum(len(self._errors[known]) for known in self._around(epochs))

    def at(self, epochs: int) -> tuple[float, float, float]:
        """Expected, lowest and highest accuracy after so many of `epochs`, each 0..1.

        At a recorded number of epochs the range is where a further seed falls 19 times out of 20
        (a prediction interval), and holds all that were recorded. Between two numbers it reaches
        over the ranges of both.
        """
        around = self._around(epochs)
        means = [float(np.mean(self._errors[known])) for known in around]
        expected = float(np.interp(math.log(epochs), np.log(around), means))
        ends = []
        for known, mean in zip(around, means, strict=True):
            errors = self._errors[known]
            away = self._reach * math.sqrt(1 + 1 / len(errors))
            ends += [mean - away, mean + away, *errors]
        return 1 - math.exp(expected), max(0.0, 1 - math.exp(max(ends))), 1 - math.exp(min(ends))

    def _around(self, epochs: int) -> list[int]:
        """The recorded numbers next to it: one where it is recorded itself, otherwise two."""
        below = max(known for known in self._errors if known <= epochs)
        return sorted({below, min(known for known in self._errors if known >= epochs)})
