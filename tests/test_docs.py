"""The README keeps its promises: commands exist, files exist, numbers are those of the run."""

import re

import pytest

from fmnist.cli.main import _parser
from fmnist.metrics.report import wilson_interval
from fmnist.runs.library import find_run
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(heading: str) -> list[str]:
    """The shell blocks under a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.mark.parametrize("heading", ["Open the app", "Run the tests"])
def test_each_of_the_two_commands_is_one_line(heading):
    (command,) = blocks(heading)
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv .venv && .venv/bin/python -m pip install -r ")


def test_ci_runs_the_readmes_own_test_command():
    script = (ROOT / ".ci" / "run").read_text()
    assert '"## Run the tests"' in script
    assert "README.md" in script


def test_every_command_shown_is_accepted():
    lines = [line for block in blocks("The command line") for line in block.splitlines()]
    assert len(lines) == 18
    for line in lines:
        words = line.split("#")[0].split()
        assert words[:3] == [".venv/bin/python", "-m", "fmnist"]
        _parser().parse_args(words[3:])


def test_every_command_is_shown():
    commands = _parser()._subparsers._group_actions[0].choices
    shown = " ".join(blocks("The command line"))
    assert all(f"fmnist {name}" in shown for name in commands)


def test_every_file_named_exists():
    for name in re.findall(r"\]\((docs/[^)]+)\)|src=\"(docs/[^\"]+)\"", README):
        assert (ROOT / "".join(name)).is_file(), name
    layout = README.split("How the code is laid out\n")[1].split("\n\nA trained")[0]
    modules = {path.name for path in (ROOT / "fmnist").glob("*.py")}
    named = set(re.findall(r"\b(\w+\.py)\b", layout)) - {"app.py"}
    assert named <= modules


@pytest.mark.parametrize("name", ["seed-cnn", "robust", "accurate"])
def test_numbers_are_those_of_the_shipped_runs(name):
    run = find_run(name)
    accuracy = run.scores["test_accuracy"]
    low, high = wilson_interval(round(accuracy * 10_000), 10_000)
    assert f"{100 * accuracy:.2f} % of n = 10,000 test images" in README
    assert f"(95 % interval {100 * low:.2f} to {100 * high:.2f} %)" in README
    assert f"{100 * run.scores['validation_accuracy']:.2f} % of n = 5,000" in README
    assert f"{run.info['parameters']:,}" in README


def test_loss_and_training_times_are_those_of_the_shipped_runs():
    seed, robust, accurate = map(find_run, ("seed-cnn", "robust", "accurate"))
    assert f"{seed.scores['test_loss']:.4f}" in README
    assert f"{seed.info['train_seconds']:.0f} s for ten epochs" in README
    for run in (robust, accurate):
        assert f"{run.info['train_seconds']:,.0f} s for {run.settings.epochs} epochs" in README
