"""`python -m fmnist faithfulness`: its options, and from a run to what is printed."""

import argparse
import json
import sys

from fmnist.cli.options import add_json, add_run

__all__ = ["add_to"]

TEST_IMAGES = 10_000
IMAGES = 2_000  # about a minute on two cores; all of them take six
SEED = 0


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    faithfulness = commands.add_parser(
        "faithfulness",
        help="check that the parts marked under 'Why this answer' are those that count",
        description="Blank the marked pixels of test images first, then random pixels of the "
        "garment, and compare how soon the answer's probability falls (the area under the deletion "
        "curve: smaller is better).",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_run(faithfulness, "run")
    faithfulness.add_argument(
        "--images",
        type=int,
        default=IMAGES,
        metavar="N",
        help=f"how many test images, drawn by chance; {TEST_IMAGES} for all",
    )
    faithfulness.add_argument(
        "--seed", type=int, default=SEED, help="of the images, the random orders and the interval"
    )
    add_json(faithfulness)
    faithfulness.set_defaults(run_command=_run)


def _run(options, parser) -> int:
    # here, because every command builds the parser and most need none of these
    import numpy as np
    from tqdm import tqdm

    from fmnist.analysis.faithfulness import measure_deletion, summarise_deletion
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    if not 1 <= options.images <= TEST_IMAGES:
        parser.error(f"argument --images: {options.images} is not from 1 to {TEST_IMAGES}")
    if options.seed < 0:
        parser.error(f"argument --seed: {options.seed} is below 0")
    classifier = load_classifier_for_command(options.run)
    images = load("test").images
    chosen = np.random.default_rng(options.seed).choice(len(images), options.images, replace=False)
    # disable=None: a bar on a terminal and nothing elsewhere
    with tqdm(images[chosen], unit="image", file=sys.stderr, disable=None, leave=False) as bar:
        areas = np.array(list(measure_deletion(bar, classifier, options.seed)))
    result = summarise_deletion(areas, options.seed)
    if options.json:
        fields = {"run": options.run, "seed": options.seed, **result.to_dict()}
        print(json.dumps(fields), flush=True)
    else:
        print(_text(options.run, result), flush=True)
    return 0


def _text(name: str, result) -> str:
    low, high = result.difference_interval
    least, most = result.interval
    return "\n".join(
        [
            f"{name}: area under the deletion curve, n = {result.n:,} test images",
            f"marked pixels first   {result.marked_area:.4f}",
            f"random pixels first   {result.random_area:.4f}",
            f"difference            {result.difference:.4f} "
            f"(95 % interval {low:.4f} to {high:.4f})",
            f"marked beats random   {result.share:.1%} of the images "
            f"(95 % interval {least:.1%} to {most:.1%})",
        ]
    )
