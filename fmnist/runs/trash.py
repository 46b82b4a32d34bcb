"""Deleting runs, and other things, with a way back.

What a session has deleted comes back for some minutes, until the session has ended. Deleting gives
a folder or file a hidden name beside the others, which needs no room on a full disk. Only runs that
nothing works on are deleted.
"""

import contextlib
import itertools
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fmnist.errors import ChangeError
from fmnist.runs.about import check_movable, lock_runs
from fmnist.runs.library import DRAFT, free_run_name, run_title, runs_directory
from fmnist.runs.run import RUN_NAME, Run, read_run

HIDDEN = ".trash-"  # begins the name of what is deleted
MINUTES = 15  # for which it may come back
DAY = 86_400.0  # seconds after which nobody asks for it any more


class Deleted(Protocol):
    """Something that was deleted: what it is called, and where it is until it is purged."""

    @property
    def name(self) -> str:
        """What it was called."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The hidden files and folders."""

    def restore(self) -> Any:
        """Put it back. Raises FmnistError where it cannot."""


class Trash:
    """What one session has deleted and may have back.

    It is emptied by `purge`, and when it is forgotten or the server ends; after a crash `purge_old`
    does it.
    """

    def __init__(self):
        self._deleted: list[tuple[float, Deleted]] = []
        self._timer: threading.Timer | None = None
        weakref.finalize(self, _remove, self._deleted)

    @property
    def deleted(self) -> tuple[Deleted, ...]:
        """What can be brought back, in the order it was deleted."""
        return tuple(deleted for _, deleted in self._deleted)

    def add(self, deleted: Deleted) -> None:
        """Keep what has been deleted."""
        self._deleted.append((time.monotonic(), deleted))

    def undo(self, deleted: Deleted) -> Any:
        """Put something back, and return what its `restore` does.

        Raises ChangeError where it is gone for good, and what `restore` raises.
        """
        entry = next((entry for entry in self._deleted if entry[1] is deleted), None)
        if entry is None:
            raise ChangeError(f"{deleted.name!r} cannot be brought back any more.")
        if not any(map(os.path.lexists, deleted.paths)):
            self._deleted.remove(entry)
            raise ChangeError(f"{deleted.name!r} was deleted too long ago to be brought back.")
        restored = deleted.restore()
        self._deleted.remove(entry)
        _remove([entry])  # what is there again already
        return restored

    def expire(self) -> None:
        """Remove for good what was deleted too long ago."""
        while self._deleted and time.monotonic() - self._deleted[0][0] > 60 * MINUTES:
            _remove([self._deleted.pop(0)])

    def purge(self) -> None:
        """Remove for good what was deleted."""
        self.stay()
        _remove(self._deleted)

    def purge_later(self, seconds: float) -> None:
        """Purge when so many seconds have passed without `stay`: a lost session may come back."""
        self.stay()
        if self._deleted:
            self._timer = threading.Timer(seconds, self.purge)
            self._timer.daemon = True
            self._timer.start()

    def stay(self) -> None:
        """Take `purge_later` back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@dataclass(frozen=True)
class DeletedRun:
    """A deleted run: its title, and where its folder is until it is purged, and was before."""

    name: str
    path: Path
    before: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its folder."""
        return (self.path,)

    def restore(self) -> Run:
        """Put it back, under a free name where its own was taken meanwhile, and return it.

        Raises ChangeError where the disk refuses.
        """
        with lock_runs() as directory:
            name = self.before.name
            known = RUN_NAME.fullmatch(name) or not os.path.lexists(directory / name)
            path = directory / (free_run_name(name) if known else free_run_name("damaged"))
            self.path.rename(path)
        return read_run(path)


def delete_run(run: Run) -> DeletedRun:
    """Hide an own run's folder, for a `Trash`. Raises ChangeError where it cannot be deleted."""
    with lock_runs() as directory:
        check_movable(run, "deleted")
        path = directory / f"{HIDDEN}{secrets.token_hex(8)}-{run.name[:64]}"
        hide(run.path, path)
    return DeletedRun(run_title(run), path, run.path)


def purge_old_runs() -> None:
    """Remove for good what any session deleted, or began to make, more than a day ago."""
    names = f"{HIDDEN}*", f"{DRAFT}*", ".trash/*"  # the last one until version 1.0
    purge_old(itertools.chain.from_iterable(map(runs_directory().glob, names)))


def hide(path: Path, hidden: Path) -> None:
    """Give a file or folder its hidden name, and the time from which `purge_old` counts."""
    if not path.is_symlink():
        os.utime(path)
    path.rename(hidden)


def purge_old(places: Iterable[Path]) -> None:
    """Remove for good those of the hidden places that are more than a day old."""
    with contextlib.suppress(OSError):
        for place in places:
            with contextlib.suppress(OSError):
                if time.time() - place.lstat().st_mtime > DAY:
                    _remove_tree(place)


def _remove(entries: list[tuple[float, Deleted]]) -> None:
    while entries:
        for path in entries.pop()[1].paths:
            _remove_tree(path)


def _remove_tree(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)  # which unlinks links and does not follow them
