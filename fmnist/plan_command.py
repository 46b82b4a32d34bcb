"""`python -m fmnist plan`: the best that this machine can do in so many minutes."""

import argparse
import json
import os
import sys

from fmnist import machine, pace, pace_job, recorded
from fmnist.budget import MINUTES, Choice, Plan, choose
from fmnist.errors import SettingsError, TrainingBusy
from fmnist.pace import Pace
from fmnist.progress_text import duration_text
from fmnist.recipes import RECIPES
from fmnist.settings import LIMITS, arguments

__all__ = ["add_to"]

GRID = (2, 3, 5, 8, 12, 20, 30)  # epochs that are recorded
SEEDS = (0, 1)


def add_to(commands) -> None:
    """Add the command to argparse's subcommands."""
    command = commands.add_parser(
        "plan",
        help="say what is the best that can be trained in so many minutes",
        description="Measure how fast this machine trains each recipe (half a minute, remembered "
        "for an hour) and say which one, for how many epochs, reaches most in the given minutes, "
        "and how much that is. What recipes reach was recorded with --record.",
    )
    command.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help=f"from the start to the result, {MINUTES[0]:g} to {MINUTES[1]:g}",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument(
        "--record",
        action="store_true",
        help="instead, train the recipes (hours) and add what they reach on the validation images "
        "to fmnist/recorded.json; what is there already is not done again",
    )
    command.add_argument(
        "--recipes",
        type=_names,
        default=list(RECIPES),
        metavar="NAMES",
        help=f"which to record: some of {','.join(RECIPES)}",
    )
    command.add_argument(
        "--epochs",
        type=_counts(*LIMITS["epochs"]),
        default=list(GRID),
        metavar="N,N",
        help=f"numbers of epochs to record (default: {','.join(map(str, GRID))})",
    )
    command.add_argument(
        "--seeds",
        type=_counts(*LIMITS["seed"]),
        default=list(SEEDS),
        metavar="N,N",
        help=f"seeds to record (default: {','.join(map(str, SEEDS))})",
    )
    # what the page starts: stages as JSON lines, and what was measured is remembered
    command.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    command.set_defaults(run_command=_run)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in RECIPES]:
        raise argparse.ArgumentTypeError(
            f"there is no recipe {unknown[0]!r}; choose some of {','.join(RECIPES)}"
        )
    return list(dict.fromkeys(names))


def _counts(least: int, most: int):
    def counts(text: str) -> list[int]:
        try:
            numbers = [int(word) for word in text.split(",")]
        except ValueError:
            numbers = []
        if not numbers or not all(least <= number <= most for number in numbers):
            raise argparse.ArgumentTypeError(
                f"whole numbers from {least} to {most} with commas between, got {text!r}"
            )
        return sorted(set(numbers))

    return counts


def _run(options, parser) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if options.record:
        return _record(options)
    if options.measure:
        machine.step_back()  # as a training that a page starts
        _measure(_say_json)
        return 0
    if options.minutes is None:
        raise SettingsError("plan needs --minutes N, or --record.")
    known = pace.read() or _measure(_say)
    choice = choose(known, recorded.read(), options.minutes)
    if options.json:
        print(json.dumps(_fields(choice, options.minutes)))
    else:
        print(_text(choice, options.minutes))
    return 0


def _measure(say) -> Pace:
    if (busy := pace_job.busy_message()) is not None:
        raise TrainingBusy(busy)
    measured = pace.measure(say)
    if (busy := pace_job.busy_message()) is not None:  # it has begun meanwhile, and disturbed
        raise TrainingBusy(busy)
    pace.write(measured)
    return measured


def _say_json(share: float, words: str) -> None:
    print(json.dumps({"share": round(share, 3), "words": words}), flush=True)


def _say(share: float, words: str) -> None:
    print(f"measuring this machine, {share:.0%}: {words}", file=sys.stderr, flush=True)


def _record(options) -> int:
    from fmnist.rehearsal import record

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    made = record(options.recipes, options.epochs, options.seeds, say)
    print(f"trainings recorded: {made}; {len(recorded.read())} results in {recorded.FILE.name}.")
    return 0


def _fields(choice: Choice, minutes: float) -> dict:
    return {
        "minutes": minutes,
        "plans": [
            {
                "recipe": plan.recipe,
                "settings": plan.settings.to_dict(),
                "seconds": round(plan.seconds, 1),
                "expected": round(plan.expected, 4),
                "low": round(plan.low, 4),
                "high": round(plan.high, 4),
                "recorded": plan.recorded,
                "command": _command(plan),
            }
            for plan in choice.plans
        ],
        "left_out": choice.left_out,
    }


def _text(choice: Choice, minutes: float) -> str:
    best, *others = choice.plans
    lines = [
        f"The best in {minutes:g} minutes on this machine: {_line(best)}",
        *(f"instead: {_line(plan)}" for plan in others),
        *(f"left out: {RECIPES[name].title} {why}" for name, why in choice.left_out.items()),
        f"start it: {_command(best)}",
    ]
    return "\n".join(lines)


def _line(plan: Plan) -> str:
    return (
        f"{RECIPES[plan.recipe].title}, {plan.settings.epochs} epochs in batches of "
        f"{plan.settings.batch_size}: about {duration_text(plan.seconds)}, {100 * plan.low:.1f} to "
        f"{100 * plan.high:.1f} % of the validation images (expected {100 * plan.expected:.1f} %; "
        f"trainings recorded: {plan.recorded})"
    )


def _command(plan: Plan) -> str:
    return " ".join(["python -m fmnist train", *arguments(plan.settings)])
