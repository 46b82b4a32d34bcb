"""Deleting runs with a way back.

Deleting gives a run's folder a hidden name beside the others, which needs no room on a full disk;
it comes back until the session that deleted it has left the page. Only runs that nothing works on
are deleted.
"""

import contextlib
import itertools
import os
import secrets
import shutil
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

from fmnist.errors import ChangeError
from fmnist.runs.about import check_movable, lock_runs
from fmnist.runs.library import DRAFT, free_run_name, runs_directory
from fmnist.runs.run import RUN_NAME, Run, read_run

TRASH = ".trash-"  # begins the name of a deleted run's folder
DAY = 86_400.0  # seconds after which nobody asks for a deleted run any more


@dataclass(frozen=True)
class DeletedRun:
    """A deleted run: its name, and where its folder is until it is purged, and was before."""

    name: str
    path: Path
    before: Path


class Trash:
    """What one session has deleted and may have back.

    It is emptied by `purge`, and when it is forgotten or the server ends; after a crash
    `purge_old_runs` does it.
    """

    def __init__(self):
        self._deleted: list[DeletedRun] = []
        self._timer: threading.Timer | None = None
        weakref.finalize(self, _remove, self._deleted)

    @property
    def deleted(self) -> tuple[DeletedRun, ...]:
        """What can be brought back, in the order it was deleted."""
        return tuple(self._deleted)

    def delete(self, run: Run) -> DeletedRun:
        """Move an own run's folder here. Raises ChangeError where it cannot be deleted."""
        with lock_runs() as directory:
            check_movable(run, "deleted")
            path = directory / f"{TRASH}{secrets.token_hex(8)}-{run.name[:64]}"
            if not run.path.is_symlink():
                os.utime(run.path)  # `purge_old_runs` asks when it was
            run.path.rename(path)
        deleted = DeletedRun(run.name, path, run.path)
        self._deleted.append(deleted)
        return deleted

    def undo(self, deleted: DeletedRun) -> Run:
        """Put a run back, under a free name where its own was taken meanwhile, and return it.

        Raises ChangeError where it is gone for good.
        """
        if deleted not in self._deleted:
            raise ChangeError(f"The run {deleted.name!r} cannot be brought back any more.")
        with lock_runs() as directory:
            name = deleted.before.name
            known = RUN_NAME.fullmatch(name) or not os.path.lexists(directory / name)
            path = directory / (free_run_name(name) if known else free_run_name("damaged"))
            try:
                deleted.path.rename(path)
            except FileNotFoundError:
                self._deleted.remove(deleted)
                raise ChangeError(
                    f"The run {deleted.name!r} was deleted too long ago to be brought back."
                ) from None
            self._deleted.remove(deleted)
        return read_run(path)

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


def purge_old_runs() -> None:
    """Remove for good what any session deleted, or began to make, more than a day ago."""
    with contextlib.suppress(OSError):
        directory = runs_directory()
        names = f"{TRASH}*", f"{DRAFT}*", ".trash/*"  # the last one until version 1.0
        for place in itertools.chain.from_iterable(map(directory.glob, names)):
            with contextlib.suppress(OSError):
                if time.time() - place.lstat().st_mtime > DAY:
                    _remove_tree(place)


def _remove(deleted: list[DeletedRun]) -> None:
    while deleted:
        _remove_tree(deleted.pop().path)


def _remove_tree(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)  # which unlinks links and does not follow them
