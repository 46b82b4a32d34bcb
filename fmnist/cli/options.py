"""What commands share: how they and their options are added, and former names for one release."""

import argparse
import contextlib
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fmnist.cli.streams import printable
from fmnist.errors import RunError, SettingsError
from fmnist.files import write_json
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.runs.library import DEFAULT_RUN, runs_directory
from fmnist.runs.run import SHIPPED_DIR, Run

if TYPE_CHECKING:
    from fmnist.inference.classifier import Classifier
    from fmnist.inference.second_networks.networks import SecondNetworks
    from fmnist.inference.teaching import Example

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
# a parser, or a group of its options that exclude each other
Options: TypeAlias = "argparse._ActionsContainer"


def add_command(
    commands: Commands, name: str, work: Callable[[argparse.Namespace], int], words: str, more: str
) -> argparse.ArgumentParser:
    """Add a command that calls `work(options)`; `words` for the list of commands, `more` below."""
    parser = commands.add_parser(name, help=words, description=more)
    parser.set_defaults(run_command=work, parser=parser)
    return parser


def add_run(parser: Options, name: str = "run", *, required: bool = False) -> None:
    """Add the run that a command is about; `name` is "run" (its place says it) or "--run"."""
    how: dict[str, Any] = {} if required else {"default": DEFAULT_RUN}
    if not (required or name.startswith("-")):
        how["nargs"] = "?"
    about = "name of the run" + " (default: %(default)s)" * (not required)
    parser.add_argument(name, metavar="RUN", help=about, **how)


def add_flag(parser: Options, name: str, words: str) -> None:
    """Add an option that is given or not."""
    parser.add_argument(name, action="store_true", help=words)


def add_json(parser: Options, words: str = "print one JSON object") -> None:
    """Add `--json`."""
    add_flag(parser, "--json", words)


def add_second_networks(parser: Options, kinds: Iterable[str] = ("photo", "drawing")) -> None:
    """Add `--photo-network` and `--drawing-network`, or those of some `kinds`."""
    for kind in kinds:
        parser.add_argument(
            f"--{kind}-network",
            choices=("on", "off"),
            default="on",
            help=f"whether {kind}s are shown to a second network as well, which was trained on "
            "such pictures (default: on)",
        )


def second_networks_of(options: argparse.Namespace) -> "SecondNetworks":
    """The second networks, loaded, without one that is switched off."""
    from fmnist.inference.second_networks.networks import load_second_networks_for_command

    given = vars(options)
    photo, drawing = (given.get(f"{kind}_network", "on") == "on" for kind in ("photo", "drawing"))
    return load_second_networks_for_command(photo, drawing)


def add_teach(parser: Options) -> None:
    """Add `--teach`; see `examples_of`."""
    parser.add_argument(
        "--teach",
        metavar="FOLDER",
        type=Path,
        help="labelled pictures, in the layout of `score`, that teach: what looks like one of them "
        "gets a share of its class",
    )


def examples_of(
    options: argparse.Namespace,
    classifier: "Classifier",
    second: "SecondNetworks",
    how: PreprocessingOptions = AUTO,
) -> "list[Example]":
    """What the pictures of `--teach` teach; none without it. Raises LabelsError, see `folders`."""
    if options.teach is None:
        return []
    from fmnist.collections.folders import list_labelled_images
    from fmnist.inference.teaching import make_examples

    pictures = list_labelled_images(options.teach, how, second)
    labelled = [(one, one.label_id) for one in pictures if one.label_id is not None]
    answers = [one.answer(classifier) for one, _ in labelled]
    examples = make_examples(answers, [label_id for _, label_id in labelled])
    if not examples:
        place = printable(str(options.teach))
        print(f"fmnist: no picture in {place} can teach.", file=sys.stderr)
    return examples


def add_number(
    parser: Options, name: str, default: float, words: str, least: float, most: float = math.inf
) -> None:
    """Add a number, whole where its default is, within limits."""
    kind = number_within(type(default), least, most)
    words += " (default: %(default)s)"
    parser.add_argument(name, type=kind, default=default, metavar="N", help=words)


