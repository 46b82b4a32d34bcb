"""Starting a training, or letting one go on, in a process of its own.

It is `python -m fmnist train` (never `multiprocessing`, whose spawn would run app.py again, and
never fork, since TensorFlow has threads), and the page meets it only in its run's folder.
"""

import logging
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from fmnist.access import check_may_change
from fmnist.errors import FmnistError, TrainingBusy, TrainingFailed, hide_folders
from fmnist.jobs.resume import resumed_settings
from fmnist.processes import start_module
from fmnist.runs.forecast import Forecast
from fmnist.runs.library import check_run_name, runs_directory
from fmnist.runs.run import Run, read_run
from fmnist.settings import TrainSettings, arguments

T = TypeVar("T")
_log = logging.getLogger(__name__)

START_LIMIT = 20.0  # seconds until run.json must have appeared; it takes 0.5 on two cores


def start_training(
    settings: TrainSettings,
    *,
    name: str | None = None,
    wait: bool = False,
    stop_other: bool = False,
    forecast: Forecast | None = None,
) -> Run:
    """Start a training in a process of its own and return its run as soon as it exists.

    forecast: kept with the run, to be compared with the result

    Raises TrainingBusy where another training holds the machine and neither `wait` (queue behind
    it) nor `stop_other` (end it first) is set, AccessDenied where only the owner may start one,
    RunError where the name is taken, and TrainingFailed with the process's own words where it did
    not begin.
    """
    check_may_change()
    directory = runs_directory()
    if name:
        check_run_name(name, directory)
    before = set(directory.glob("*"))
    command = ["train", *([f"--name={name}"] if name else []), *arguments(settings)]
    command += ["--wait"] if wait else []
    command += ["--stop-other"] if stop_other else []
    command += ["--forecast", str(forecast)] if forecast else []
    # without a name, the process takes one that nobody has, whoever starts one meanwhile
    return launch_module(
        command, lambda pid: _find_begun(set(directory.glob("[!.]*")) - before, pid)
    )


def resume_training(run: Run, *, more: int = 0, wait: bool = False) -> Run:
    """Let a run go on in a process of its own, after its last checkpoint; see `resume`.

    more: epochs beyond those that it was to have; wait: queue where the machine is busy

    Raises as `start_training` does.
    """
    check_may_change()
    resumed_settings(run, more)  # raises RunError or SettingsError
    command = ["resume", run.name, *(["--more", str(more)] if more else [])]
    command += ["--wait"] if wait else []
    return launch_module(command, lambda pid: _find_begun({run.path}, pid))


def launch_module(command: list[str], find_begun: Callable[[int], T | None]) -> T:
    """Start `python -m fmnist COMMAND --log`; return what it works on once it does.

    find_begun: gives that for the process's id, None until it has begun

    Raises TrainingBusy, or TrainingFailed with the process's own words where it did not begin.
    """
    with tempfile.TemporaryFile() as output:
        process = start_module(
            "fmnist",
            *command,
            "--log",
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # outlives the server and is not reached by its Ctrl-C
        )
        _reap_later(process)
        deadline = time.monotonic() + START_LIMIT
        while (begun := find_begun(process.pid)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                output.seek(0)
                raise _not_begun(process, output.read().decode(errors="replace").strip())
            time.sleep(0.05)
    return begun


def _not_begun(process: subprocess.Popen, said: str) -> FmnistError:
    """The error of a process that ended or is ended before it had begun; said: what it printed."""
    message = said.splitlines()[-1] if said else f"it ended with status {process.poll()}"
    if process.poll() is None:
        process.terminate()  # or it would begin after all, behind the user's back
        message = "The training process did not begin in time; try once more."
    _log.warning("a training did not begin: %s", said)
    message = hide_folders(message.removeprefix("fmnist: "))
    busy = process.poll() == 1 and "one training at a time" in message
    return TrainingBusy(message) if busy else TrainingFailed(message)


def _find_begun(places: Iterable[Path], pid: int) -> Run | None:
    for run in map(read_run, places):
        process = run.info.get("process")
        # an ended one that was very quick has no process any more
        if isinstance(process, dict) and process.get("pid") == pid:
            return run
    return None


def _reap_later(process: subprocess.Popen) -> None:
    """Collect the child's exit status when it ends, so that it does not stay as a zombie."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
