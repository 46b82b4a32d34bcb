"""Options that several commands share, and former names that still work for one release."""

import argparse
import sys

from fmnist.runs.library import DEFAULT_RUN

__all__ = ["add_json", "add_run", "former_flag", "warn_renamed"]


def add_run(parser, name: str, *, required: bool = False) -> None:
    """Add the run that a command is about; `name` is "run" (its place says it) or "--run"."""
    how = {} if required else {"default": DEFAULT_RUN}
    if not (required or name.startswith("-")):
        how["nargs"] = "?"
    about = "name of the run" + " (default: %(default)s)" * (not required)
    parser.add_argument(name, metavar="RUN", help=about, **how)


def add_json(parser, help_text: str = "print one JSON object") -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help=help_text)


def warn_renamed(former: str, today: str) -> None:
    """Say on the standard error that a name has changed."""
    print(f"fmnist: {former} is now called {today}; use that, please.", file=sys.stderr)


def former_flag(today: str) -> type[argparse.Action]:
    """The action of a flag that is called `today` now: it warns, and does the same."""

    class FormerFlag(argparse.Action):
        def __init__(self, option_strings, dest, **kwargs):
            kwargs |= {"nargs": 0, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
            super().__init__(option_strings, dest, **kwargs)

        def __call__(self, parser, namespace, values, option_string=None):
            warn_renamed(str(option_string), today)
            setattr(namespace, self.dest, True)

    return FormerFlag
