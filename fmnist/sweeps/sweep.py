"""A sweep is a folder beside the runs: its plan, and how far the process is that works on it.

    plan.json       the plan, as `Plan.to_dict` gives it
    progress.json   what that process last said: how many are done, what each worker does
    stop            what is asked of it (`fmnist.runs.control`)
    log.txt         what it printed, where a page has started it

Which trainings are done is read from the runs themselves, each of which says whose it is: nothing
here can be out of date after a crash.
"""

import contextlib
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import filelock

from fmnist.access import check_may_change
from fmnist.errors import SweepError
from fmnist.files import quote_name, read_json, write_json
from fmnist.jobs.launch import launch_module
from fmnist.processes import is_alive, this_process
from fmnist.runs import control
from fmnist.runs.library import SWEEPS, list_runs, runs_directory
from fmnist.runs.progress_text import duration_text
from fmnist.runs.run import Run
from fmnist.settings import TrainSettings
from fmnist.sweeps.plan import NAME, Plan, plan_from, read_plan

LOCK = ".lock"  # held by the process that works on it
WORK = "work"  # a killed process may leave something there
PLAN_FILE, PROGRESS_FILE = "plan.json", "progress.json"


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder and what it trains."""

    path: Path
    plan: Plan

    @property
    def name(self) -> str:
        """That of its plan and its folder."""
        return self.path.name

    @contextlib.contextmanager
    def own_workplace(self) -> Iterator[Path]:
        """An empty folder for what its trainings on this machine need, and for runs that arrive.

        From here on its plan is the one that is kept. What a killed process has left there is
        removed. Raises SweepError where another process works on the sweep, or it cannot be kept.
        """
        place = self.path / WORK
        try:
            with filelock.FileLock(self.path / LOCK, timeout=0):
                self._keep_plan()
                shutil.rmtree(place, ignore_errors=True)
                control.withdraw_request(self.path, control.STOP)  # which no process has heard
                place.mkdir()
                try:
                    yield place
                finally:
                    shutil.rmtree(place, ignore_errors=True)
        except filelock.Timeout:
            raise SweepError(f"Another process works on the sweep {self.name!r} already.") from None

    def _keep_plan(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.path / PLAN_FILE, self.plan.to_dict())
        except OSError as error:
            raise SweepError(f"The sweep cannot be kept ({error.strerror}).") from None

    def finished_runs(self) -> dict[TrainSettings, Run]:
        """The settings of each of its trainings that is done -> its run."""
        wanted = {training.settings for training in self.plan.trainings()}
        found: dict[TrainSettings, Run] = {}
        for run in reversed(list_runs()):  # the oldest first
            mine = run.state == "finished" and run.info.get("sweep") == self.name
            if mine and run.settings is not None and run.settings in wanted:
                found.setdefault(run.settings, run)
        return found


KEPT = ("failed", "seconds_left", "workers", "dashboard")  # of a sweep's progress, in its file


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: of `total` trainings, `done`; failed: variant and seed -> a sentence.

    seconds_left: None where nothing is known yet; workers: name -> what it does, in words;
    active: whether a process works on it
    """

    total: int
    done: int
    failed: dict[str, str] = field(default_factory=dict)
    seconds_left: float | None = None
    workers: dict[str, str] = field(default_factory=dict)
    dashboard: str = ""
    active: bool = False

    @property
    def words(self) -> str:
        """In one line."""
        words = [f"{self.done} of {self.total} trainings done"]
        if self.failed:
            words.append(f"{len(self.failed)} failed")
        if self.seconds_left is not None and self.done + len(self.failed) < self.total:
            words.append(f"about {duration_text(self.seconds_left)} left")
        return ", ".join(words)


def open_sweep(plan: Plan) -> Sweep:
    """The sweep of a plan, made where there is none of its name.

    A changed plan has the runs that there are. It replaces the one that is kept once a process
    works on it: until then another may. Raises SweepError where it cannot be kept.
    """
    sweep = Sweep(runs_directory() / SWEEPS / plan.name, plan)
    if not (sweep.path / PLAN_FILE).exists():
        sweep._keep_plan()
    return sweep


