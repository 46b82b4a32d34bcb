"""`python -m fmnist map RUN`: the map of the test set by a run's features."""

from fmnist.cli.options import add_run
from fmnist.errors import RunError
from fmnist.runs.library import find_run

__all__ = ["add_to"]


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    command = commands.add_parser(
        "map",
        help="lay out the test set by a run's features, for the Mistakes page",
        description="Compute the features of the 10,000 test images and lay them out in two "
        "dimensions by t-SNE (about a minute). The result is kept in the folder of own runs.",
    )
    add_run(command, "run")
    command.set_defaults(run_command=_run)


def _run(options, parser) -> int:
    from fmnist.analysis import projection
    from fmnist.data import load
    from fmnist.inference.classifier import load_classifier_for_command

    classifier = load_classifier_for_command(options.run)
    _, features = classifier(load("test").images)
    places = projection.project_tsne(features)
    try:
        projection.write_projection(find_run(options.run), places)
    except OSError as error:
        raise RunError(f"The map cannot be kept ({error.strerror}).") from None
    print(f"{options.run}: {len(places):,} test images laid out.")
    return 0
