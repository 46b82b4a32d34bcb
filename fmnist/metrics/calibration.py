"""Does confidence match accuracy? Calibration error, temperature, risk and coverage."""

from dataclasses import dataclass

import numpy as np

from fmnist.metrics.report import Counted

BINS = 15  # as in Guo et al., arXiv 1706.04599


@dataclass(frozen=True)
class Bin(Counted):
    """The answers with a confidence in (low, high]: how many, how sure, how many right."""

    at: int  # its place among all bins, from 0
    low: float
    high: float
    n: int
    confidence: float  # the mean, 0..1
    right: int


def reliability_bins(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> list[Bin]:
    """The bins of the reliability diagram that hold an answer, from the least sure up.

    (N, 10) probabilities against (N,) labels; Guo et al., section 2.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = bin_of(confidence, bins)
    return [
        Bin(
            b,
            b / bins,
            (b + 1) / bins,
            int((place == b).sum()),
            float(confidence[place == b].mean()),
            int(right[place == b].sum()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


def bin_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """In which bin each confidence (N,), 0..1, lies: (N,) int64, from 0.

    A bin holds (low, high], so that a confidence of 1 is in the last one.
    """
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error, 0..1, of (N, 10) against (N,): Guo et al., section 2.

    The mean distance between confidence and accuracy over equally wide bins of confidence,
    weighted by how many answers each bin has.
    """
    bins = reliability_bins(probabilities, labels)
    gaps = [b.n * abs(b.confidence - b.accuracy) for b in bins]
    return float(sum(gaps) / len(labels))


def risk_coverage(confidence: np.ndarray, right: np.ndarray, points: int = 50) -> list[list[float]]:
    """What answering less buys: [line, share answered, share right of the answered], each 0..1.

    confidence (N,) 0..1, right (N,) bool; one row per line from 0 up; none where nothing is
    answered.
    """
    rows = []
    for line in np.linspace(0, 1, points, endpoint=False):
        answered = confidence >= line
        if answered.any():
            rows.append([float(line), float(answered.mean()), float(right[answered].mean())])
    return rows


def top_k(probabilities: np.ndarray, labels: np.ndarray, k: int) -> int:
    """How many of (N,) labels are among the k most probable classes of (N, 10), 1 <= k <= 10."""
    of_true = probabilities[np.arange(len(labels)), labels][:, np.newaxis]
    # a class that is as probable as the true one and stands before it comes first, as in argmax
    before = (probabilities > of_true) | (
        (probabilities == of_true) & (np.arange(probabilities.shape[1]) < labels[:, np.newaxis])
    )
    return int((before.sum(axis=1) < k).sum())


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of log-probabilities divided by the temperature, > 0; (..., 10) -> same, float32."""
    scaled = np.maximum(probabilities, 1e-12).astype(float) ** (1 / temperature)
    return (scaled / scaled.sum(axis=-1, keepdims=True)).astype(np.float32)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least cross-entropy on (N, 10) probabilities and (N,) labels."""
    from scipy.optimize import minimize_scalar  # a training needs it, an answer does not

    def loss(log_temperature: float) -> float:
        calibrated = apply_temperature(probabilities, float(np.exp(log_temperature)))
        of_true = calibrated[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(of_true, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
