"""What the recipes reach and how long they take, from trainings that were recorded.

`recorded_trainings.json` beside this file, written by `python -m fmnist plan --record`: for each
recipe the settings that it was trained with, its results, and the seconds that it took. The 10,000
test images have no part in it.
"""

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from fmnist import machine
from fmnist.errors import SettingsError, TrainingFailed
from fmnist.files import write_json
from fmnist.runs.forecast import total_seconds
from fmnist.runs.history import read_events
from fmnist.runs.run import Run, read_run
from fmnist.settings import TrainSettings, arguments
from fmnist.training.recipes import RECIPES

__all__ = ["FILE", "Duration", "Record", "Result", "load_records", "local_settings", "record"]

FILE = Path(__file__).with_suffix(".json")
FORMAT = 2
# what changes from training to training, or changes its digits but not how well it learns
APART = ("epochs", "seed", "source", "precision", "deterministic")


@dataclass(frozen=True)
class Result:
    """accuracy: share of the 5,000 validation images that one training got right, 0..1."""

    epochs: int
    seed: int
    accuracy: float


@dataclass(frozen=True)
class Duration:
    """Seconds of each epoch, and of everything before the first and after the last one."""

    epoch: float
    overhead: float

    def total(self, epochs: int) -> float:
        """Seconds of a whole training."""
        return self.overhead + epochs * self.epoch


@dataclass(frozen=True)
class Record:
    """All that was recorded of one recipe; durations: by precision, on `machine`."""

    settings: TrainSettings
    parameters: int
    machine: dict
    durations: dict[str, Duration]
    results: list[Result]

    def is_of(self, settings: TrainSettings) -> bool:
        """True where a training with `settings` learns as the recorded ones did."""
        same = {name: getattr(settings, name) for name in APART}
        return dataclasses.replace(self.settings, **same) == settings


def local_settings(name: str) -> TrainSettings:
    """A recipe's settings for this machine: without bfloat16 where it has none."""
    settings = RECIPES[name].settings
    if settings.precision == "bfloat16" and not machine.multiplies_bfloat16():
        settings = dataclasses.replace(settings, precision="float32")
    return settings


def load_records(file: Path = FILE) -> dict[str, Record]:
    """Recipe -> its record; those that are missing or damaged are left out."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    found = {}
    for name in RECIPES:
        with contextlib.suppress(KeyError, TypeError, AttributeError, SettingsError):
            values = dict(kept["recipes"][name])
            values["settings"] = TrainSettings.from_dict(values["settings"])
            values["results"] = [Result(*one) for one in values["results"]]
            values["durations"] = {k: Duration(**v) for k, v in values["durations"].items()}
            found[name] = Record(**values)
    return found


def record(
    names: Iterable[str], epochs: Iterable[int], seeds: Iterable[int], file: Path = FILE
) -> int:
    """Train recipes for each number of epochs and seed, and add what they reach to the file.

    What is there already is not done again. Returns how many trainings were made. Raises
    TrainingFailed, and SettingsError for numbers that cannot be trained with.
    """
    made = 0
    for name in names:
        for change in ({"epochs": count, "seed": seed} for seed in seeds for count in epochs):
            settings = dataclasses.replace(local_settings(name), **change)
            old = load_records(file).get(name)
            known = old.results if old and old.is_of(settings) else []
            if change not in ({"epochs": one.epochs, "seed": one.seed} for one in known):
                with tempfile.TemporaryDirectory() as place:
                    _add(name, _train(settings, Path(place)), file)
                made += 1
    return made


def _train(settings: TrainSettings, place: Path) -> Run:
    subprocess.run(
        [sys.executable, "-m", "fmnist", "train", "--name", "recorded", *arguments(settings)],
        env={**os.environ, "FMNIST_RUNS": str(place)},
        stdout=subprocess.DEVNULL,  # the accuracy on the test images
        check=False,  # it has said why
    )
    run = read_run(place / "recorded")
    if run.state != "finished":
        raise TrainingFailed("The training did not finish, so it was not recorded.")
    return run


def _add(name: str, run: Run, file: Path) -> None:
    """Add a training to its recipe's record, in place of one of other settings."""
    settings, about = run.settings, {key: run.info[key] for key in ("parameters", "machine")}
    ends = [event["time"] for event in read_events(run) if event["event"] == "epoch"]
    durations, results = (
        {},
        [Result(settings.epochs, settings.seed, run.scores["validation_accuracy"])],
    )
    if len(ends) > 1:
        epoch = statistics.median(after - before for before, after in pairwise(ends))
        overhead = max(0.0, total_seconds(run) - len(ends) * epoch)
        durations[settings.precision] = Duration(round(epoch, 2), round(overhead, 2))
    records = load_records(file)
    old = records.get(name)
    if old and old.is_of(settings) and old.parameters == about["parameters"]:
        results = sorted([*old.results, *results], key=lambda one: (one.epochs, one.seed))
        if old.machine == about["machine"] or not durations:
            about["machine"], durations = old.machine, {**old.durations, **durations}
    records[name] = Record(settings, durations=durations, results=results, **about)
    recipes = {name: _plain(record) for name, record in records.items()}
    write_json(file, {"format": FORMAT, "recipes": recipes})


def _plain(record: Record) -> dict:
    default = TrainSettings().to_dict()
    changed = {k: v for k, v in record.settings.to_dict().items() if v != default[k]}
    return {
        **dataclasses.asdict(record),
        "settings": {k: v for k, v in changed.items() if k not in APART},
        "results": [dataclasses.astuple(one) for one in record.results],
    }