def add_list(
    parser: Options, name: str, item: Callable[[str], Any], default: Iterable, words: str
) -> None:
    """Add a list, with commas or spaces between; what stands twice counts once."""
    default = list(default)
    parser.add_argument(
        name,
        nargs="+",
        type=lambda text: [item(word) for word in text.split(",")],
        action=_ListAction,
        default=default,
        metavar="LIST",
        help=f"{words}, with commas between (default: {','.join(map(str, default))})",
    )


class _ListAction(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None) -> None:  # type: ignore[no-untyped-def]
        setattr(namespace, self.dest, list(dict.fromkeys(itertools.chain(*values))))


def progress_bar(steps: Iterable, unit: str, total: int | None = None) -> Any:
    """The steps, with a bar on a terminal's standard error and nothing elsewhere."""
    from tqdm import tqdm  # which most commands need not

    return tqdm(steps, total=total, unit=unit, disable=None, leave=False)


def check_own(run: Run) -> None:
    """Raise RunError where a run ships with the project: its files belong to each other."""
    if run.shipped and runs_directory().resolve() != SHIPPED_DIR:  # where its makers keep it
        raise RunError(f"The run {run.name!r} ships with the project and stays as it is.")


def number_within(kind: type, least: float, most: float = math.inf) -> Callable[[str], Any]:
    """A function that reads an int or float and refuses those outside, ends included."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            limits = f"at least {least:g}"
            if most != math.inf:
                limits = f"from {least:.15g} to {most:.15g}"
            whole = "whole " * (kind is int)
            raise argparse.ArgumentTypeError(f"{text!r} is not a {whole}number {limits}")
        return value

    return parse


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """A function that gives back one of these names and refuses others."""

    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(names)}")
        return text

    return parse


def warn_renamed(former: str, today: str) -> None:
    """Say on the standard error that a name has changed."""
    print(f"fmnist: {former} is now called {today}; use that, please.", file=sys.stderr)


def former_flag(today: str) -> type[argparse.Action]:
    """The action of a flag that is called `today` now: it warns, and does the same."""

    class FormerFlag(argparse.Action):
        def __init__(self, option_strings: list[str], dest: str, **kwargs: Any):
            kwargs |= {"nargs": 0, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
            super().__init__(option_strings, dest, **kwargs)

        def __call__(self, parser, namespace, values, option_string=None) -> None:  # type: ignore[no-untyped-def]
            warn_renamed(str(option_string), today)
            setattr(namespace, self.dest, True)

    return FormerFlag


def refusing(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What argparse takes for a type: its sentence says what is wrong with a value."""

    def parse(text: str) -> Any:
        try:
            return read(text)
        except SettingsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def check_out(options: argparse.Namespace) -> None:
    """Find out before an hour's work, not after it, whether its result can be written."""
    file = options.out
    if file is None:
        return
    with writing(file):  # which can be refused for its name already
        taken = file.exists() and not file.is_file()
    if taken:  # a device or a pipe would be replaced by a file
        raise RunError(f"{str(file)!r} is no file that can be written; name another one.")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise RunError(f"The file {str(file)!r} cannot be written; {str(folder)!r} is no folder.")
    if not os.access(folder, os.W_OK):
        raise RunError(
            f"The file {str(file)!r} cannot be written; name one in a folder that can be."
        )


@contextlib.contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise RunError, naming the file, where the disk refuses it."""
    try:
        yield
    except OSError as error:
        words = f"The file {str(file)!r} cannot be written ({error.strerror})."
        raise RunError(words) from None


def print_result(options: argparse.Namespace, fields: dict, text: Callable[[dict], str]) -> int:
    """Add the machine to the measurement, write it where asked to, and print it."""
    result = write_result(options, fields)
    print(json.dumps(result) if options.json else text(result))
    return 0


def write_result(options: argparse.Namespace, fields: dict) -> dict:
    """The measurement with the machine and the versions, written to `--out` where that is given.

    Raises RunError where the file cannot be written.
    """
    from fmnist import machine

    result = {**fields, "machine": machine.describe_machine(), "versions": machine.versions()}
    if options.out is not None:
        with writing(options.out):
            write_json(options.out, result)
    return result
