"""`python -m fmnist faithfulness`: its options, and from a run to what is printed."""

import json
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from fmnist.cli.options import Commands, add_command, add_json, add_number, add_run

if TYPE_CHECKING:
    from fmnist.analysis.faithfulness import Faithfulness

TEST_IMAGES = 10_000
IMAGES = 2_000  # about a minute on two cores; all of them take six


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    command = add_command(
        commands,
        "faithfulness",
        _faithfulness,
        "check that the parts marked under 'Why this answer' are those that count",
        "Blank the marked pixels of test images first, then random pixels of the garment, and "
        "compare how soon the answer's probability falls (the area under the deletion curve: "
        "smaller is better).",
    )
    add_run(command)
    words = f"how many test images, drawn by chance; {TEST_IMAGES} for all"
    add_number(command, "--images", IMAGES, words, 1, TEST_IMAGES)
    add_number(command, "--seed", 0, "of the images, the random orders and the interval", 0)
    add_json(command)


def _faithfulness(options: Namespace) -> int:
    # here, because every command builds the parser and most need none of these
    import numpy as np

    from fmnist.analysis.faithfulness import measure_deletion, summarise_deletion
    from fmnist.cli.text import progress_bar
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    classifier = load_classifier_for_command(options.run)
    images = load("test").images
    chosen = np.random.default_rng(options.seed).choice(len(images), options.images, replace=False)
    with progress_bar(images[chosen], "image") as bar:
        areas = np.array(list(measure_deletion(bar, classifier, options.seed)))
    result = summarise_deletion(areas, options.seed)
    if options.json:
        fields = {"run": options.run, "seed": options.seed, **asdict(result)}
        print(json.dumps(fields), flush=True)
    else:
        print(_text(options.run, result), flush=True)
    return 0


def _text(name: str, result: "Faithfulness") -> str:
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
