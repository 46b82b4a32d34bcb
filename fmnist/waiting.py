"""The trainings that wait for this machine, in their order: a queue that all processes share.

A waiting training is a process that looks twice a second whether it is first and the machine is
free. The order is one file beside the machine's lock; who has died is left out when it is read.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import filelock

from fmnist import runs, storage
from fmnist.errors import TrainingBusy

__all__ = ["MOST", "join", "leave", "move", "order"]

MOST = 10  # that may wait at once; each is a process of some 100 MB


def order(file: Path) -> list[Path]:
    """The folders of the runs that wait, the next one first. `file`: `jobs.queue_file()`."""
    return [Path(entry["path"]) for entry in _read(file)]


def join(file: Path, path: Path, *, front: bool = False) -> None:
    """Let this process wait for the run at `path`, as the last or the first.

    Raises TrainingBusy where too many wait already, or this run does.
    """
    with _changing(file) as entries:
        if any(entry["path"] == str(path) for entry in entries):
            raise TrainingBusy(f"The run {path.name!r} waits for this machine already.")
        if len(entries) >= MOST:
            raise TrainingBusy(
                f"{len(entries)} trainings wait for this machine already; cancel one first."
            )
        entry = {"path": str(path), "process": runs.this_process()}
        entries.insert(0 if front else len(entries), entry)


def leave(file: Path, path: Path) -> None:
    """Let the run at `path` wait no more; nothing where it does not wait."""
    with _changing(file) as entries:
        entries[:] = [entry for entry in entries if entry["path"] != str(path)]


def move(file: Path, path: Path, places: int) -> None:
    """Move a waiting run by so many places, below 0 for sooner; nothing where it does not wait."""
    with _changing(file) as entries:
        paths = [entry["path"] for entry in entries]
        if str(path) in paths:
            at = paths.index(str(path))
            entries.insert(min(max(at + places, 0), len(entries) - 1), entries.pop(at))


@contextlib.contextmanager
def _changing(file: Path) -> Iterator[list[dict]]:
    with filelock.FileLock(file.with_suffix(".lock")):
        entries = _read(file)
        yield entries
        storage.write_json(file, entries)


def _read(file: Path) -> list[dict]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(entries, list):
        return []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(entry.get("path"), str)
        and runs.alive(entry.get("process"))
    ]
