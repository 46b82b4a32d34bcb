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

from fmnist import continuing, control, runs, storage, waiting
from fmnist.errors import RunError, TrainingBusy, TrainingFailed
from fmnist.forecast import Forecast
from fmnist.runs import Run
from fmnist.settings import TrainSettings, arguments

__all__ = [
    "active",
    "busy_message",
    "called",
    "hold_machine",
    "in_the_way",
    "queue_file",
    "request_pause",
    "request_rate",
    "request_stop",
    "resume",
    "start",
    "waiting_runs",
    "withdraw_pause",
]

ROOT = Path(__file__).parents[1]
START_LIMIT = 20.0  # seconds until run.json must have appeared; it takes 0.5 on two cores


def _lock_path() -> Path:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under an id that has no name
        user = str(os.getuid())
    return Path(tempfile.gettempdir()) / f"fmnist-training-{user}.lock"


def active() -> Run | None:
    """The training that holds this machine, whichever folder its run lies in, or None."""
    path = _holder()
    return _active(path) if path else None


def _active(path: Path) -> Run | None:
    run = runs.read(path)
    return run if run.active else None


def _holder() -> Path | None:
    """The folder for which a living process holds this machine: a run's, or a benchmark's own."""
    try:
        holder = json.loads(_lock_path().with_suffix(".json").read_text(encoding="utf-8"))
        path, process = Path(holder["path"]), holder["process"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if runs.alive(process) else None


def in_the_way() -> tuple[str, Run | None]:
    """One sentence about what holds this machine, and its run, None where it is a benchmark.

    The sentence is "" where the machine is free.
    """
    if (path := _holder()) is None:
        return "", None
    run = _active(path)
    return busy_message(run), run


def queue_file() -> Path:
    """The file of the queue for this machine; see `waiting`."""
    return _lock_path().with_suffix(".queue.json")


def waiting_runs() -> list[Run]:
    """The runs that wait for this machine, the next one first."""
    found = [runs.read(path) for path in waiting.order(queue_file())]
    return [run for run in found if run.state == "waiting"]


@contextlib.contextmanager
def hold_machine(
    path: Path,
    wait: Callable[[], None] | None = None,
    *,
    front: bool = False,
    queued: Callable[[], None] = lambda: None,
):
    """Hold the machine for the training of the run at `path`.

    Without `wait` raises TrainingBusy where another training holds the machine or waits for it.
    With it, queues (`front`: before all others), calls `queued()` once it has a place, and then
    `wait()` twice a second until it is this run's turn; both may raise to give up. Raises
    TrainingBusy where there is no place.
    """
    lock = filelock.FileLock(_lock_path())
    if wait is None:
        if others := waiting_runs():
            raise TrainingBusy(busy_message(active() or others[0]))
        try:
            lock.acquire(timeout=0.5)
        except filelock.Timeout:
            raise TrainingBusy(busy_message(active())) from None
    else:
        waiting.join(queue_file(), path, front=front)
        try:
            queued()
            while not _my_turn(path, lock):
                wait()
        finally:
            waiting.leave(queue_file(), path)
    holder = _lock_path().with_suffix(".json")
    try:
        storage.write_json(holder, {"path": str(path), "process": runs.this_process()})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _my_turn(path: Path, lock: filelock.FileLock) -> bool:
    """True once the run at `path` is first and has the machine; takes half a second if not."""
    if waiting.order(queue_file())[:1] != [path]:
        time.sleep(0.5)
        return False
    try:
        lock.acquire(timeout=0.5)
    except filelock.Timeout:
        return False
    return True


def busy_message(run: Run | None) -> str:
    """One sentence that names the training in the way."""
    return f"{called(run)} is training on this machine, and it runs one training at a time."


def called(run: Run | None) -> str:
    """How a sentence begins that is about what trains on this machine; None: a benchmark."""
    return f"The run {run.name!r}" if run else "Something else"


def start(
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
    name = name or runs.new_name(settings.network)
    path = runs.runs_directory() / name
    if path.exists():
        raise RunError(f"There is already a run {name!r}; choose another name.")
    command = ["train", "--name", name, *arguments(settings)]
    command += ["--wait"] if wait else []
    command += ["--stop-other"] if stop_other else []
    command += ["--forecast", str(forecast)] if forecast else []
    return _launch(command, path)


def resume(run: Run, *, more: int = 0, wait: bool = False) -> Run:
    """Let a run go on in a process of its own, after its last checkpoint; see `continuing`.

    more: epochs beyond those that it was to have; wait: queue where the machine is busy

    Raises as `start` does.
    """
    continuing.resumed_settings(run, more)  # raises RunError or SettingsError
    command = ["resume", run.name, *(["--more", str(more)] if more else [])]
    return _launch([*command, *(["--wait"] if wait else [])], run.path)


def _launch(command: list[str], path: Path) -> Run:
    """Start `python -m fmnist COMMAND --log` and return its run once its process works on it."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fmnist", *command, "--log"],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
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
    return runs.read(path)


def _begun(path: Path, pid: int) -> bool:
    run = runs.read(path)
    process = run.info.get("process")
    # an ended one that was very quick has no process any more
    return isinstance(process, dict) and process.get("pid") == pid


def request_stop(run: Run) -> None:
    """Ask a training to end and keep what it has learnt; it looks four times a second.

    Raises RunError where no process works on the run.
    """
    _ask(run, control.STOP)


def request_pause(run: Run) -> None:
    """Ask a training to wait between two batches, until `withdraw_pause`. Raises RunError."""
    _ask(run, control.PAUSE)


def withdraw_pause(run: Run) -> None:
    """Let a paused training go on."""
    control.withdraw(run.path, control.PAUSE)


def request_rate(run: Run, rate: float) -> None:
    """Ask for another peak learning rate from the next epoch on.

    Raises RunError where no process works on the run or it is in its last epoch, SettingsError
    where the rate is not legal.
    """
    run = _check_active(run)
    if not run.has_next_epoch:
        raise RunError(f"The run {run.name!r} is in its last epoch; there is no next one.")
    epoch = (run.count("epochs_done") or 0) + 1
    changes = [*run.settings.to_dict()["rate_changes"], [epoch, rate]]
    TrainSettings.from_dict({**run.settings.to_dict(), "rate_changes": changes})
    with _run_may_go(run):
        control.ask_rate(run.path, rate)


def _ask(run: Run, what: str) -> None:
    _check_active(run)
    with _run_may_go(run):
        control.ask(run.path, what)


def _check_active(run: Run) -> Run:
    """The run as it is now, which a page may have drawn a while ago."""
    run = runs.read(run.path)
    if not run.active:
        raise _not_training(run)
    return run


@contextlib.contextmanager
def _run_may_go(run: Run):
    """Its folder may be renamed or deleted between two of our looks."""
    try:
        yield
    except FileNotFoundError:
        raise _not_training(run) from None
    except OSError as error:
        raise RunError(f"The run {run.name!r} cannot be asked ({error.strerror}).") from None


def _not_training(run: Run) -> RunError:
    return RunError(f"The run {run.name!r} is not training.")


def _environment() -> dict:
    """The child runs in the checkout, so paths relative to our own folder are made absolute."""
    environment = {**os.environ, "FMNIST_RUNS": str(runs.runs_directory())}
    if data := os.environ.get("FMNIST_DATA_DIR"):
        environment["FMNIST_DATA_DIR"] = str(Path(data).resolve())
    return environment


def _reap_later(process: subprocess.Popen) -> None:
    """Collect the child's exit status when it ends, so that it does not stay as a zombie."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
