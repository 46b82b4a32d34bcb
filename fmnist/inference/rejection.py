"""When not to answer: calibrated probabilities, and out-of-distribution (OOD) inputs.

Fitted once per run, on the validation images and on made-up outliers, never on the test set:

- a temperature, by which the logarithm of the averaged probabilities is divided, as the logits are
  by Guo et al. (On Calibration of Modern Neural Networks, arXiv 1706.04599, section 4.2);
- a logistic regression on the penultimate features that tells garments, the dataset's and other
  styles of them, from outliers;
- the TTA variants of an input that the network knows;
- two thresholds, so that a stated share of the validation images is not answered; they are set on
  the half of them that the regression has not seen;
- for drawings, which are further from the dataset than its own images are, thresholds that are set
  on that half as they look drawn; and where the network knows drawings, a regression of their own.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from fmnist.inference.tta import (
    TTA_VARIANTS,
    Predict,
    TTAPrediction,
    average_tta,
    predict_tta,
    predict_tta_variants,
)
from fmnist.metrics.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    risk_coverage,
)

# Of the validation images, so many at most are called no garment, and so many not answered in all.
MOST_NOT_CLOTHING = 0.01
MOST_NOT_ANSWERED = 0.085
# So many of the same images are drawn, of which no larger share is called no garment.
DRAWINGS = 1_000
MOST_DOUBTED = 0.05  # of the drawings: those that look least like garments are never confident
LEAST_DRAWN_RIGHT = 0.985  # of the confident answers to drawings, so many are expected to be right
OUTLIERS, LEAST_OUTLIERS = 0.4, 400  # made up for each validation image, and so many at least
STYLISED = 1_000  # of the validation images are shown in other styles, too
NEVER = 2.0  # a confidence threshold that no probability reaches
KNOWN = 0.03  # a TTA variant counts where it costs the network less accuracy than this
PLAIN = "as prepared"
MEASURED = ("n", "ece_before", "ece_after", "outliers", "outliers_not_confident", "risk_coverage")
# What a verdict.json that was written earlier calls them.
FORMER_NAMES = {
    "views": "tta_variants",
    "confident_from": "confidence_threshold",
    "clothing_from": "ood_threshold",
    "trade_off": "risk_coverage",
}


@dataclass(frozen=True)
class RejectionPolicy:
    """How one run's answers are turned into verdicts.

    tta_variants: names of the variants that are averaged, see `tta.TTA_VARIANTS`
    temperature: > 0; above 1 where the network is too sure of itself
    confidence_threshold: calibrated probability, 0..1, from which an answer is confident
    ood_threshold: garment score, 0..1, below which a picture is called no clothing
    weights, bias: of the garment score: sigmoid(features @ weights + bias); empty without one
    measured: what was measured while fitting, for people: n, ece_before, ece_after ...
    drawn_confidence_threshold, drawn_ood_threshold: the thresholds for drawings; None where none
        were fitted and the others serve
    drawn_doubt_threshold: garment score below which no answer to a drawing is confident
    drawn_weights, drawn_bias: of the garment score of drawings; empty where the others serve
    """

    tta_variants: tuple[str, ...] = (PLAIN,)
    temperature: float = 1.0
    confidence_threshold: float = 0.8
    ood_threshold: float = 0.0
    weights: tuple[float, ...] = ()
    bias: float = 0.0
    measured: dict = field(default_factory=dict)
    drawn_confidence_threshold: float | None = None
    drawn_ood_threshold: float | None = None
    drawn_doubt_threshold: float = 0.0
    drawn_weights: tuple[float, ...] = ()
    drawn_bias: float = 0.0

    def calibrate(self, probabilities: np.ndarray) -> np.ndarray:
        """See `apply_temperature`."""
        return apply_temperature(probabilities, self.temperature)

    def garment_score(self, features: np.ndarray, drawn: bool = False) -> np.ndarray:
        """How much the features (..., F) look like a garment's: (...,) float32, 0..1.

        drawn: whether they are a drawing's
        """
        weights, bias = self.weights, self.bias
        if drawn and self.drawn_weights:
            weights, bias = self.drawn_weights, self.drawn_bias
        if not weights:
            return np.ones(features.shape[:-1], np.float32)
        score = features @ np.asarray(weights, np.float32) + np.float32(bias)
        # the logistic function; SciPy's would take the first answer 0.15 s and 20 MiB to import
        return (1 + np.tanh(score / 2)) / 2

    def decide(
        self, probabilities: np.ndarray, features: np.ndarray, drawn: bool = False
    ) -> np.ndarray:
        """(N, 10) not calibrated, (N, F) -> (N,) "confident", "unsure" or "not_clothing".

        drawn: whether they are drawings
        """
        confident, clothing = self.confidence_threshold, self.ood_threshold
        if drawn and self.drawn_confidence_threshold is not None:
            confident = self.drawn_confidence_threshold
        if drawn and self.drawn_ood_threshold is not None:
            clothing = self.drawn_ood_threshold
        score = self.garment_score(features, drawn)
        sure = self.calibrate(probabilities).max(axis=1) >= confident
        if drawn:
            sure &= score >= self.drawn_doubt_threshold
        verdicts = np.where(sure, "confident", "unsure")
        return np.where(score < clothing, "not_clothing", verdicts)

    def to_dict(self) -> dict:
        """Plain values, as they stand in a run's verdict.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "RejectionPolicy":
        """Read what `to_dict` wrote, now or earlier. Raises ValueError on anything else."""
        try:
            values = _with_new_names(values)
            numbers = {
                name: float(values[name])
                for name in ("temperature", "confidence_threshold", "ood_threshold", "bias")
            }
            for name in ("drawn_confidence_threshold", "drawn_ood_threshold"):
                if values.get(name) is not None:  # older files have none
                    numbers[name] = float(values[name])
            for name in ("drawn_doubt_threshold", "drawn_bias"):
                numbers[name] = float(values.get(name, 0.0))
            weights = tuple(map(float, values["weights"]))
            drawn_weights = tuple(map(float, values.get("drawn_weights", ())))
            names = tuple(values["tta_variants"])
            known = set(names) <= set(TTA_VARIANTS) and len(names) == len(set(names)) > 0
            measured = _with_new_names(values["measured"])
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("not the values of a rejection policy") from None
        finite = np.isfinite([*numbers.values(), *weights, *drawn_weights]).all()
        if not finite or numbers["temperature"] <= 0:
            raise ValueError("the values of a policy are finite, and its temperature is above 0")
        if not known:
            raise ValueError(f"the TTA variants are some of {tuple(TTA_VARIANTS)}")
        if measured and not set(MEASURED) <= set(measured):
            raise ValueError(f"what was measured while fitting is {MEASURED}")
        return cls(
            names, weights=weights, measured=measured, drawn_weights=drawn_weights, **numbers
        )


