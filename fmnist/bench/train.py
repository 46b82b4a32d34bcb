"""A race of recipes against plain Keras: `python -m fmnist bench train`.

Every training runs alone in a fresh process (this module as a program). Its clock runs while it
learns, the making of an epoch's images included, and stands still while the 10,000 test images are
answered after each epoch. What they say is reported and chooses nothing. Validation images are
held out from everybody and looked at by nobody.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmnist import machine
from fmnist.errors import RunError, SettingsError
from fmnist.jobs import queue
from fmnist.processes import start_module
from fmnist.settings import TrainSettings
from fmnist.training.recipes import RECIPES

if TYPE_CHECKING:
    import keras

BASELINE = "plain"
# stylised images need processes of their own, which a race for seconds does not allow for
RACERS = (BASELINE, *(name for name, one in RECIPES.items() if not one.settings.stylised))
GOALS = (90, 91, 92, 93, 94)  # % of the test images


def race_recipes(
    recipes: list[str], seeds: list[int], fraction: float, say: Callable[[str], None]
) -> Iterator[dict]:
    """Train every recipe with every seed, all recipes with the first seed first; yield each entry.

    recipes: names from RACERS; fraction: share of the training images and of the test images;
    say: is told of each epoch

    An entry has recipe, seed, epochs (each epoch, seconds, accuracy: the clock and the share of
    test images right at its end), train_seconds, startup_seconds, images, images_per_second,
    peak_memory_mib (None where the system does not say) and parameters.

    Raises SettingsError where this machine cannot train so, TrainingBusy where it is training
    already, and RunError with the process's last words where a training failed.
    """
    for name in recipes:
        settings = _settings(name, seeds[0], fraction)
        if settings.precision == "bfloat16" and not machine.multiplies_bfloat16():
            raise SettingsError(
                f"The recipe {name!r} needs a processor that multiplies bfloat16, which this one "
                "does not; leave it out of --recipes."
            )
    with tempfile.TemporaryDirectory() as place, queue.hold_machine(Path(place)):
        for seed in seeds:
            for name in recipes:
                yield _trained(name, seed, fraction, say)


def _settings(name: str, seed: int, fraction: float) -> TrainSettings:
    settings = RECIPES[name].settings if name != BASELINE else TrainSettings()
    return dataclasses.replace(settings, seed=seed, fraction=fraction)


def _trained(name: str, seed: int, fraction: float, say: Callable[[str], None]) -> dict:
    """Train in a process of its own and return the entry."""
    who = f"{name}, seed {seed}"
    say(f"{who}: starting")
    with tempfile.TemporaryFile() as words:
        entry = process = None
        try:
            with _ctrl_c_waits():  # or it would be gone before we know which process to end
                process = start_module(
                    "fmnist.bench.train",
                    name,
                    str(seed),
                    str(fraction),
                    stdout=subprocess.PIPE,
                    stderr=words,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for us; we end it
                )
            for line in process.stdout or ():
                entry = json.loads(line)
                if "recipe" not in entry:
                    say(
                        f"{who}: epoch {entry['epoch']} of {entry['of']}: "
                        f"{entry['accuracy']:.2%} after {entry['seconds']:.1f} s"
                    )
        finally:
            if process is not None:
                process.kill()  # where it has not ended
                with process:  # closes its output and waits for it
                    pass
                status = process.returncode
        if status != 0 or entry is None:
            words.seek(0)
            last = words.read().decode(errors="replace").strip().splitlines()[-1:]
            raise RunError(f"The training of {who} failed: {''.join(last) or status}")
    return entry


@contextlib.contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Ctrl-C that comes in this block is obeyed at its end. For the main thread."""
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed and callable(before):  # not where a shell has it ignored
        before(signal.SIGINT, None)


def summarise_race(entries: list[dict]) -> dict[str, dict]:
    """What the entries of each recipe come to, means over its seeds; recipes in their order.

    `to` has for each goal in % how many seeds `reached` it, and, where all did, the mean `seconds`
    and `epochs` to the end of the first epoch that was there. `ratio` is the training time over
    that of plain Keras with the same seeds; None without one. A deviation (sd) needs two seeds.
    """
    found = {}
    for name in dict.fromkeys(entry["recipe"] for entry in entries):
        own = [entry for entry in entries if entry["recipe"] == name]
        last = [entry["epochs"][-1]["accuracy"] for entry in own]
        peaks = [entry["peak_memory_mib"] for entry in own]
        found[name] = {
            "seeds": [entry["seed"] for entry in own],
            "epochs": len(own[0]["epochs"]),
            "parameters": own[0]["parameters"],
            "to": {str(goal): _to(goal, own) for goal in GOALS},
            "accuracy": {
                "mean": _mean(last),
                "sd": float(np.std(last, ddof=1)) if len(last) > 1 else None,
                "min": min(last),
            },
            **{
                key: _mean([entry[key] for entry in own])
                for key in ("train_seconds", "startup_seconds", "images_per_second")
            },
            "peak_memory_mib": None if None in peaks else _mean(peaks),
            "ratio": _ratio(own, entries),
        }
    return found


