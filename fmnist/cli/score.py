"""`python -m fmnist score`: its options, and from a folder to what is printed."""

import argparse
import json
import sys
from pathlib import Path

from fmnist.cli.options import (
    Commands,
    add_command,
    add_json,
    add_number,
    add_run,
    add_second_networks,
    add_teach,
    examples_of,
    progress_bar,
    second_networks_of,
    warn_renamed,
)
from fmnist.images.options import AUTO, METHODS, PreprocessingOptions
from fmnist.setting_fields import count_text

FORMER_METHODS = {"auto": "automatic", "zalando": "published", "resize": "resize"}  # of --route


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    command = add_command(
        commands,
        "score",
        _score,
        "measure a run's accuracy on labelled pictures of your own",
        "Classify all pictures of a folder and print the accuracy. The folder has a labels.csv "
        "with the columns path, label_id (0 to 9, or -1 for none of the classes) and optionally "
        "kind; or else one subfolder per class, named by class id or name, or 'ood' for none. A "
        "picture that cannot be read is listed as refused.",
    )
    command.add_argument("folder", metavar="FOLDER", type=Path, help="where the pictures are")
    add_run(command, "--run")
    command.add_argument(
        "--method",
        choices=METHODS,
        default=AUTO.method,
        help="how pictures become 28x28: automatic; published: the seven steps of the dataset's "
        "makers; resize: the whole picture squeezed, as most programs do, to compare with "
        "(default: automatic)",
    )
    command.add_argument("--route", choices=FORMER_METHODS, help=argparse.SUPPRESS)
    add_second_networks(command)
    add_teach(command)
    add_json(command)
    add_number(command, "--limit-worst", 10, "how many worst cases", 0)


def _score(options: argparse.Namespace) -> int:
    # here, because every command builds the parser and most need none of these
    from fmnist.cli.text import score_text
    from fmnist.collections.folders import list_labelled_images
    from fmnist.collections.labels import unknown_subfolders
    from fmnist.collections.scoring import score_images, summarise_scores
    from fmnist.inference.classifier import load_classifier_for_command

    method = options.method
    if options.route:
        method = FORMER_METHODS[options.route]
        warn_renamed("--route", f"--method {method}")
    how = PreprocessingOptions(method=method)
    second = second_networks_of(options)
    pictures = list_labelled_images(options.folder, how, second)
    places = [one.name.rpartition("/")[0] for one in pictures if one.label_id is None]
    if unknown := {place.split("/")[0] for place in places if place}:
        print(f"fmnist: {unknown_subfolders(unknown)}", file=sys.stderr)
    if beside := places.count(""):
        words = f"{count_text(beside, 'picture')} beside the subfolders"
        print(f"fmnist: {words}: answered and not scored.", file=sys.stderr)
    classifier = load_classifier_for_command(options.run)
    examples = examples_of(options, classifier, second, how)
    with progress_bar(pictures, "picture") as bar:
        summary = summarise_scores(score_images(bar, classifier, examples), options.limit_worst)
    if options.json:
        fields = {"folder": str(options.folder), "run": options.run, **summary.to_dict()}
        print(json.dumps(fields), flush=True)
    else:
        print(score_text(f"{options.folder} with {options.run}", summary), flush=True)
    return 0
