"""What came of a sweep: each variant over its seeds, and which one is better, how sure.

Variants are compared by a paired t-test over the seeds that both have: the same seed gives two
variants the same order of images, so the luck that they share cancels out. It asks about training
anew (Bouthillier et al., arXiv 2103.03098), where `fmnist.metrics.comparison` asks about finished
runs and more images. As the best variant is chosen by the same numbers, all pairs are corrected
together (Holm, Scandinavian Journal of Statistics 6 (1979)).
"""

import bisect
import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fmnist.data import PART_SIZES, VALIDATION_SIZE
from fmnist.metrics.comparison import correct_holm, say_chance
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from fmnist.sweeps.learning_curve import PowerLaw, fit_power_law
from fmnist.sweeps.sweep import Sweep

SURE = 0.95
POWER = 0.8  # how often a difference that is there should be found
GRAIN = 1 / VALIDATION_SIZE / 12**0.5  # deviation of an accuracy, which is counted in images
MANY = 200  # trainings of each variant that nobody does


@dataclass(frozen=True)
class Variant:
    """A variant's finished runs: for each of `seeds` its accuracy (0..1), minutes and run's name.

    tests: accuracies on the test images, None where unknown; parameters: of the network
    images: that it is trained on
    """

    name: str
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    minutes: tuple[float, ...]
    runs: tuple[str, ...]
    tests: tuple[float | None, ...]
    parameters: int | None
    images: int | None = None

    def mean_over(self, seeds: set[int]) -> float:
        """Mean accuracy, 0..1, over some of its seeds; over all where these are none."""
        pairs = zip(self.seeds, self.accuracies, strict=True)
        return float(np.mean([accuracy for seed, accuracy in pairs if not seeds or seed in seeds]))

    @property
    def mean(self) -> float:
        """Of the accuracies, 0..1."""
        return self.mean_over(set())

    @property
    def test(self) -> float | None:
        """Mean accuracy on the test images, None where one is unknown."""
        known = [test for test in self.tests if test is not None]
        return float(np.mean(known)) if len(known) == len(self.tests) else None

    @property
    def deviation(self) -> float | None:
        """Their standard deviation, None for one run."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.seeds) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean over all seeds (Student's t), None for one run."""
        if self.deviation is None:
            return None
        low, high = _interval(self.mean, max(self.deviation, GRAIN), len(self.accuracies))
        return max(low, 0.0), min(high, 1.0)

    @property
    def summary(self) -> dict:
        """The numbers of one line of a table: plain values, shares 0..1."""
        return {
            "variant": self.name,
            "trainings": len(self.seeds),
            "mean": self.mean,
            "deviation": self.deviation,
            "best": max(self.accuracies),
            "interval": self.interval,
            "test": self.test,
            "minutes": float(np.mean(self.minutes)),
            "parameters": self.parameters,
            "images": self.images,
        }


@dataclass(frozen=True)
class Difference:
    """By how much the `better` of two variants is ahead of `other`, over n seeds that both have.

    mean: 0..1; interval: its 95 % interval; p_value: of the paired t-test, for all pairs of the
    sweep together; needed: seeds with which a difference of this size would be found 4 times out
    of 5, None where it is none or beyond `MANY`. The last three are None for fewer than two seeds.
    """

    better: str
    other: str
    n: int
    mean: float
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    needed: int | None = None


@dataclass(frozen=True)
class Result:
    """What came of a sweep. measure: "validation" or "test", whose accuracy is compared.

    variants: those with a finished run, in the plan's order; differences: of the best one from each
    other, the next best first; sentence: in plain words; missing: trainings that are not done
    curve: where the variants differ in how many images they have, and it is taken to be all
    """

    measure: str
    variants: tuple[Variant, ...]
    differences: tuple[Difference, ...]
    sentence: str
    missing: int
    curve: PowerLaw | None = None

    @property
    def n(self) -> int:
        """Images that every accuracy was measured on."""
        return VALIDATION_SIZE if self.measure == "validation" else PART_SIZES["test"]

    def to_dict(self) -> dict:
        """Plain values, as JSON has them."""
        return {
            "measure": self.measure,
            "variants": [one.summary | _lists(one) for one in self.variants],
            "differences": [dataclasses.asdict(one) for one in self.differences],
            "sentence": self.sentence,
            "missing": self.missing,
            "curve": self.curve.to_dict() if self.curve else None,
        }


