"""The trainings that wait for this machine, in their order: a queue that all processes share.

A waiting training is a process that looks twice a second whether it is first and the machine is
free. The order is one file beside the machine's lock; who has died is left out when it is read.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from fmnist.access import check_may_change
from fmnist.errors import NameTaken, TrainingBusy
from fmnist.files import read_json, write_json
from fmnist.jobs.lock import busy_message, hold_lock, machine_file
from fmnist.processes import is_alive, this_process
from fmnist.runs.library import SWEEPS
from fmnist.runs.run import Run, read_run

MAX_WAITING = 10  # at once; each is a process of some 100 MB
FILE = ".queue.json"


@contextlib.contextmanager
def hold_machine(
    path: Path,
    wait: Callable[[], None] | None = None,
    *,
    front: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold the machine for the training of the run at `path`.

    Without `wait` raises TrainingBusy where another training holds the machine or waits for it.
    With it, queues (`front`: before all others) and calls `wait()` twice a second until it is this
    run's turn. Raises TrainingBusy where there is no place. Calls `begun()` once it has the machine
    or a place in the queue; both may raise to give up.
    """
    with contextlib.ExitStack() as held:
        if wait is None:
            if others := list_queue():
                raise TrainingBusy(busy_message(others[0]))
            if not _take_lock(path, held):
                raise TrainingBusy(busy_message())
            begun()
        else:
            join_queue(path, front=front)
            try:
                begun()
                while not _take_turn(path, held):
                    wait()
            finally:
                leave_queue(path)
        yield


def list_queue() -> list[Path]:
    """The folders of the runs and sweeps that wait, the next one first."""
    return [Path(entry["path"]) for entry in _read_entries()]


def waiting_runs() -> list[Run]:
    """The runs that wait for this machine, the next one first; without sweeps."""
    found = [read_run(path) for path in list_queue()]
    return [run for run in found if run.state == "waiting"]


def join_queue(path: Path, *, front: bool = False) -> None:
    """Let this process wait for the run at `path`, as the last or the first.

    Raises TrainingBusy where too many wait already, NameTaken where this run does.
    """
    with _changed_entries() as entries:
        if any(entry["path"] == str(path) for entry in entries):
            raise NameTaken(f"The run {path.name!r} waits for this machine already.")
        if len(entries) >= MAX_WAITING:
            raise TrainingBusy(
                f"{len(entries)} trainings wait for this machine already; cancel one first."
            )
        entry = {"path": str(path), "process": this_process()}
        entries.insert(0 if front else len(entries), entry)


def leave_queue(path: Path) -> None:
    """Let the run at `path` wait no more; nothing where it does not wait."""
    with _changed_entries() as entries:
        entries[:] = [entry for entry in entries if entry["path"] != str(path)]


def move_in_queue(path: Path, places: int) -> None:
    """Move a waiting run past so many others, below 0 for sooner; nothing where it does not wait.

    A sweep that waits between them is passed, too. Raises AccessDenied where only the owner may
    move it.
    """
    check_may_change()
    with _changed_entries() as entries:
        paths = [Path(entry["path"]) for entry in entries]
        runs = [at for at, one in enumerate(paths) if one.parent.name != SWEEPS or one == path]
        if path in paths:
            at = paths.index(path)
            place = min(max(runs.index(at) + places, 0), len(runs) - 1)
            entries.insert(runs[place], entries.pop(at))


def _take_turn(path: Path, held: contextlib.ExitStack) -> bool:
    """True once the run at `path` is first and has the machine; takes half a second if not."""
    if not _is_first(path):
        time.sleep(0.5)
        return False
    if not _take_lock(path, held):
        return False
    if not _is_first(path):  # it was moved back while it waited for the lock
        held.close()
        return False
    return True


def _is_first(path: Path) -> bool:
    return list_queue()[:1] == [path]


def _take_lock(path: Path, held: contextlib.ExitStack) -> bool:
    try:
        held.enter_context(hold_lock(path))
    except filelock.Timeout:
        return False
    return True


@contextlib.contextmanager
def _changed_entries() -> Iterator[list[dict]]:
    with filelock.FileLock(machine_file(".queue.lock")):
        entries = _read_entries()
        yield entries
        write_json(machine_file(FILE), entries)


def _read_entries() -> list[dict]:
    try:
        entries = read_json(machine_file(FILE))
    except (OSError, ValueError):
        return []
    if not isinstance(entries, list):
        return []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("path"), str)
        and is_alive(entry.get("process"))
    ]
