"""What the recipes reach and how long they take, from trainings that were recorded.

They are in `recorded_trainings.json`, written by `python -m fmnist plan --record`; the 10,000 test
images have no part in it. The durations that ship were measured on two cores of an AMD EPYC, alone:

- seconds of an epoch: of `quick` and of `accurate` in bfloat16 the means of three seeds in a race
  against plain Keras (39.7 s and 183.3 s for nine epochs); of `specification`, and of `accurate` in
  float32, five times the median epoch of a fifth of the images (3.6 s and 6.0 s)
- overhead: 8.8 s, the quickest recorded training of `accurate` with two epochs (49.5 s) less its
  epochs. The others start and end in the same way.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fmnist import machine
from fmnist.errors import SettingsError, TrainingFailed
from fmnist.files import write_json
from fmnist.runs.forecast import total_seconds
from fmnist.runs.history import read_events
from fmnist.runs.run import Run, read_run
from fmnist.settings import TrainSettings, arguments
from fmnist.training.recipes import RECIPES

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
    """Seconds of each epoch, and of everything before the first and after the last one.

    epochs: of the training that they were taken from, 0 where it is not a single one
    """

    epoch: float
    overhead: float
    epochs: int = 0

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
    for name, seed, count in itertools.product(names, seeds, epochs):
        settings = dataclasses.replace(local_settings(name), epochs=count, seed=seed)
        old = load_records(file).get(name)
        known = old.results if old and old.is_of(settings) else []
        if (count, seed) not in [(one.epochs, one.seed) for one in known]:
            with tempfile.TemporaryDirectory() as place:
                _add(name, settings, _train(settings, Path(place)), file)
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


def _add(name: str, settings: TrainSettings, run: Run, file: Path) -> None:
    """Add a training to its recipe's record, in place of one of other settings."""
    parameters, here = run.info["parameters"], run.info["machine"]
    results = [Result(settings.epochs, settings.seed, run.scores["validation_accuracy"])]
    durations = {}
    ends = [event["time"] for event in read_events(run) if event["event"] == "epoch"]
    if len(ends) > 1:
        epoch = statistics.median(after - before for before, after in itertools.pairwise(ends))
        overhead = max(0.0, (total_seconds(run) or 0) - len(ends) * epoch)
        measured = Duration(round(epoch, 2), round(overhead, 2), len(ends))
        durations[settings.precision] = measured
    records = load_records(file)
    old = records.get(name)
    if old and old.is_of(settings) and old.parameters == parameters:
        results = sorted([*old.results, *results], key=lambda one: (one.epochs, one.seed))
        if old.machine == here or not durations:
            here, known = old.machine, [*old.durations.items(), *durations.items()]
            # of each precision the longest training, the newest of those
            durations = dict(sorted(known, key=lambda one: one[1].epochs))
    records[name] = Record(settings, parameters, here, durations, results)
    recipes = {name: _plain(record) for name, record in records.items()}
    write_json(file, {"format": FORMAT, "recipes": recipes})


def _plain(record: Record) -> dict:
    default, values = TrainSettings().to_dict(), record.settings.to_dict()
    return {
        **dataclasses.asdict(record),
        "settings": {k: v for k, v in values.items() if v != default[k] and k not in APART},
        "results": [dataclasses.astuple(one) for one in record.results],
    }
