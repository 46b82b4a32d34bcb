"""`python -m fmnist rejection`: when a run answers and when it does not, and fitting that again."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

import numpy as np

from fmnist.cli.options import Commands, add_command, add_flag, add_json, add_run, check_own
from fmnist.errors import RunError
from fmnist.inference.rejection import NEVER
from fmnist.processes import quiet
from fmnist.runs.library import find_run

if TYPE_CHECKING:
    from fmnist.inference.rejection import RejectionPolicy
    from fmnist.inference.tta import TTAPrediction

DRAWINGS = 1_000  # of the test images are drawn, too


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    command = add_command(
        commands,
        "rejection",
        _rejection,
        "say how often a run is confident, unsure, or sees no clothing, and how well calibrated",
        "Print what was fitted on the validation images (temperature, thresholds, TTA variants) "
        "and what it does on the 10,000 test images: the share of each verdict, the accuracy of "
        "the confident answers, and the calibration error (ECE) before and after; and the same of "
        f"the first {DRAWINGS:,} as drawings.",
    )
    add_run(command, required=True)
    words = "fit again on the validation images first, and store it in the run"
    add_flag(command, "--fit", words)
    add_json(command)


def _rejection(options: Namespace) -> int:
    from fmnist.augmentation.sketches import draw_sketches
    from fmnist.data import load, load_validation
    from fmnist.inference.classifier import fit_rejection, load_classifier_for_command
    from fmnist.inference.tta import predict_tta
    from fmnist.metrics.calibration import expected_calibration_error

    if options.fit:
        run = find_run(options.run)
        check_own(run)
        if run.active:
            raise RunError(f"The run {run.name!r} is training and will be fitted at its end.")
        validation = load_validation()
        with quiet():  # LiteRT says a word on its first call
            fit_rejection(run, validation.images, validation.labels)
    classifier = load_classifier_for_command(options.run)
    policy, test = classifier.policy, load("test")
    predicted = predict_tta(test.images, classifier, policy.tta_variants)
    calibrated = policy.calibrate(predicted.probabilities)
    result = {
        "run": options.run,
        "fitted": {k: v for k, v in policy.to_dict().items() if not k.endswith("weights")},
        **_verdicts(policy, predicted, test.labels, drawn=False),
        "ece_before": expected_calibration_error(predicted.probabilities, test.labels),
        "ece_after": expected_calibration_error(calibrated, test.labels),
    }
    images, labels = test.images[:DRAWINGS], test.labels[:DRAWINGS]
    drawings = draw_sketches(images, labels, np.random.default_rng(0))
    predicted = predict_tta(drawings, classifier, policy.tta_variants)
    result["drawings"] = _verdicts(policy, predicted, labels, drawn=True)
    print(json.dumps(result) if options.json else _text(result))
    return 0


def _verdicts(
    policy: "RejectionPolicy", predicted: "TTAPrediction", labels: np.ndarray, drawn: bool
) -> dict:
    """How often which verdict is given, and how often it is right."""
    given = policy.decide(predicted.probabilities, predicted.features, drawn)
    right = predicted.probabilities.argmax(axis=1) == labels
    confident = given == "confident"
    return {
        "n": len(right),
        "accuracy": float(right.mean()),
        "verdicts": {
            name: int(np.sum(given == name)) for name in ("confident", "unsure", "not_clothing")
        },
        "confident_accuracy": float(right[confident].mean()) if confident.any() else None,
    }


def _text(result: dict) -> str:
    fitted, n = result["fitted"], result["n"]
    variants = fitted["tta_variants"]
    counts = ", ".join(f"{name} {count / n:.2%}" for name, count in result["verdicts"].items())
    lines = [
        f"{result['run']} on the {n:,} test images",
        f"TTA variants of each ({len(variants)}): {'; '.join(variants)}",
        f"temperature {fitted['temperature']:.3f}, confidence threshold "
        f"{fitted['confidence_threshold']:.3f}, OOD threshold {fitted['ood_threshold']:.3f}",
        f"accuracy with TTA {result['accuracy']:.2%}",
        f"verdicts: {counts}",
        f"ECE {result['ece_before']:.4f} before, {result['ece_after']:.4f} after",
    ]
    if result["confident_accuracy"] is not None:
        lines.insert(5, f"accuracy of the confident answers {result['confident_accuracy']:.2%}")
    if measured := fitted["measured"]:
        lines += [
            f"validation (n = {measured['n']:,}): ECE {measured['ece_before']:.4f} before, "
            f"{measured['ece_after']:.4f} after; of {measured['outliers']:,} made-up outliers "
            f"{measured['outliers_not_confident']:.1%} are not answered with confidence"
        ]
    drawings = result["drawings"]
    counts = ", ".join(
        f"{name} {count / drawings['n']:.1%}" for name, count in drawings["verdicts"].items()
    )
    lines.append(
        f"the first {drawings['n']:,} test images, drawn: accuracy {drawings['accuracy']:.1%}; "
        f"{counts}"
    )
    if fitted["drawn_ood_threshold"] is not None:
        confident = f"confidence threshold {fitted['drawn_confidence_threshold']:.3f}"
        if doubt := fitted["drawn_doubt_threshold"]:
            confident += f", not confident below a garment score of {doubt:.3f}"
        if fitted["drawn_confidence_threshold"] == NEVER:
            confident = "never answered with confidence"
        lines.append(
            f"for drawings: {confident}, OOD threshold {fitted['drawn_ood_threshold']:.3f}"
        )
    if drawings["confident_accuracy"] is not None:
        lines.append(f"accuracy of these confident answers {drawings['confident_accuracy']:.1%}")
    return "\n".join(lines)