def _to(goal: int, entries: list[dict]) -> dict:
    arrivals = [
        next((epoch for epoch in entry["epochs"] if epoch["accuracy"] >= goal / 100), None)
        for entry in entries
    ]
    reached = [epoch for epoch in arrivals if epoch is not None]
    whole = len(reached) == len(entries)
    return {
        "reached": len(reached),
        "seconds": _mean([epoch["seconds"] for epoch in reached]) if whole else None,
        "epochs": _mean([epoch["epoch"] for epoch in reached]) if whole else None,
    }


def _ratio(own: list[dict], entries: list[dict]) -> float | None:
    plain = {entry["seed"]: entry for entry in entries if entry["recipe"] == BASELINE}
    both = [entry for entry in own if entry["seed"] in plain]
    if not both:
        return None
    theirs = sum(plain[entry["seed"]]["train_seconds"] for entry in both)
    return sum(entry["train_seconds"] for entry in both) / theirs


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


# What follows runs in the process of one training.


class _Lap:
    """The clock and what was seen at the end of each epoch; tells the parent on the output."""

    def __init__(
        self,
        model: "keras.Model",
        test: tuple[np.ndarray, np.ndarray],
        epochs: int,
        *,
        tta_flip: bool = False,
    ):
        self._model, self._of = model, epochs
        self._images, self._labels = test  # (N, 28, 28) uint8, (N,)
        self._tta_flip = tta_flip
        self.epochs: list[dict] = []
        self.seconds = 0.0
        self._began = time.perf_counter()

    def __call__(self, epoch: int, logs: object = None) -> None:
        """Stop the clock, look at the test images, let it go on; epoch: 0, 1, ..."""
        from fmnist.training.steps import predict_probabilities

        self.seconds += time.perf_counter() - self._began
        probabilities = predict_probabilities(self._model, self._images, tta_flip=self._tta_flip)
        right = probabilities.argmax(axis=1) == self._labels
        seen = {
            "epoch": epoch + 1,
            "seconds": round(self.seconds, 3),
            "accuracy": float(right.mean()),
        }
        self.epochs.append(seen)
        print(json.dumps({**seen, "of": self._of}), flush=True)
        self._began = time.perf_counter()


def _one(name: str, seed: int, fraction: float) -> dict:
    """Train here and return the entry."""
    import psutil

    from fmnist.bench import plain_keras
    from fmnist.data import load, load_train_validation
    from fmnist.training.loop import set_up
    from fmnist.training.steps import (
        augment_epoch,
        build_training_model,
        fit_epoch,
        set_first_weights,
    )

    whole = load("test")
    count = round(fraction * len(whole.labels))
    test = whole.images[:count], whole.labels[:count]
    training, _ = load_train_validation(fraction=fraction)
    images, labels = training.images, training.labels
    settings = _settings(name, seed, fraction)
    if name == BASELINE:
        model = plain_keras.build_plain(seed)
        startup = time.time() - psutil.Process().create_time()
        lap = _Lap(model, test, plain_keras.EPOCHS)
        plain_keras.fit_plain(model, images, labels, lap)
    else:
        set_up(settings)
        model = build_training_model(settings)
        startup = time.time() - psutil.Process().create_time()
        lap = _Lap(model, test, settings.epochs, tta_flip=settings.tta_flip)
        set_first_weights(model, settings, images)
        for epoch in range(settings.epochs):
            x, y = augment_epoch(images, labels, settings, epoch)
            fit_epoch(model, x, y, settings, epoch)
            lap(epoch)
    return {
        "recipe": name,
        "seed": seed,
        "epochs": lap.epochs,
        "train_seconds": lap.epochs[-1]["seconds"],
        "startup_seconds": round(startup, 2),
        "images": len(images),
        "images_per_second": round(len(images) * len(lap.epochs) / lap.seconds, 1),
        "peak_memory_mib": _peak_memory(),
        "parameters": model.count_params(),
    }


def _peak_memory() -> float | None:
    """The most memory that this process has had resident, in MiB."""
    # not getrusage, which counts what the parent had when this process was begun
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 2**10, 1)
    return None  # not Linux


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(json.dumps(_one(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))), flush=True)