def find_sweep(name: str) -> Sweep:
    """The sweep of that name. Raises SweepError where there is none, or its plan is damaged."""
    path = runs_directory() / SWEEPS / name
    if not NAME.fullmatch(name) or not os.path.isdir(path):
        raise SweepError(f"There is no sweep {quote_name(name)} here; start it first.")
    try:
        return Sweep(path, plan_from(read_json(path / PLAN_FILE)))
    except (OSError, ValueError, SweepError) as error:
        raise SweepError(
            f"The plan of the sweep {name!r} is damaged ({getattr(error, 'strerror', error)}); "
            "start it again."
        ) from None


def list_sweeps() -> list[Sweep]:
    """All sweeps whose plan is whole, the one that was last worked on first."""
    found = []
    for path in (runs_directory() / SWEEPS).glob("*"):
        try:
            found.append((path.stat().st_mtime, find_sweep(path.name)))
        except (OSError, SweepError):
            continue
    return [sweep for _, sweep in sorted(found, key=lambda one: one[0], reverse=True)]


def write_progress(sweep: Sweep, progress: Progress) -> None:
    """Keep for `read_progress` how far this process is with the sweep."""
    kept = {name: getattr(progress, name) for name in KEPT}
    write_json(sweep.path / PROGRESS_FILE, {"process": this_process(), **kept})


def read_progress(sweep: Sweep) -> Progress:
    """How far a sweep is, by its runs; what its workers do, by its process, where that lives."""
    total, done = len(sweep.plan.trainings()), len(sweep.finished_runs())
    try:
        said = read_json(sweep.path / PROGRESS_FILE)
        active = is_alive(said["process"])
        known = {name: said[name] for name in KEPT}
        if known["seconds_left"] is not None and not 0 <= known["seconds_left"] < math.inf:
            raise ValueError("not a number of seconds")
    except (OSError, ValueError, KeyError, TypeError):
        return Progress(total, done)
    if not active:
        known |= {"seconds_left": None, "workers": {}, "dashboard": ""}
    return Progress(total, done, **known, active=active)


def start_sweep(plan: str) -> Sweep:
    """Start `python -m fmnist sweep PLAN`, a shipped plan's name, in a process of its own.

    It waits where this machine trains already. Raises AccessDenied where only the owner may start
    one, SweepError where there is nothing to do, and TrainingFailed with its own words where it did
    not begin.
    """
    check_may_change()
    state = read_progress(open_sweep(read_plan(plan)))
    if state.active or state.done == state.total:
        how = "already running" if state.active else "complete: there is nothing left to train"
        raise SweepError(f"The sweep {plan!r} is {how}.")

    def find_begun(pid: int) -> Sweep | None:
        for sweep in list_sweeps():
            try:
                if read_json(sweep.path / PROGRESS_FILE)["process"]["pid"] == pid:
                    return sweep
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None

    return launch_module(["sweep", plan, "--wait"], find_begun)


def request_stop(sweep: Sweep) -> None:
    """Ask the process that works on a sweep to end. Raises AccessDenied, SweepError."""
    check_may_change()
    try:
        control.post_request(sweep.path, control.STOP)
    except OSError as error:  # removed by somebody else, or a full disk
        raise SweepError(
            f"The sweep {sweep.name!r} cannot be stopped ({error.strerror})."
        ) from None


def forget_sweep(sweep: Sweep) -> None:
    """Remove a sweep's folder; its runs stay. Raises AccessDenied, SweepError while it trains."""
    check_may_change()
    at_work = SweepError(f"The sweep {sweep.name!r} is at work; stop it first.")
    try:
        # it has no progress while its workers start, and another host's process is not seen
        with filelock.FileLock(sweep.path / LOCK, timeout=0):
            if read_progress(sweep).active:
                raise at_work
            shutil.rmtree(sweep.path, ignore_errors=True)
    except filelock.Timeout:
        raise at_work from None
