"""`python -m fmnist score`: its options, and from a folder to what is printed."""

import json
import sys
from pathlib import Path

from fmnist import runs
from fmnist.choices import AUTO, ROUTES, Choices

__all__ = ["add_to"]


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    score = commands.add_parser(
        "score",
        help="say how right a run is about labelled pictures of your own",
        description="Classify all pictures of a folder and print how many answers are right. The "
        "folder has a labels.csv with the columns path, label_id (0 to 9, or -1 for none of the "
        "classes) and, at will, kind; or else one subfolder per class, named by class id or name, "
        "or 'ood' for none. A picture that cannot be read is listed as refused.",
    )
    score.add_argument("folder", metavar="FOLDER", type=Path, help="where the pictures are")
    score.add_argument("--run", default=runs.DEFAULT_RUN, help="name of the run to answer")
    score.add_argument(
        "--route",
        choices=ROUTES,
        default=AUTO.route,
        help="how pictures become 28x28: auto; zalando: the seven steps of the dataset's makers; "
        "resize: all of the picture squeezed, as most programs do, to compare with (default: auto)",
    )
    score.add_argument("--json", action="store_true", help="print one JSON object")
    score.add_argument(
        "--limit-worst",
        type=int,
        default=10,
        metavar="N",
        help="how many worst cases (default: 10)",
    )
    score.set_defaults(run_command=_run)


def _run(options, parser) -> int:
    # here, because every command builds the parser and most need none of these
    from tqdm import tqdm

    from fmnist.classifier import for_command
    from fmnist.console import score_text
    from fmnist.labelled import read_folder
    from fmnist.scoring import score, summarise

    if options.limit_worst < 0:
        parser.error(f"argument --limit-worst: {options.limit_worst} is below 0")
    pictures = read_folder(options.folder, Choices(route=options.route))
    classifier = for_command(options.run)
    # disable=None: a bar on a terminal and nothing elsewhere
    with tqdm(pictures, unit="picture", file=sys.stderr, disable=None, leave=False) as bar:
        summary = summarise(score(bar, classifier), options.limit_worst)
    if options.json:
        fields = {"folder": str(options.folder), "run": options.run, **summary.to_dict()}
        print(json.dumps(fields), flush=True)
    else:
        print(score_text(f"{options.folder} with {options.run}", summary), flush=True)
    return 0
