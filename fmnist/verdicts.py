"""Knowing when not to answer: calibrated probabilities, and whether it is a garment at all.

Fitted once per run, on the 5,000 validation images and on made-up outliers, never on the test set:

- a temperature, by which the logarithm of the voted probabilities is divided, as the logits are
  by Guo et al. (On Calibration of Modern Neural Networks, arXiv 1706.04599, section 4.2);
- a logistic regression on the penultimate features that tells garments, the dataset's and other
  renderings of them, from outliers;
- the renderings of an input that the network knows and that may vote;
- two lines, so that a stated share of the validation images is not answered; they are drawn on
  the half of them that the regression has not seen.
"""

from dataclasses import asdict, dataclass, field, replace

import numpy as np
from scipy.optimize import minimize_scalar

from fmnist import outliers, views
from fmnist.calibration import ece, trade_off
from fmnist.stylised import stylise_images

__all__ = ["UNFITTED", "Judge", "fit", "fit_temperature", "from_dict"]

# Of the validation images, so many at most are called no garment, and so many not answered in all.
MOST_NOT_CLOTHING = 0.01
MOST_NOT_ANSWERED = 0.085
OUTLIERS = 4_000
KNOWN = 0.03  # a rendering votes where it costs the network less accuracy than this
PLAIN = "as prepared"
MEASURED = ("n", "ece_before", "ece_after", "outliers", "outliers_not_confident", "trade_off")


@dataclass(frozen=True)
class Judge:
    """How one run's answers are turned into verdicts.

    views: names of the renderings that vote, see `views.VIEWS`
    temperature: > 0; above 1 where the network is too sure of itself
    confident_from: calibrated probability, 0..1, from which an answer is confident
    clothing_from: garment score, 0..1, below which a picture is called no clothing
    weights, bias: of the garment score: sigmoid(features @ weights + bias); empty without one
    measured: what was measured while fitting, for people: n, ece_before, ece_after ...
    """

    views: tuple[str, ...] = (PLAIN,)
    temperature: float = 1.0
    confident_from: float = 0.8
    clothing_from: float = 0.0
    weights: tuple[float, ...] = ()
    bias: float = 0.0
    measured: dict = field(default_factory=dict)

    def calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        """Softmax of log-probabilities divided by the temperature; (..., 10) -> same, float32."""
        logits = np.log(np.maximum(probabilities, 1e-12)) / self.temperature
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)

    def clothing(self, features: np.ndarray) -> np.ndarray:
        """How much the features (..., F) look like a garment's: (...,) float32, 0..1."""
        if not self.weights:
            return np.ones(features.shape[:-1], np.float32)
        score = features @ np.asarray(self.weights, np.float32) + np.float32(self.bias)
        return (1 / (1 + np.exp(-np.clip(score, -30, 30)))).astype(np.float32)

    def verdicts(self, probabilities: np.ndarray, features: np.ndarray) -> np.ndarray:
        """(N, 10) as the vote gives them, (N, F) -> (N,) "confident", "unsure", "not_clothing"."""
        sure = self.calibrated(probabilities).max(axis=1) >= self.confident_from
        verdicts = np.where(sure, "confident", "unsure")
        return np.where(self.clothing(features) < self.clothing_from, "not_clothing", verdicts)

    def to_dict(self) -> dict:
        """Plain values, as they stand in a run's verdict.json."""
        return asdict(self)


UNFITTED = Judge()  # for a run without a verdict.json


def from_dict(values: object) -> Judge:
    """Read what `Judge.to_dict` wrote. Raises ValueError on anything else."""
    try:
        numbers = {
            name: float(values[name])
            for name in ("temperature", "confident_from", "clothing_from", "bias")
        }
        weights = tuple(map(float, values["weights"]))
        names = tuple(values["views"])
        known = set(names) <= set(views.VIEWS) and len(names) == len(set(names)) > 0
        measured = dict(values["measured"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("not the values of a judge") from None
    if not np.isfinite([*numbers.values(), *weights]).all() or numbers["temperature"] <= 0:
        raise ValueError("the values of a judge are finite, and its temperature is above 0")
    if not known:
        raise ValueError(f"the renderings that vote are some of {tuple(views.VIEWS)}")
    if measured and not set(MEASURED) <= set(measured):
        raise ValueError(f"what was measured while fitting is {MEASURED}")
    return Judge(names, **numbers, weights=weights, measured=measured)


def fit(classifier, images: np.ndarray, labels: np.ndarray, seed: int = 0) -> Judge:
    """Fit a judge on images (N, 28, 28) uint8 that the network was not trained on, (N,) labels."""
    from sklearn.linear_model import LogisticRegression  # a training needs it, a page does not
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    images, labels = images[order], labels[order]
    each, features = views.ask(images, classifier)
    single = (each.argmax(axis=2) == labels[:, np.newaxis]).mean(axis=0)  # (V,) accuracy
    known = single >= single[0] - KNOWN
    names = tuple(name for name, knows in zip(views.VIEWS, known, strict=True) if knows)
    said = views.of(each[:, known], features[:, known], names)
    others = views.vote(outliers.make_outliers(OUTLIERS, images, rng), classifier, names)

    temperature = fit_temperature(said.probabilities, labels)
    half = len(labels) // 2
    # people's garments look otherwise than the dataset's, and are garments all the same
    drawn = stylise_images(images[:half], labels[:half], rng)
    rendered = views.vote(drawn, classifier, names).features
    garments = np.concatenate([said.features[:half], rendered])
    features = np.concatenate([garments, others.features[: OUTLIERS // 2]])
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1_000)
    ).fit(features, np.arange(len(features)) < len(garments))
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    judge = Judge(names, temperature, weights=tuple(map(float, weights)), bias=bias)

    # the lines are drawn on the half that the regression has not seen
    looks = judge.clothing(said.features[half:])
    clothing_from = float(np.quantile(looks, MOST_NOT_CLOTHING))
    best = judge.calibrated(said.probabilities[half:]).max(axis=1)
    best[looks < clothing_from] = 0
    confident_from = float(np.quantile(best, MOST_NOT_ANSWERED))
    judge = replace(judge, confident_from=confident_from, clothing_from=clothing_from)

    before, after = said.probabilities, judge.calibrated(said.probabilities)
    unseen = slice(OUTLIERS // 2, None)
    made_up = judge.verdicts(others.probabilities[unseen], others.features[unseen])
    right = after.argmax(axis=1) == labels
    return replace(
        judge,
        measured={
            "n": len(labels),
            "accuracy": float(right.mean()),
            "ece_before": ece(before, labels),
            "ece_after": ece(after, labels),
            "outliers": len(made_up),
            "outliers_not_confident": float((made_up != "confident").mean()),
            "outliers_not_clothing": float((made_up == "not_clothing").mean()),
            "trade_off": trade_off(after.max(axis=1), right),
        },
    )


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least cross-entropy on (N, 10) probabilities and (N,) labels."""

    def loss(log_temperature: float) -> float:
        calibrated = Judge(temperature=float(np.exp(log_temperature))).calibrated(probabilities)
        of_true = calibrated[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(of_true, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