def _with_new_names(values: dict) -> dict:
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


UNFITTED = RejectionPolicy()  # for a run without a verdict.json


def fit_rejection_policy(
    classifier: Predict, images: np.ndarray, labels: np.ndarray, seed: int = 0
) -> RejectionPolicy:
    """Fit on images (N, 28, 28) uint8 that the network was not trained on, and (N,) labels."""
    # a training needs them, a page does not
    from fmnist.augmentation import outliers
    from fmnist.augmentation.stylised import stylise_images

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    images, labels = images[order], labels[order]
    by_variant, features = predict_tta_variants(images, classifier)
    single = (by_variant.argmax(axis=2) == labels[:, np.newaxis]).mean(axis=0)  # (V,) accuracy
    known = single >= single[0] - KNOWN
    names = tuple(name for name, knows in zip(TTA_VARIANTS, known, strict=True) if knows)
    predicted = average_tta(by_variant[:, known], features[:, known], names)
    number = max(LEAST_OUTLIERS, round(OUTLIERS * len(labels)))
    made_up = outliers.make_outliers(number, images, rng)
    others = predict_tta(made_up, classifier, names)

    temperature = fit_temperature(predicted.probabilities, labels)
    half = len(labels) // 2
    # people's garments look otherwise than the dataset's, and are garments all the same
    drawn = stylise_images(images[:half][:STYLISED], labels[:half][:STYLISED], rng)
    rendered = predict_tta(drawn, classifier, names).features
    garments = np.concatenate([predicted.features[:half], rendered])
    unseen = len(made_up) // 2  # the others are fitted on
    weights, bias = _fit_garment_score(garments, others.features[:unseen], 0.01)
    policy = RejectionPolicy(names, temperature, weights=weights, bias=bias)

    # the thresholds are set on the half that the regression has not seen
    score = policy.garment_score(predicted.features[half:])
    ood_threshold = float(np.quantile(score, MOST_NOT_CLOTHING))
    best = policy.calibrate(predicted.probabilities[half:]).max(axis=1)
    best[score < ood_threshold] = 0
    confidence_threshold = float(np.quantile(best, MOST_NOT_ANSWERED))
    policy = replace(policy, confidence_threshold=confidence_threshold, ood_threshold=ood_threshold)
    seen, left = (
        (images[part][:DRAWINGS], labels[part][:DRAWINGS])
        for part in (slice(None, half), slice(half, None))
    )
    policy = _fit_to_drawings(policy, classifier, seen, left, rng)

    before, after = predicted.probabilities, policy.calibrate(predicted.probabilities)
    rejected = policy.decide(others.probabilities[unseen:], others.features[unseen:])
    right = after.argmax(axis=1) == labels
    return replace(
        policy,
        measured={
            "n": len(labels),
            "accuracy": float(right.mean()),
            "ece_before": expected_calibration_error(before, labels),
            "ece_after": expected_calibration_error(after, labels),
            "outliers": len(rejected),
            "outliers_not_confident": float((rejected != "confident").mean()),
            "outliers_not_clothing": float((rejected == "not_clothing").mean()),
            "risk_coverage": risk_coverage(after.max(axis=1), right),
        },
    )


