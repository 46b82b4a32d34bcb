"""`python -m fmnist plan`: the best training for this machine within a time limit."""

import json
from argparse import Namespace
from typing import Any

from fmnist.cli.options import Commands, add_command, add_json, add_list, number_within, one_of
from fmnist.errors import SettingsError
from fmnist.planning.planner import MINUTES, Plan, plan_here
from fmnist.planning.recorded_trainings import FILE, record
from fmnist.runs.progress_text import duration_text
from fmnist.setting_fields import count_text
from fmnist.settings import LIMITS
from fmnist.training.interop.script import format_command
from fmnist.training.recipes import RECIPES

RECORDED: dict[str, list[Any]] = {
    "recipes": list(RECIPES),
    "epochs": [2, 3, 5, 8, 12, 20, 30],
    "seeds": [0, 1],
}


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subcommands."""
    command = add_command(
        commands,
        "plan",
        _plan,
        "find the best training that fits into a time limit",
        "Say which recipe, for how many epochs, reaches the highest accuracy in the given minutes, "
        "and what accuracy to expect. How long a recipe takes is known from the trainings that "
        "have finished on this machine, or else from another machine's; what recipes reach was "
        "recorded with --record.",
    )
    least, most = MINUTES
    words = f"from the start to the result, {least:g} to {most:g}"
    minutes = number_within(float, least, most)
    command.add_argument("--minutes", type=minutes, metavar="N", help=words)
    add_json(command)
    command.add_argument(
        "--record",
        action="store_true",
        help="instead, train the recipes (hours) and add what they reach on the validation images "
        f"to {FILE.name}; what is there already is not done again",
    )
    epochs, seed = (number_within(int, *LIMITS[name]) for name in ("epochs", "seed"))
    for name, item in {"recipes": one_of(RECIPES), "epochs": epochs, "seeds": seed}.items():
        add_list(command, f"--{name}", item, RECORDED[name], f"with --record: {name} to record")
    command.set_defaults(**dict.fromkeys(RECORDED))  # so that one that was given can be told


def _plan(options: Namespace) -> int:
    if options.record:
        if options.json or options.minutes is not None:
            raise SettingsError("--record trains the recipes; leave out --json and --minutes.")
        recipes, epochs, seeds = (vars(options)[name] or RECORDED[name] for name in RECORDED)
        made = record(recipes, epochs, seeds)
        print(f"trainings recorded: {made}, in {FILE.name}.")
        return 0
    if options.minutes is None:
        raise SettingsError("plan needs --minutes N, or --record.")
    for name in RECORDED:
        if vars(options)[name]:
            raise SettingsError(f"--{name} is for --record; a plan looks at all that was recorded.")
    plans, left_out = plan_here(options.minutes)
    if options.json:
        fields = [_fields(plan) for plan in plans]
        print(json.dumps({"minutes": options.minutes, "plans": fields, "left_out": left_out}))
        return 0
    best, *others = plans
    print(f"The best in {options.minutes:g} minutes on this machine: {_line(best)}")
    for plan in others:
        print(f"instead: {_line(plan)}")
    for name, why in left_out.items():
        print(f"left out: {RECIPES[name].title} {why}")
    print(f"{best.basis}\nstart it: {format_command(best.settings)}")
    return 0


def _fields(plan: Plan) -> dict:
    more = {"settings": plan.settings.to_dict(), "command": format_command(plan.settings)}
    fields = {**vars(plan.forecast), **vars(plan), **more}
    del fields["forecast"]  # its fields stand beside the others
    return fields


def _line(plan: Plan) -> str:
    return (
        f"{RECIPES[plan.recipe].title}, {count_text(plan.settings.epochs, 'epoch')} in batches of "
        f"{plan.settings.batch_size}: about {duration_text(plan.forecast.seconds)}, "
        f"{plan.forecast.range} of the validation images (expected {100 * plan.expected:.1f} %; "
        f"trainings recorded: {plan.recorded})"
    )
