"""A learning curve: how the error falls with the number of training images, as a power law.

error = scale * images ** -exponent + floor, the form that Hestness et al. (arXiv 1712.00409) find
for networks of all kinds; the floor is what no number of images would take away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, stats

SURE = 0.95
LEAST = 4  # numbers of images: one more than the curve has parameters
# of log(scale), exponent, floor
BOUNDS = ([-10.0, 0.0, 0.0], [10.0, 3.0, 1.0])


@dataclass(frozen=True)
class PowerLaw:
    """The fitted curve. scale: the error at one image; exponent, floor (0..1): see above.

    n: runs that it was fitted on; most: the most images that one of them had
    exponent_interval, floor_interval: 95 %, from the covariance of the fit (Student's t)
    """

    scale: float
    exponent: float
    floor: float
    n: int
    most: int
    exponent_interval: tuple[float, float]
    floor_interval: tuple[float, float]
    _covariance: np.ndarray = field(repr=False, compare=False)

    def predict(self, images: float) -> tuple[float, float, float]:
        """The expected accuracy (0..1) with so many images and its 95 % interval (low, high)."""
        power = self.scale * images**-self.exponent
        gradient = np.array([power, -power * np.log(images), 1.0])
        half = _t(self.n) * float(np.sqrt(gradient @ self._covariance @ gradient))
        expected = 1 - power - self.floor
        return expected, max(0.0, expected - half), min(1.0, expected + half)

    def to_dict(self) -> dict:
        """Plain values, without the covariance."""
        return {name: value for name, value in vars(self).items() if name != "_covariance"}

    @property
    def sentence(self) -> str:
        """What the curve says, for people."""
        expected, low, high = self.predict(2 * self.most)
        exponent, floor = self.exponent_interval, self.floor_interval
        return (
            f"The error falls as the number of images to the power of -{self.exponent:.2f} (95 % "
            f"interval {-exponent[1]:.2f} to {-exponent[0]:.2f}), down to {self.floor:.1%} "
            f"({floor[0]:.1%} to {floor[1]:.1%}), fitted on {self.n} runs. Twice as many images "
            f"would give {expected:.1%} ({low:.1%} to {high:.1%}), if it goes on like that."
        )


def fit_power_law(images: Sequence[int], accuracies: Sequence[float]) -> PowerLaw | None:
    """Fit the curve by weighted least squares; one entry of each list for each run.

    An error counts by its own size, as its deviation over seeds grows with it. None where there are
    fewer than `LEAST` numbers of images, or the curve explains the errors no better than their mean
    does (F-test): without a fall, its exponent could be anything.
    """
    if len(set(images)) < LEAST or min(images) < 1:
        return None
    counts, errors = np.asarray(images, float), 1 - np.asarray(accuracies, float)

    def law(count: np.ndarray, log_scale: float, exponent: float, floor: float) -> np.ndarray:
        return np.exp(log_scale) * count**-exponent + floor

    begin = [
        float(np.log(max(errors.max(), 1e-3) * counts.min() ** 0.5)),
        0.5,
        0.5 * float(errors.min()),
    ]
    sigma = np.maximum(errors, 1e-3)
    try:
        found, covariance = optimize.curve_fit(law, counts, errors, begin, sigma, bounds=BOUNDS)
    except (RuntimeError, ValueError):
        return None
    if not np.isfinite(covariance).all():
        return None
    mean = np.average(errors, weights=sigma**-2)
    plain, left = ((((errors - one) / sigma) ** 2).sum() for one in (mean, law(counts, *found)))
    ratio = (plain - left) / 2 / max(left / (len(counts) - 3), 1e-12)
    if stats.f.sf(ratio, 2, len(counts) - 3) > 1 - SURE:
        return None
    half = _t(len(counts)) * np.sqrt(np.diag(covariance))
    log_scale, exponent, floor = map(float, found)
    return PowerLaw(
        scale=float(np.exp(log_scale)),
        exponent=exponent,
        floor=floor,
        n=len(counts),
        most=int(counts.max()),
        exponent_interval=(max(0.0, exponent - half[1]), exponent + half[1]),
        floor_interval=(max(0.0, floor - half[2]), min(1.0, floor + half[2])),
        _covariance=covariance,
    )


def _t(n: int) -> float:
    return float(stats.t.ppf((1 + SURE) / 2, n - 3))