def summarise_sweep(sweep: Sweep) -> Result:
    """What came of a sweep so far, from its finished runs."""
    found, trainings = sweep.finished_runs(), sweep.plan.trainings()
    held = all("validation_accuracy" in run.scores for run in found.values())
    measure = "validation" if held else "test"
    grouped: dict[str, list[tuple[int, Run]]] = {}
    for training in trainings:
        if training.settings in found:
            pair = training.settings.seed, found[training.settings]
            grouped.setdefault(training.variant, []).append(pair)
    order = [name for name in sweep.plan.settings_by_variant() if name in grouped]
    variants = tuple(_variant(name, grouped[name], f"{measure}_accuracy") for name in order)
    return summarise_variants(variants, measure, len(trainings) - len(found))


def summarise_variants(variants: tuple[Variant, ...], measure: str, missing: int = 0) -> Result:
    """What came of variants, in the plan's order, some of whose trainings may be missing."""
    differences = compare_variants(variants)
    words = describe_result(variants, differences, measure)
    images = [one.images or 0 for one in variants for _ in one.runs]
    accuracies = [accuracy for one in variants for accuracy in one.accuracies]
    distinct = len(set(images)) == len(variants)
    if curve := fit_power_law(images, accuracies) if distinct else None:
        words = f"{curve.sentence} {words}"
    return Result(measure, variants, differences, words, missing, curve)


def _variant(name: str, pairs: list[tuple[int, Run]], score: str) -> Variant:
    runs = [run for _, run in pairs]
    parameters, images = runs[0].count("parameters"), runs[0].count("train_size")
    return Variant(
        name,
        tuple(seed for seed, _ in pairs),
        tuple(run.scores.get(score, 0.0) for run in runs),
        tuple((run.count("train_seconds") or 0.0) / 60 for run in runs),
        tuple(run.name for run in runs),
        tuple(run.scores.get("test_accuracy") for run in runs),
        None if parameters is None else int(parameters),
        None if images is None else int(images),
    )


def compare_variants(variants: Sequence[Variant]) -> tuple[Difference, ...]:
    """The best variant against each other one, the next best first.

    They are ranked over the seeds that all of them have: seeds are not equally lucky.
    """
    if len(variants) < 2:
        return ()
    shared = set.intersection(*(set(one.seeds) for one in variants))
    ranked = sorted(variants, key=lambda one: -one.mean_over(shared))
    pairs = list(itertools.combinations(ranked, 2))
    alpha = (1 - SURE) / len(pairs)
    found = {pair: _differ(*pair, alpha if pair[0] is ranked[0] else None) for pair in pairs}
    known = {pair: one.p_value for pair, one in found.items() if one.p_value is not None}
    corrected = dict(zip(known, correct_holm(list(known.values())), strict=True))
    of_best = [pair for pair in pairs if pair[0] is ranked[0]]
    return tuple(dataclasses.replace(found[pair], p_value=corrected.get(pair)) for pair in of_best)


def _differ(first: Variant, second: Variant, alpha: float | None) -> Difference:
    """Two variants, over the seeds of both, p_value not corrected; without alpha no `needed`."""
    of_first, of_second = (dict(zip(v.seeds, v.accuracies, strict=True)) for v in (first, second))
    seeds = [seed for seed in first.seeds if seed in of_second]
    differences = [of_first[seed] - of_second[seed] for seed in seeds]
    mean = float(np.mean(differences)) if seeds else first.mean - second.mean
    if mean < 0:  # two of several may have more seeds in common than all have
        return _differ(second, first, alpha)
    found = Difference(first.name, second.name, len(seeds), mean)
    if len(seeds) < 2:
        return found
    # accuracies are whole numbers of images: the same difference on every seed is no certainty
    spread = max(float(np.std(differences, ddof=1)), GRAIN * 2**0.5)
    statistic = mean / spread * np.sqrt(len(seeds))
    return dataclasses.replace(
        found,
        interval=_interval(mean, spread, len(seeds)),
        p_value=float(2 * stats.t.sf(statistic, len(seeds) - 1)),  # the paired t-test
        needed=seeds_needed(mean / spread, alpha) if alpha and mean > 0 else None,
    )


