"""Starting a training, or letting one go on, in a process of its own.

It is `python -m fmnist train` (never `multiprocessing`, whose spawn would run app.py again, and
never fork, since TensorFlow has threads), and the page meets it only in its run's folder.
"""

import subprocess
import tempfile
import threading
import time
from pathlib import Path

from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.jobs.resume import resumed_settings
from fmnist.processes import start_module
from fmnist.runs.forecast import Forecast
from fmnist.runs.library import new_run_name, runs_directory
from fmnist.runs.run import Run, read_run
from fmnist.settings import TrainSettings, arguments

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
    it) nor `stop_other` (end it first) is set, RunError where the name is taken, and
    TrainingFailed with the process's own words where it did not begin.
    """
    name = name or new_run_name(settings.network)
    path = runs_directory() / name
    if path.exists():
        raise RunError(f"There is already a run {name!r}; choose another name.")
    command = ["train", "--name", name, *arguments(settings)]
    command += ["--wait"] if wait else []
    command += ["--stop-other"] if stop_other else []
    command += ["--forecast", str(forecast)] if forecast else []
    return _launch(command, path)


def resume_training(run: Run, *, more: int = 0, wait: bool = False) -> Run:
    """Let a run go on in a process of its own, after its last checkpoint; see `resume`.

    more: epochs beyond those that it was to have; wait: queue where the machine is busy

    Raises as `start_training` does.
    """
    resumed_settings(run, more)  # raises RunError or SettingsError
    command = ["resume", run.name, *(["--more", str(more)] if more else [])]
    return _launch([*command, *(["--wait"] if wait else [])], run.path)


def _launch(command: list[str], path: Path) -> Run:
    """Start `python -m fmnist COMMAND --log` and return its run once its process works on it."""
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
        while not _begun(path, process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                output.seek(0)
                words = output.read().decode(errors="replace").strip().splitlines()
                message = words[-1] if words else f"it ended with status {process.poll()}"
                if process.poll() is None:
                    process.terminate()  # or it would begin after all, behind the user's back
                    message = "The training process did not begin in time; try once more."
                message = message.removeprefix("fmnist: ")
                busy = process.poll() == 1 and "one training at a time" in message
                raise (TrainingBusy if busy else TrainingFailed)(message)
            time.sleep(0.05)
    return read_run(path)


def _begun(path: Path, pid: int) -> bool:
    run = read_run(path)
    process = run.info.get("process")
    # an ended one that was very quick has no process any more
    return isinstance(process, dict) and process.get("pid") == pid


def _reap_later(process: subprocess.Popen) -> None:
    """Collect the child's exit status when it ends, so that it does not stay as a zombie."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
