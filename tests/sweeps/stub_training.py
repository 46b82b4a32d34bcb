"""`python -m tests.sweeps.stub_training train ...`: the real command, but nothing is computed.

A run has the shipped network's files and a test accuracy that follows from its settings. What is
asked of it beside that stands in `stub.json` in FMNIST_STUB: seeds that do not end as long as they
stand there, that fail, or that kill themselves.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from fmnist.cli import train
from fmnist.cli.main import main
from fmnist.files import append_json_line, sha256_of
from fmnist.runs.run import SHIPPED_DIR, write_run_info


def accuracy_of(settings) -> float:
    """What a run of these settings reaches."""
    of_network = {"cnn": 0.80, "quick": 0.70}[settings.network]
    return round(of_network + settings.seed / 100 + settings.batch_size / 1e5, 5)


def train_nothing(path, settings, options, *, resume):
    """In place of `_train_held`."""
    place = Path(os.environ["FMNIST_STUB"])
    append_json_line(place / "begun.jsonl", {"pid": os.getpid(), "seed": settings.seed})
    write_run_info(path, state="running")
    while settings.seed in (asked := json.loads((place / "stub.json").read_text()))["unending"]:
        time.sleep(0.1)
    if settings.seed in asked["killed"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if settings.seed in asked["failing"]:
        write_run_info(path, state="failed", error="The loss is no number.", process=None)
        return 1
    files = ("model.keras", "model.tflite", "test.npz")
    for file in files:
        shutil.copy(SHIPPED_DIR / "seed-cnn" / file, path)
    accuracy = accuracy_of(settings)
    write_run_info(
        path,
        state="finished",
        process=None,
        files={file: sha256_of(path / file) for file in files},
        scores={"test_accuracy": accuracy, "validation_accuracy": accuracy - 0.01},
        parameters=1000 if settings.network == "quick" else 2000,
        train_seconds=60.0 + settings.seed,
        epochs_done=settings.epochs,
    )
    return 0


if __name__ == "__main__":
    train._train_held = train_nothing
    sys.exit(main())
