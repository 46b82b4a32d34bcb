"""The learning rate of every step, as plain arithmetic: training, charts and tests share it."""

import itertools
import math

from fmnist.settings import TrainSettings

WARMUP = 0.2  # share of a one-cycle in which the rate rises
START = 25.0  # a one-cycle begins with the peak over this
STEPS = ((0.5, 1.0), (0.75, 0.1), (1.0, 0.01))  # until this share, that much of the rate


def learning_rate(settings: TrainSettings, step: int, steps: int) -> float:
    """The rate of step `step` (0, 1, ... over all epochs) where an epoch has `steps` steps.

    one-cycle: linear warm-up, then a cosine to zero (Smith, arXiv 1803.09820; Loshchilov and
    Hutter, arXiv 1608.03983). step: a tenth after half of the epochs and again after three
    quarters (He et al., arXiv 1512.03385, section 4.2).
    """
    epoch = step // steps
    peak = peak_rate(settings, epoch)
    if settings.schedule == "constant":
        return peak
    begin, end = one_cycle(settings, epoch)
    at, length = step - begin * steps, (end - begin) * steps
    if settings.schedule == "step":
        return peak * next(share for until, share in STEPS if at < until * length)
    warmup = max(1, int(length * WARMUP))
    if at < warmup:
        return peak / START + (peak - peak / START) * at / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (at - warmup) / max(1, length - warmup)))


def one_cycle(settings: TrainSettings, epoch: int) -> tuple[int, int]:
    """The schedule's first epoch and the one after its last, around `epoch` (0, 1, ...).

    A run that was continued for more epochs begins a schedule anew where it was continued.
    """
    borders = [0, *settings.continued, settings.epochs]
    return next(
        (begin, end)
        for begin, end in itertools.pairwise(borders)
        if epoch < end or end == settings.epochs
    )


def peak_rate(settings: TrainSettings, epoch: int) -> float:
    """The rate that the schedule starts from in `epoch` (0, 1, ...), after the user's changes."""
    rate = settings.learning_rate
    for first, changed in settings.rate_changes:
        if epoch + 1 >= first:
            rate = changed
    return rate
