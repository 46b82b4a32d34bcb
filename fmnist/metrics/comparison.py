"""Two runs on the same test images: where they disagree, who is right, and whether it is chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fmnist.metrics.report import Z
from fmnist.setting_fields import count_text


@dataclass(frozen=True)
class Comparison:
    """What two runs achieve on the same n images.

    first_only, second_only: how many images one alone answers rightly
    difference: accuracy of the first minus that of the second, -1..1; interval: its 95 % interval
    p_value: of McNemar's exact test, that a difference as large comes about by chance, 0..1
    """

    first_only: int
    second_only: int
    difference: float
    interval: tuple[float, float]
    p_value: float


def compare_runs(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare the answers (N,) and (N,) of two runs by the true labels (N,), N >= 1.

    McNemar's exact test asks only the images that one run alone gets right: were both equally good,
    each would be either's with a chance of one half (McNemar, Psychometrika 12 (1947) 153-157).
    The interval is Wald's for paired shares, with Agresti and Min's correction (Statistics in
    Medicine 24 (2005) 729-740: half an image is added to each of the four counts).
    """
    from scipy.special import bdtr  # 0.3 s, for those who compare

    of_first, of_second = first == labels, second == labels
    first_only = int((of_first & ~of_second).sum())
    second_only = int((~of_first & of_second).sum())
    n = len(labels)
    # two tails of the binomial distribution, which are alike at one half
    p_value = min(1.0, 2 * bdtr(min(first_only, second_only), first_only + second_only, 0.5))

    b, c, total = first_only + 0.5, second_only + 0.5, n + 2
    centre = (b - c) / total
    half = Z * np.sqrt(b + c - (b - c) ** 2 / total) / total
    return Comparison(
        first_only,
        second_only,
        (first_only - second_only) / n,
        (max(-1.0, float(centre - half)), min(1.0, float(centre + half))),
        float(p_value),
    )


def describe_comparison(comparison: Comparison, first: str, second: str) -> str:
    """What the test says, for people who do not live with p-values; names of the two runs."""
    c = comparison
    if c.first_only == c.second_only == 0:
        return f"{first} and {second} get the very same images right."
    if c.first_only == c.second_only:
        return f"{first} and {second} are equally accurate, but not right on the same images."
    better, worse = (first, second) if c.difference > 0 else (second, first)
    most, least = max(c.first_only, c.second_only), min(c.first_only, c.second_only)
    counted = (
        f"{better} is right on {count_text(most, 'image')} that {worse} gets wrong, and "
        f"wrong on {least:,} that {worse} gets right. Between equally accurate runs, a difference "
        "this large occurs"
    )
    if c.p_value >= 0.05:
        return f"{counted} {say_chance(c.p_value)}: this does not show that one is better."
    return f"{counted} {say_chance(c.p_value)}: {better} is better on images like these."


def describe_two_answers(
    first: np.ndarray, second: np.ndarray, names: tuple[str, str], classes: Sequence[str]
) -> str:
    """Where two networks' probabilities (C,) for one picture differ, in one or two sentences."""
    said = [int(np.argmax(of)) for of in (first, second)]
    words = [
        f"{classes[id_]} ({of[id_]:.0%})" for id_, of in zip(said, (first, second), strict=True)
    ]
    at = int(np.argmax(np.abs(first - second)))
    gap = f"{first[at]:.0%} against {second[at]:.0%}"
    if said[0] != said[1]:
        return (
            f"They differ: {names[0]} says {words[0]}, {names[1]} says {words[1]}. "
            f"They are furthest apart on {classes[at]}: {gap}."
        )
    if abs(first[at] - second[at]) < 0.02:
        return f"Both say {classes[said[0]]}, with nearly the same probabilities."
    return f"Both say {classes[said[0]]}. They are furthest apart on {classes[at]}: {gap}."


def correct_holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of several p-values for being asked together, in their order."""
    corrected, most = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(np.argsort(p_values)):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = most
    return corrected


def say_chance(p_value: float) -> str:
    """How often something of this chance occurs, for people who do not live with p-values."""
    if p_value >= 0.01:
        return f"{count_text(round(p_value * 100), 'time')} out of 100"
    if p_value >= 0.0001:
        return f"{count_text(round(p_value * 10_000), 'time')} out of 10,000"
    return "less than once in 10,000 times"
