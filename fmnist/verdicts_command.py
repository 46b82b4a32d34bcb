"""`python -m fmnist verdicts`: when a run answers and when it does not, and fitting that anew."""

import json

import numpy as np

from fmnist import runs
from fmnist.errors import RunError

__all__ = ["add_to"]


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    verdicts = commands.add_parser(
        "verdicts",
        help="say how often a run is confident, unsure, or sees no clothing, and how calibrated",
        description="Print what was fitted on the validation images (temperature, lines, "
        "renderings that vote) and what comes of it on the 10,000 test images: the share of each "
        "verdict, the accuracy of the confident answers, and the calibration error (ECE) before "
        "and after.",
    )
    verdicts.add_argument("run", metavar="RUN", help="name of the run")
    verdicts.add_argument(
        "--fit", action="store_true", help="fit anew on the validation images first, and keep it"
    )
    verdicts.add_argument("--json", action="store_true", help="print one JSON object")
    verdicts.set_defaults(run_command=_run)


def _run(options, parser) -> int:
    from fmnist import views
    from fmnist.calibration import ece
    from fmnist.classifier import for_command, refit
    from fmnist.data import load, split

    if options.fit:
        run = runs.find(options.run)
        if run.active:
            raise RunError(f"The run {run.name!r} is training and will be fitted at its end.")
        train = load("train")
        held_out = split(train.labels)[1]
        refit(run, train.images[held_out], train.labels[held_out])
    classifier = for_command(options.run)
    judge, test = classifier.judge, load("test")
    vote = views.vote(test.images, classifier, judge.views)
    given = judge.verdicts(vote.probabilities, vote.features)
    calibrated = judge.calibrated(vote.probabilities)
    right = calibrated.argmax(axis=1) == test.labels
    confident = given == "confident"
    result = {
        "run": options.run,
        "fitted": {name: value for name, value in judge.to_dict().items() if name != "weights"},
        "n": len(right),
        "accuracy": float(right.mean()),
        "verdicts": {
            name: int(np.sum(given == name)) for name in ("confident", "unsure", "not_clothing")
        },
        "confident_accuracy": float(right[confident].mean()) if confident.any() else None,
        "ece_before": ece(vote.probabilities, test.labels),
        "ece_after": ece(calibrated, test.labels),
    }
    print(json.dumps(result) if options.json else _text(result))
    return 0


def _text(result: dict) -> str:
    fitted, n = result["fitted"], result["n"]
    counts = ", ".join(f"{name} {count / n:.2%}" for name, count in result["verdicts"].items())
    lines = [
        f"{result['run']} on the {n:,} test images, {len(fitted['views'])} renderings of each",
        f"renderings: {', '.join(fitted['views'])}",
        f"temperature {fitted['temperature']:.3f}, confident from {fitted['confident_from']:.3f}, "
        f"clothing from {fitted['clothing_from']:.3f}",
        f"accuracy of the vote {result['accuracy']:.2%}",
        f"verdicts: {counts}",
        f"ECE {result['ece_before']:.4f} before, {result['ece_after']:.4f} after",
    ]
    if result["confident_accuracy"] is not None:
        lines.insert(5, f"accuracy of the confident answers {result['confident_accuracy']:.2%}")
    if measured := fitted["measured"]:
        lines += [
            f"validation (n = {measured['n']:,}): ECE {measured['ece_before']:.4f} before, "
            f"{measured['ece_after']:.4f} after; of {measured['outliers']:,} made-up outliers "
            f"{measured['outliers_not_confident']:.1%} are not answered with confidence",
        ]
    return "\n".join(lines)
