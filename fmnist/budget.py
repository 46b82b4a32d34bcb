"""The best that can be done in so many minutes: which recipe, for how many epochs, and how good.

What a recipe reaches comes from trainings that were recorded (`recorded`), how long it takes from a
measurement of this machine (`pace`). Nothing here is guessed beyond what was tried: an epoch count
between two recorded ones is interpolated, one beyond them is not planned.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fmnist import pace as pacing
from fmnist.data import PART_SIZES, VALIDATION_SIZE
from fmnist.errors import BudgetError
from fmnist.pace import Pace
from fmnist.progress_text import duration_text
from fmnist.recipes import RECIPES
from fmnist.recorded import Entry, settings_hash
from fmnist.settings import TrainSettings

__all__ = ["MARGIN", "MINUTES", "Choice", "Curve", "Plan", "choose"]

MINUTES = (0.5, 600.0)  # least and most
MARGIN = 0.1  # of the expected seconds, kept in hand
SURE = 0.95  # how often a new training should fall into the range that is promised
SPREAD = 0.05  # of the logarithm of the errors, where no recipe was recorded with two seeds
FEWEST_ERRORS = 1e-4  # share; keeps the logarithm finite


@dataclass(frozen=True)
class Plan:
    """A training that fits.

    recipe: a name of `recipes.RECIPES`; settings: all that is trained with
    seconds: expected, from the click to the result, without the margin
    expected, low, high: accuracy on the 5,000 validation images, 0..1
    recorded: how many trainings that rests on
    """

    recipe: str
    settings: TrainSettings
    seconds: float
    expected: float
    low: float
    high: float
    recorded: int

    def promise(self, minutes: float) -> dict:
        """What is promised with it, as it stands in run.json; see `promises`."""
        return {
            "minutes": minutes,
            "low": round(self.low, 3),
            "high": round(self.high, 3),
            "network": self.settings.network,
            "epochs": self.settings.epochs,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Choice:
    """plans: one for each recipe that fits, the best first; left_out: recipe -> why it is not."""

    plans: list[Plan]
    left_out: dict[str, str]


def choose(pace: Pace, entries: Iterable[Entry], minutes: float) -> Choice:
    """The plans for `minutes` (`MINUTES`) on a machine that was measured.

    Raises BudgetError for other minutes, and where nothing fits.
    """
    least, most = MINUTES
    if not least <= minutes <= most:
        raise BudgetError(f"Choose {least:g} to {most:g} minutes, got {minutes:g}.")
    entries = list(entries)
    found, left_out, shortest = [], {}, []
    for name, speed in pace.speeds.items():
        settings = pacing.settings_here(name)
        curve, reason = _curve(name, settings, speed.parameters, entries)
        if curve is None:
            left_out[name] = reason
            continue
        steps = -(-(PART_SIZES["train"] - VALIDATION_SIZE) // settings.batch_size)
        times = {epochs: speed.seconds(epochs, steps) for epochs in curve.epochs}
        fitting = [epochs for epochs in times if times[epochs] * (1 + MARGIN) <= minutes * 60]
        if not fitting:
            first = curve.epochs[0]
            shortest.append((times[first] * (1 + MARGIN), name, first))
            needed = duration_text(times[first] * (1 + MARGIN))
            left_out[name] = f"needs {needed} for {first} epochs, the fewest that were recorded."
            continue
        best = max(fitting, key=lambda epochs: (curve.at(epochs)[0], -epochs))
        expected, low, high = curve.at(best)
        seed = next(n for n in range(len(entries) + 1) if n not in curve.seeds)
        found.append(
            Plan(
                recipe=name,
                # a seed that was not recorded, or the promise would be a repetition
                settings=dataclasses.replace(settings, epochs=best, seed=seed),
                seconds=times[best],
                expected=expected,
                low=low,
                high=high,
                recorded=curve.recorded(best),
            )
        )
    if not found:
        raise BudgetError(_nothing_fits(minutes, shortest, left_out))
    found.sort(key=lambda plan: (-plan.expected, plan.seconds))
    return Choice(found, left_out)


class Curve:
    """What a recipe reaches over the epochs, from entries of one recipe.

    Learning curves are nearly straight where epochs and errors have logarithmic scales (Hestness
    et al., arXiv 1712.00409), and seeds differ by much the same share of the errors all along, so
    everything is computed there.
    """

    def __init__(self, entries: Iterable[Entry]):
        """entries: at least one."""
        self._errors: dict[int, list[float]] = {}
        entries = list(entries)
        for entry in entries:
            error = math.log(max(1 - entry.accuracy, FEWEST_ERRORS))
            self._errors.setdefault(entry.epochs, []).append(error)
        self.seeds = {entry.seed for entry in entries}
        free = sum(len(errors) - 1 for errors in self._errors.values())
        squares = sum(len(errors) * np.var(errors) for errors in self._errors.values())
        self._spread = math.sqrt(squares / free) if free else SPREAD
        self._reach = float(stats.t.ppf((1 + SURE) / 2, free if free else math.inf))

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
        if len(around) == 1:
            expected = float(np.mean(self._errors[epochs]))
        else:
            means = [float(np.mean(self._errors[known])) for known in around]
            expected = float(np.interp(math.log(epochs), np.log(around), means))
        ranges = [self._range(self._errors[known]) for known in around]
        most, least = max(high for _, high in ranges), min(low for low, _ in ranges)
        return 1 - math.exp(expected), max(0.0, 1 - math.exp(most)), 1 - math.exp(least)

    def _around(self, epochs: int) -> list[int]:
        if epochs in self._errors:
            return [epochs]
        below = max(known for known in self._errors if known < epochs)
        return [below, min(known for known in self._errors if known > epochs)]

    def _range(self, errors: list[float]) -> tuple[float, float]:
        """Logarithms of the share of errors, lowest and highest."""
        mean = float(np.mean(errors))
        away = self._reach * self._spread * math.sqrt(1 + 1 / len(errors))
        return min(mean - away, *errors), max(mean + away, *errors)


def _curve(
    name: str, settings: TrainSettings, parameters: int, entries: list[Entry]
) -> tuple[Curve | None, str]:
    """The curve of a recipe as it is today, or None and why there is none."""
    tried = [entry for entry in entries if entry.recipe == name]
    today = [
        entry
        for entry in tried
        if (entry.settings, entry.parameters) == (settings_hash(settings), parameters)
    ]
    if today:
        return Curve(today), ""
    what = "has changed since it was recorded" if tried else "was never recorded"
    return None, f"{what}; python -m fmnist plan --record --recipes {name} does it."


def _nothing_fits(
    minutes: float, shortest: list[tuple[float, str, int]], left_out: dict[str, str]
) -> str:
    if not shortest:
        reasons = " ".join(f"{RECIPES[name].title} {why}" for name, why in left_out.items())
        return f"There is no recorded training to plan with. {reasons}"
    seconds, name, epochs = min(shortest)
    return (
        f"Nothing that was recorded fits into {minutes:g} minute{'s' * (minutes != 1)} on this "
        f"machine; the shortest, {RECIPES[name].title} with {epochs} epochs, needs "
        f"{duration_text(seconds)}."
    )