def seeds_needed(effect: float, alpha: float = 1 - SURE) -> int | None:
    """Pairs with which a paired t-test at `alpha` finds `effect` with a chance of `POWER`.

    effect: the mean of the differences over their standard deviation. None beyond `MANY`.
    """

    def power(n: int) -> float:
        return stats.nct.sf(stats.t.ppf(1 - alpha / 2, n - 1), n - 1, effect * np.sqrt(n))

    at = bisect.bisect_left(range(2, MANY + 1), POWER, key=power)  # it grows with n
    return None if at > MANY - 2 else 2 + at


def describe_result(
    variants: Sequence[Variant], differences: Sequence[Difference], measure: str
) -> str:
    """Which variant is better, by how much, how sure that is, and what would settle it."""
    if not variants:
        return "No training of this sweep is done yet."
    if not differences:
        return _describe_one(variants[0], measure)
    next_best = differences[0]
    better, other, n = f"“{next_best.better}”", f"“{next_best.other}”", next_best.n
    ahead = f"{100 * next_best.mean:.2f} points of {measure} accuracy"
    if next_best.interval is None or next_best.p_value is None:
        shared = f"{count_text(n, 'seed')} in common; at least two are needed to tell that"
        return f"{better} is ahead of {other} by {ahead}, with {shared} from chance."
    low, high = (f"{100 * end:.2f}" for end in next_best.interval)
    counted = f"on average over {n} seeds (95 % interval {low} to {high})"
    if next_best.mean < 1e-9:
        return f"{better} and {other} are equally good {counted}."
    known = 1 + sum(one.p_value is not None for one in differences)
    pairs = known * (known - 1) // 2  # for which the chance is corrected, and the interval is not
    among = f", corrected for {pairs} pairs," if pairs > 1 else ""
    chance = f"a difference this large occurs{among} {say_chance(next_best.p_value)}"
    said = f"by {ahead} {counted}. Between equally good settings, {chance}"
    if next_best.p_value < 1 - SURE:
        return f"{better} is better than {other}{', the next best,' * (pairs > 1)} {said}."
    doubt = f"this does not show that one is better. {_describe_need(next_best)}"
    return f"{better} is ahead of {other} {said}: {doubt}"


def _describe_need(difference: Difference) -> str:
    if difference.needed is None:
        return f"More than {MANY} seeds would be needed to settle it; take what costs less."
    more = max(1, difference.needed - difference.n)
    return (
        f"If the difference is as large as it looks, {count_text(more, 'more seed')} of both "
        f"({2 * more} trainings) would show it four times out of five."
    )


def _describe_one(variant: Variant, measure: str) -> str:
    n = len(variant.seeds)
    reached = f"“{variant.name}” reaches {variant.mean:.2%} {measure} accuracy"
    if variant.interval is None or variant.deviation is None:
        return f"{reached} with one seed; at least two are needed to estimate the variation."
    (low, high), deviation = variant.interval, max(variant.deviation, GRAIN)
    chance = 100 * np.sqrt(2) * deviation * stats.t.ppf((1 + SURE) / 2, n - 1)
    return (
        f"{reached} on average over {n} seeds (95 % interval {low:.2%} to {high:.2%}). Two single "
        f"trainings of it differ by up to {chance:.2f} points by chance alone, 19 times out of 20."
    )


def _interval(mean: float, deviation: float, n: int) -> tuple[float, float]:
    half = float(stats.t.ppf((1 + SURE) / 2, n - 1)) * deviation / n**0.5
    return mean - half, mean + half


def _lists(variant: Variant) -> dict:
    return {name: list(getattr(variant, name)) for name in ("seeds", "accuracies", "runs")}
