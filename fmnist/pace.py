"""How fast this machine trains each recipe: measured for some seconds, remembered for an hour.

Measured as a training does it, in a process of its own, for it imports Keras: from the process's
start to the first step, a step, what an epoch takes beside its steps, and what comes after the last
one. Only the fitting of the verdicts is not measured but taken from JUDGING.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from fmnist import checkpoints, machine, runs, storage
from fmnist.classifier import Classifier
from fmnist.data import PART_SIZES, VALIDATION_SIZE, Part, load, load_train_validation
from fmnist.export import export_litert
from fmnist.quiet import quiet
from fmnist.recipes import RECIPES
from fmnist.rehearsal import begin_anew
from fmnist.settings import TrainSettings
from fmnist.steps import (
    PREDICTION_BATCH,
    Stopped,
    augment_epoch,
    build_training_model,
    fit_epoch,
    predict_probabilities,
    strip_training_layers,
)

__all__ = ["REMEMBERED", "Pace", "Speed", "measure", "read", "settings_here", "write"]

REMEMBERED = 3_600.0  # seconds that a measurement is believed
STEPPING = 2.0  # seconds of steps for each recipe
FEWEST = 5  # steps, where one is so slow
JUDGING = 3.7  # s of one core of an AMD EPYC: making pictures of no garment, fitting verdicts
# that LiteRT classifies at a training's end: the test images, and for the verdicts the validation
# images in six renderings, and 6,500 others in the four that a network mostly knows
LAST_IMAGES = PART_SIZES["test"] + 6 * VALIDATION_SIZE + 4 * 6_500
FORMAT = 1

Say = Callable[[float, str], None]


@dataclass(frozen=True)
class Speed:
    """One recipe on this machine, in seconds.

    start: from the process's start to the end of the first step; step: each further one;
    epoch: beside its steps; finish: after the last epoch; parameters: of the network
    """

    start: float
    step: float
    epoch: float
    finish: float
    parameters: int

    def seconds(self, epochs: int, steps: int) -> float:
        """A whole training of so many epochs, each of so many steps, from click to result."""
        return self.start + epochs * (steps * self.step + self.epoch) + self.finish


@dataclass(frozen=True)
class Pace:
    """What was measured: when (seconds since 1970), and each recipe's speed by its name."""

    measured: float
    speeds: dict[str, Speed]


def settings_here(name: str) -> TrainSettings:
    """A recipe's settings as this machine trains them: without bfloat16 where it has none."""
    settings = RECIPES[name].settings
    if settings.precision == "bfloat16" and not machine.multiplies_bfloat16():
        settings = dataclasses.replace(settings, precision="float32")
    return settings


def measure(say: Say = lambda share, words: None, names: Iterable[str] = tuple(RECIPES)) -> Pace:
    """Measure recipes by name. Imports Keras: never in the web process.

    Calls `say(share done, 0..1, what comes next)` before each stage.
    """
    names = tuple(names)
    stages = 1 + 2 * len(names)
    say(0.0, "Loading TensorFlow and the images")
    begin_anew(settings_here(names[0]))
    load("test")
    training, validation = load_train_validation()
    loaded = time.time() - psutil.Process().create_time()
    speeds = {}
    for at, name in enumerate(names):
        title = RECIPES[name].title
        say((1 + 2 * at) / stages, f"{title}: steps")
        settings = settings_here(name)
        begin_anew(settings)
        model = build_training_model(settings)
        first, step, epoch = _learning(model, settings, training, validation.images)
        say((2 + 2 * at) / stages, f"{title}: saving")
        finish = _finishing(model, settings, validation.images)
        speeds[name] = Speed(loaded + first, step, epoch, finish, model.count_params())
    return Pace(time.time(), speeds)


def _learning(
    model, settings: TrainSettings, training: Part, images: np.ndarray
) -> tuple[float, float, float]:
    """Seconds of the first step and first answers, of a further step, of an epoch beside them."""
    began = time.perf_counter()
    shown, labels = augment_epoch(training.images, training.labels, settings, 0)
    arranging = time.perf_counter() - began

    clock = [time.perf_counter()]

    def after_batch(batch: int, *_) -> None:
        clock.append(time.perf_counter())
        if batch >= FEWEST and clock[-1] - clock[1] > STEPPING:
            raise Stopped

    with contextlib.suppress(Stopped):
        fit_epoch(model, shown, labels, settings, 0, after_batch)
    first = clock[1] - clock[0]
    # the second still warms up; a mean, for what now and then takes longer takes longer in
    # a training too
    step = (clock[-1] - clock[2]) / (len(clock) - 3)

    some = images[: 2 * PREDICTION_BATCH]
    began = time.perf_counter()
    twice = settings.second_look
    predict_probabilities(model, some[:PREDICTION_BATCH], second_look=twice)
    first += time.perf_counter() - began
    began = time.perf_counter()
    predict_probabilities(model, some, second_look=twice)
    answering = (time.perf_counter() - began) / len(some) * (VALIDATION_SIZE + PART_SIZES["test"])
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        checkpoints.save(Path(place), model, checkpoints.Checkpoint(1, 0.0, {}))
    keeping = time.perf_counter() - began
    return first, step, arranging + answering + keeping


def _finishing(model, settings: TrainSettings, images: np.ndarray) -> float:
    """Seconds from the last epoch to the end."""
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        network = strip_training_layers(model, settings)
        network.save(Path(place) / "model.keras")
        export_litert(network, Path(place) / "model.tflite")
        with quiet():
            classifier = Classifier(Path(place) / "model.tflite")
            classifier(images[:1])
        exporting = time.perf_counter() - began
        began = time.perf_counter()
        classifier(images[:1_000])
        each = (time.perf_counter() - began) / 1_000
    return exporting + each * LAST_IMAGES + JUDGING


def read() -> Pace | None:
    """What was measured on this machine within the last hour; None where there is nothing sound."""
    try:
        pace = _from_dict(json.loads(_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return pace if 0 <= time.time() - pace.measured < REMEMBERED else None


def write(pace: Pace) -> None:
    """Remember it; a folder that cannot be written is no error, for it can be measured again."""
    with contextlib.suppress(OSError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        storage.write_json(_path(), _to_dict(pace))


def _to_dict(pace: Pace) -> dict:
    speeds = {name: dataclasses.asdict(speed) for name, speed in pace.speeds.items()}
    return {"format": FORMAT, "measured": pace.measured, "speeds": speeds}


def _from_dict(values: dict) -> Pace:
    """Raises one of the errors that `read` knows on anything that `_to_dict` did not write."""
    speeds = {name: Speed(**values["speeds"][name]) for name in RECIPES}
    numbers = [values["measured"], *(n for speed in speeds.values() for n in vars(speed).values())]
    if values["format"] != FORMAT or not all(
        type(n) in (int, float) and math.isfinite(n) and n >= 0 for n in numbers
    ):
        raise ValueError("not a pace")
    return Pace(values["measured"], speeds)


def _path() -> Path:
    return runs.runs_directory() / ".cache" / "pace" / f"{_machine_key()}.json"


@functools.cache  # a page asks at every click
def _machine_key() -> str:
    """Another processor, memory, version or recipe is another key."""
    recipes = {name: settings_here(name).to_dict() for name in RECIPES}
    about = json.dumps([machine.describe_machine(), machine.versions(), recipes], sort_keys=True)
    return hashlib.sha256(about.encode()).hexdigest()[:16]
