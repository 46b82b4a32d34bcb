"""One training at a time on this machine: the lock that a training holds, and who holds it.

It is an operating-system lock for as long as the process lives, so a killed training frees the
machine at once. A file beside it says for which run.
"""

import contextlib
import getpass
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from fmnist.files import read_json, write_json
from fmnist.processes import is_alive, this_process
from fmnist.runs.library import SWEEPS
from fmnist.runs.run import Run, read_run


def machine_file(ending: str) -> Path:
    """A file that all processes of this user on this machine share, such as ".lock"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under an id that has no name
        user = str(os.getuid())
    return Path(tempfile.gettempdir()) / f"fmnist-training-{user}{ending}"


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the machine for the run at `path`. Raises filelock.Timeout where another one does."""
    holder = machine_file(".json")
    with filelock.FileLock(machine_file(".lock"), timeout=0.5):
        try:
            write_json(holder, {"path": str(path), "process": this_process()})
            yield
        finally:
            holder.unlink(missing_ok=True)


def active_run() -> Run | None:
    """The training that holds this machine, whichever folder its run lies in, or None."""
    return _active(_holder())


def find_holder() -> tuple[str, Run | None]:
    """One sentence about what holds this machine, and its run, None where it is a benchmark.

    The sentence is "" where the machine is free.
    """
    path = _holder()
    return _describe(path, "is training on") if path else "", _active(path)


def busy_message(first: Path | None = None) -> str:
    """One sentence that names what is in the way.

    first: the folder of what waits for this machine, where it is free at this moment
    """
    path = _holder()
    does = "is training on" if path or not first else "waits for"
    return _describe(path or first, does)


def _describe(path: Path | None, does: str) -> str:
    """The sentence about the folder of a sweep, a run or a benchmark."""
    who = "Something else"
    if run := _active(path):
        who = f"The run {run.name!r}"
    elif path and path.parent.name == SWEEPS:
        who = f"The sweep {path.name!r}"
    return f"{who} {does} this machine, which runs one training at a time."


def _active(path: Path | None) -> Run | None:
    run = read_run(path) if path else None
    return run if run and run.active else None


def _holder() -> Path | None:
    """The folder for which a living process holds this machine: a run's, or a benchmark's own."""
    try:
        holder = read_json(machine_file(".json"))
        path, process = Path(holder["path"]), holder["process"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if is_alive(process) else None
