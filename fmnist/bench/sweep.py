"""What a sweep costs beside its trainings, and what several at once gain: `bench sweep`."""

import contextlib
import io
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fmnist.errors import TrainingFailed
from fmnist.jobs import queue
from fmnist.runs.run import FORMAT
from fmnist.sweeps.cluster import open_local, share_cores
from fmnist.sweeps.engine import run_sweep
from fmnist.sweeps.plan import Plan
from fmnist.sweeps.sweep import open_sweep
from fmnist.sweeps.worker import Workplace, train_packed

MOST_WORKERS = 16  # threads that do nothing
WORKERS = (1, 2)  # at once, of real trainings
SETTINGS = {"epochs": 1, "fraction": 0.02}  # mostly TensorFlow's start, as in a sweep of short ones


def measure_overhead(counts: list[int]) -> Iterator[tuple[str, dict]]:
    """For each number of trainings that do nothing: workers, seconds, and milliseconds of each.

    Each arrives as a run of one small file, on as many workers as there are trainings, 16 at most.
    """
    for count in counts:
        workers = min(MOST_WORKERS, count)
        plan = Plan("overhead", networks=("quick",), seeds=tuple(range(count)))
        seconds = _time_sweep(plan, workers, processes=False, train=train_nothing)
        yield (
            f"{count:,}",
            {"workers": workers, "seconds": seconds, "each_ms": 1e3 * seconds / count},
        )


def measure_scaling(trainings: int) -> Iterator[tuple[str, dict]]:
    """For each number of workers: its cores for a training, and seconds of as many `trainings`."""
    plan = Plan("scaling", networks=("quick",), seeds=tuple(range(trainings)), settings=SETTINGS)
    for workers in WORKERS:
        _, threads = share_cores(trainings, workers)
        seconds = _time_sweep(plan, workers, threads=threads)
        yield f"{workers} at once", {"threads": threads, "seconds": seconds}


def _time_sweep(
    plan: Plan, workers: int, *, processes: bool = True, threads: int = 1, train: Any = train_packed
) -> float:
    """Seconds from the first submission to the last run on the disk; the cluster is there before.

    Raises TrainingBusy where this machine is training, TrainingFailed where one of these fails.
    """
    with _own_runs() as place, queue.hold_machine(place):
        sweep = open_sweep(plan)
        with sweep.own_workplace() as work, open_local(workers, processes=processes) as client:
            began = time.perf_counter()
            done = run_sweep(sweep, client, Workplace(str(work), threads), train=train)
            seconds = time.perf_counter() - began
    if done.failed:
        raise TrainingFailed(f"A training failed: {next(iter(done.failed.values()))}")
    return seconds


@contextlib.contextmanager
def _own_runs() -> Iterator[Path]:
    """A folder for the runs of a measurement, which are nobody's afterwards."""
    before = os.environ.get("FMNIST_RUNS")
    with tempfile.TemporaryDirectory() as place:
        os.environ["FMNIST_RUNS"] = place
        try:
            yield Path(place)
        finally:
            os.environ.pop("FMNIST_RUNS")
            if before is not None:
                os.environ["FMNIST_RUNS"] = before


def train_nothing(settings: dict, title: str, topic: str, how: Workplace) -> bytes:
    """In place of `train_packed`: a finished run of one small file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        info = {"format": FORMAT, "state": "finished", "settings": settings}
        file.writestr("run.json", json.dumps(info))
    return buffer.getvalue()
