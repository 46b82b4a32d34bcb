"""Starting, finding and stopping the one training that this machine runs at a time.

The page and the command line meet a training only here and in its folder. A training is
`python -m fmnist train` in a process of its own (never `multiprocessing`, whose spawn would run
app.py again, and never fork, since TensorFlow has threads). It holds an operating-system lock for
as long as it lives, so a killed training frees the machine at once.
"""

import contextlib
import getpass
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import filelock

from fmnist import runs, storage
from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.runs import Run
from fmnist.settings import TrainSettings

__all__ = [
    "active",
    "busy_message",
    "forget_stop",
    "hold_machine",
    "request_stop",
    "start",
    "stop_requested",
]

ROOT = Path(__file__).parents[1]
STOP_FILE = "stop"
START_LIMIT = 20.0  # seconds until run.json must have appeared; it takes 0.5 on two cores


def _lock_path() -> Path:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under an id that has no name
        user = str(os.getuid())
    return Path(tempfile.gettempdir()) / f"fmnist-training-{user}.lock"


def active() -> Run | None:
    """The training that holds this machine, whichever folder its run lies in, or None."""
    try:
        holder = json.loads(_lock_path().with_suffix(".json").read_text(encoding="utf-8"))
        path, process = Path(holder["path"]), holder["process"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not runs.alive(process):
        return None
    run = runs.read(path)
    return run if run.active else None


@contextlib.contextmanager
def hold_machine(path: Path, wait: Callable[[], None] | None = None):
    """Hold the machine for the training of the run at `path`.

    Without `wait` raises TrainingBusy where another training holds it. With it, calls `wait()`
    twice a second until the machine is free; `wait` may raise to give up.
    """
    lock = filelock.FileLock(_lock_path())
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except filelock.Timeout:
            if wait is None:
                raise TrainingBusy(busy_message(active())) from None
            wait()
    holder = _lock_path().with_suffix(".json")
    try:
        storage.write_json(holder, {"path": str(path), "process": runs.this_process()})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def busy_message(run: Run | None) -> str:
    """One sentence that names the training in the way."""
    name = f"The run {run.name!r}" if run else "Another run"
    return f"{name} is training on this machine, and it runs one training at a time."


def start(
    settings: TrainSettings, *, name: str | None = None, wait: bool = False, stop_other=False
) -> Run:
    """Start a training in a process of its own and return its run as soon as it exists.

    Raises TrainingBusy where another training holds the machine and neither `wait` (queue behind
    it) nor `stop_other` (end it first) is set, RunError where the name is taken, and
    TrainingFailed with the process's own words where it did not begin.
    """
    name = name or runs.new_name(settings.network)
    path = runs.runs_directory() / name
    if path.exists():
        raise RunError(f"There is already a run {name!r}; choose another name.")
    command = [sys.executable, "-m", "fmnist", "train", "--name", name, "--log"]
    for key, value in settings.to_dict().items():
        if key == "holdout":
            command += [] if value else ["--all"]
        elif key == "renderings":
            command += ["--renderings"] if value else []
        else:
            command += [f"--{key.replace('_', '-')}", str(value)]
    command += ["--wait"] if wait else []
    command += ["--stop-other"] if stop_other else []
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # outlives the server and is not reached by its Ctrl-C
        )
        _reap_later(process)
        deadline = time.monotonic() + START_LIMIT
        while not (path / "run.json").exists():
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
    return runs.read(path)


def request_stop(run: Run) -> None:
    """Ask a training to end and keep what it has learnt; it looks four times a second.

    Raises RunError where no process works on the run.
    """
    if not run.active:
        raise RunError(f"The run {run.name!r} is not training.")
    (run.path / STOP_FILE).touch()


def stop_requested(path: Path) -> bool:
    """True once `request_stop` was called for the run at `path`."""
    return (path / STOP_FILE).exists()


def forget_stop(path: Path) -> None:
    """Remove the request once the training of the run at `path` has obeyed it."""
    with contextlib.suppress(OSError):  # no reason to call a finished training failed
        (path / STOP_FILE).unlink(missing_ok=True)


def _environment() -> dict:
    """The child runs in the checkout, so paths relative to our own folder are made absolute."""
    environment = {**os.environ, "FMNIST_RUNS": str(runs.runs_directory())}
    if data := os.environ.get("FMNIST_DATA_DIR"):
        environment["FMNIST_DATA_DIR"] = str(Path(data).resolve())
    return environment


def _reap_later(process: subprocess.Popen) -> None:
    """Collect the child's exit status when it ends, so that it does not stay as a zombie."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
