"""Looking after runs: stars and notes, other names, and deleting with a way back.

A star and a note lie in `about.json` in the run's folder. Shipped runs are part of the checkout and
are not written to; what is said of them lies in `.shipped.json` in the folder of own runs. Deleting
moves a run's folder to `.trash` there, from where it comes back until the session that deleted it
has left the page. Only runs that nothing works on are renamed or deleted.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from fmnist import runs, storage
from fmnist.errors import KeepingError
from fmnist.runs import Run

__all__ = [
    "FILE",
    "MOST_NOTE",
    "About",
    "Deleted",
    "Trash",
    "about",
    "free_name",
    "locked",
    "purge_old",
    "rename",
    "set_note",
    "set_star",
]

FILE, SHIPPED, TRASH = "about.json", ".shipped.json", ".trash"
MOST_NOTE = 500  # characters
MOST_READ = 2**20  # bytes; nothing that this module writes is near it
DAY = 86_400.0  # seconds after which nobody asks for a deleted run any more
PATIENCE = 10.0  # seconds to wait for another process; each holds the lock for milliseconds


@dataclass(frozen=True)
class About:
    """What people say of a run: whether it has a star, and up to MOST_NOTE characters."""

    starred: bool = False
    note: str = ""


@dataclass(frozen=True)
class Deleted:
    """A deleted run: the name it had, and where its folder is until it is purged."""

    name: str
    path: Path


def about(run: Run) -> About:
    """The run's star and note; neither where nothing sound is kept. Never raises."""
    kept = _read(_place(run))
    if run.shipped:
        kept = kept.get(run.name)
    if not isinstance(kept, dict):
        return About()
    note = kept.get("note")
    return About(kept.get("starred") is True, note[:MOST_NOTE] if isinstance(note, str) else "")


def set_star(run: Run, starred: bool) -> None:
    """Give the run a star or take it off. Raises KeepingError where the disk refuses."""
    _change(run, starred=bool(starred))


def set_note(run: Run, note: str) -> None:
    """Note something about the run, "" for nothing.

    Raises KeepingError where it is longer than MOST_NOTE characters or the disk refuses.
    """
    note = note.strip()
    if len(note) > MOST_NOTE:
        raise KeepingError(
            f"A note has at most {MOST_NOTE} characters and this one {len(note):,}; shorten it."
        )
    _change(run, note=note.encode(errors="replace").decode())  # a browser may send half characters


def rename(run: Run, name: str) -> Run:
    """Give an own run that has ended another name, and return it.

    Raises RunError where the name cannot be had, KeepingError where the run cannot be renamed.
    """
    name = name.strip()
    with locked():
        _check_movable(run, "renamed")
        if name == run.name:
            return run
        runs.check_name(name, run.path.parent)
        run.path.rename(run.path.with_name(name))
    return runs.read(run.path.with_name(name))


def free_name(name: str) -> str:
    """The name, or with a number behind it where a run has it already."""
    directory = runs.runs_directory()
    names = [name, *(f"{name[:58]}-{number}" for number in range(2, 1_000))]
    return next(
        free
        for free in names
        if not os.path.lexists(directory / free) and not (runs.SHIPPED_DIR / free).exists()
    )


class Trash:
    """What one session has deleted and may have back.

    It is emptied by `purge`, and when it is forgotten or the server ends; after a crash `purge_old`
    does it.
    """

    def __init__(self):
        self._deleted: list[Deleted] = []
        self._timer: threading.Timer | None = None
        weakref.finalize(self, _remove, self._deleted)

    @property
    def deleted(self) -> tuple[Deleted, ...]:
        """What can be brought back, in the order it was deleted."""
        return tuple(self._deleted)

    def delete(self, run: Run) -> Deleted:
        """Move an own run's folder here. Raises KeepingError where it cannot be deleted."""
        with locked() as directory:
            _check_movable(run, "deleted")
            (directory / TRASH).mkdir(exist_ok=True)
            place = Path(tempfile.mkdtemp(dir=directory / TRASH))
            run.path.rename(place / run.path.name)
        deleted = Deleted(run.name, place / run.path.name)
        self._deleted.append(deleted)
        return deleted

    def undo(self, deleted: Deleted) -> Run:
        """Put a run back, under a free name where its own was taken meanwhile, and return it.

        Raises KeepingError where it is gone for good.
        """
        if deleted not in self._deleted:
            raise KeepingError(f"The run {deleted.name!r} cannot be brought back any more.")
        self._deleted.remove(deleted)
        with locked() as directory:
            name = deleted.path.name
            known = runs.NAME.fullmatch(name) or not os.path.lexists(directory / name)
            path = directory / (free_name(name) if known else free_name("damaged"))
            try:
                deleted.path.rename(path)
            except FileNotFoundError:
                raise KeepingError(
                    f"The run {deleted.name!r} was deleted too long ago to be brought back."
                ) from None
            with contextlib.suppress(OSError):
                deleted.path.parent.rmdir()
        return runs.read(path)

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


def purge_old() -> None:
    """Remove for good what any session deleted more than a day ago."""
    with contextlib.suppress(OSError):
        for place in (runs.runs_directory() / TRASH).iterdir():
            with contextlib.suppress(OSError):
                if time.time() - place.lstat().st_mtime > DAY:
                    _remove_tree(place)


@contextlib.contextmanager
def locked() -> Iterator[Path]:
    """The folder of own runs, made where it is missing, held against others who change its list.

    Whatever the disk says within is a KeepingError.
    """
    directory = runs.runs_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(directory / ".keeping.lock", timeout=PATIENCE):
            yield directory
    except filelock.Timeout:
        raise KeepingError("The runs are being changed by others; try again.") from None
    except OSError as error:
        raise KeepingError(
            f"The runs cannot be changed on this computer's disk ({error.strerror})."
        ) from None


def _check_movable(run: Run, done: str) -> None:
    """Raise KeepingError where the folder must stay where it is."""
    if run.shipped:
        raise KeepingError(f"The run {run.name!r} ships with the project and cannot be {done}.")
    if not os.path.lexists(run.path):
        raise KeepingError(f"The run {run.name!r} is gone; somebody has renamed or deleted it.")
    if runs.read(run.path).active:  # it may have begun since the page was drawn
        raise KeepingError(f"The run {run.name!r} is at work; it can be {done} when it has ended.")
    for other in runs.list_runs():
        if other.state in ("waiting", "starting") and run.name in _initial(other):
            raise KeepingError(
                f"The run {other.name!r} is about to begin with the weights of {run.name!r}, "
                f"which can be {done} when that is training."
            )


def _initial(run: Run) -> list[str]:
    return [name.strip() for name in run.settings.initial.split(",")] if run.settings else []


def _place(run: Run) -> Path:
    return runs.runs_directory() / SHIPPED if run.shipped else run.path / FILE


def _read(path: Path) -> dict:
    try:
        with path.open("rb") as file:
            kept = json.loads(file.read(MOST_READ))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _change(run: Run, **values) -> None:
    with locked():
        if not run.path.is_dir():
            raise KeepingError(f"The run {run.name!r} is gone; somebody has renamed or deleted it.")
        entry = {**vars(about(run)), **values}
        kept = {**_read(_place(run)), run.name: entry} if run.shipped else entry
        storage.write_json(_place(run), kept)


def _remove(deleted: list[Deleted]) -> None:
    while deleted:
        _remove_tree(deleted.pop().path.parent)


def _remove_tree(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)  # which unlinks links and does not follow them