def _fit_garment_score(
    garments: np.ndarray, others: np.ndarray, strength: float
) -> tuple[tuple[float, ...], float]:
    """Weights (F,) and bias that tell features (N, F) of garments from (M, F) of others.

    strength: the inverse of the regularisation's, scikit-learn's C
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.concatenate([garments, others])
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000)
    ).fit(features, np.arange(len(features)) < len(garments))
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return tuple(map(float, weights)), bias


def _fit_to_drawings(
    policy: RejectionPolicy,
    classifier: Predict,
    seen: tuple[np.ndarray, np.ndarray],
    left: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> RejectionPolicy:
    """The policy with what it has for drawings.

    seen, left: images and labels; a regression is fitted on the first, thresholds on the others
    """
    from fmnist.augmentation.outliers import make_drawn_outliers  # as above
    from fmnist.augmentation.sketches import draw_sketches

    predicted = predict_tta(draw_sketches(*left, rng), classifier, policy.tta_variants)
    policy = _with_drawn_thresholds(policy, predicted, left[1])
    if policy.drawn_confidence_threshold == NEVER:  # it does not know drawings
        return policy
    garments = predict_tta(draw_sketches(*seen, rng), classifier, policy.tta_variants).features
    made_up = make_drawn_outliers(2 * len(garments), rng)
    others = predict_tta(made_up, classifier, policy.tta_variants).features
    weights, bias = _fit_garment_score(garments, others, 0.1)
    policy = replace(policy, drawn_weights=weights, drawn_bias=bias)
    return _with_drawn_thresholds(policy, predicted, left[1])


def _with_drawn_thresholds(
    policy: RejectionPolicy, predicted: TTAPrediction, labels: np.ndarray
) -> RejectionPolicy:
    """The policy with thresholds by its answers to drawings of known classes."""
    score = policy.garment_score(predicted.features, drawn=True)
    clothing, doubt = map(float, np.quantile(score, (MOST_NOT_CLOTHING, MOST_DOUBTED)))
    probabilities, labels = predicted.probabilities[score >= doubt], labels[score >= doubt]
    confidence = policy.calibrate(probabilities).max(axis=1)
    # expected by a calibration of their own: counting the wrong ones, which are few, the threshold
    # would move with each new set of drawings
    right = apply_temperature(probabilities, fit_temperature(probabilities, labels)).max(axis=1)
    order = np.argsort(-confidence)
    share = np.cumsum(right[order]) / np.arange(1, len(right) + 1)  # of the surest, right
    enough = np.flatnonzero(share >= LEAST_DRAWN_RIGHT)
    # as many as may be answered; a network that knows no drawings is confident of none
    confident = float(confidence[order[enough[-1]]]) if len(enough) else NEVER
    return replace(
        policy,
        drawn_confidence_threshold=confident,
        drawn_ood_threshold=clothing,
        drawn_doubt_threshold=doubt,
    )
