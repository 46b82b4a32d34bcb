"""What people say of a run, its star and its note, and another name for it.

A star and a note lie in `about.json` in the run's folder. Shipped runs are part of the checkout and
are not written to; what is said of them lies in `.shipped.json` in the folder of own runs. Only
runs that nothing works on are renamed.
"""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fmnist.access import check_may_change
from fmnist.errors import ChangeError
from fmnist.files import locked_folder, read_json, write_json
from fmnist.runs.library import check_run_name, list_runs, runs_directory
from fmnist.runs.run import Run, read_run

ABOUT_FILE, SHIPPED_FILE = "about.json", ".shipped.json"
MAX_NOTE_LENGTH = 500  # characters


@dataclass(frozen=True)
class About:
    """Whether a run has a star, and its note of up to MAX_NOTE_LENGTH characters."""

    starred: bool = False
    note: str = ""


def load_about(run: Run) -> About:
    """The run's star and note; neither where nothing sound is kept. Never raises."""
    kept: Any = _read(_place(run))
    if run.shipped:
        kept = kept.get(run.name)
    if not isinstance(kept, dict):
        return About()
    note = kept.get("note")
    return About(
        kept.get("starred") is True, note[:MAX_NOTE_LENGTH] if isinstance(note, str) else ""
    )


def set_star(run: Run, starred: bool) -> None:
    """Give the run a star or take it off. Raises ChangeError where the disk refuses."""
    _change(run, starred=bool(starred))


def set_note(run: Run, note: str) -> None:
    """Note something about the run, "" for nothing.

    Raises ChangeError where it is longer than MAX_NOTE_LENGTH characters or the disk refuses.
    """
    note = note.strip()
    if len(note) > MAX_NOTE_LENGTH:
        raise ChangeError(
            f"A note has at most {MAX_NOTE_LENGTH} characters and this one {len(note):,}; "
            "shorten it."
        )
    _change(run, note=note.encode(errors="replace").decode())  # a browser may send half characters


def rename_run(run: Run, name: str) -> Run:
    """Give an own run that has ended another name, and return it.

    Raises RunError where the name cannot be had, ChangeError where the run cannot be renamed.
    """
    name = name.strip()
    with lock_runs():
        check_movable(run, "renamed")
        if name == run.name:
            return run
        check_run_name(name, run.path.parent)
        run.path.rename(run.path.with_name(name))
    return read_run(run.path.with_name(name))


def lock_runs() -> AbstractContextManager[Path]:
    """The folder of own runs, held against others who change its list; see `locked_folder`.

    Raises AccessDenied where only the owner may change it.
    """
    check_may_change()
    return locked_folder(runs_directory(), ChangeError, "The runs", ".keeping.lock")


def check_movable(run: Run, done: str) -> None:
    """Raise ChangeError where the folder must stay where it is."""
    if run.shipped:
        raise ChangeError(f"The run {run.name!r} ships with the project and cannot be {done}.")
    if not os.path.lexists(run.path):
        raise ChangeError(f"The run {run.name!r} is gone; somebody has renamed or deleted it.")
    if read_run(run.path).active:  # it may have begun since the page was drawn
        raise ChangeError(f"The run {run.name!r} is at work; it can be {done} when it has ended.")
    for other in list_runs():
        if other.state in ("waiting", "starting") and run.name in _initial(other):
            raise ChangeError(
                f"The run {other.name!r} is about to begin with the weights of {run.name!r}, "
                f"which can be {done} when that is training."
            )


def _initial(run: Run) -> list[str]:
    return [name.strip() for name in run.settings.initial.split(",")] if run.settings else []


def _place(run: Run) -> Path:
    return runs_directory() / SHIPPED_FILE if run.shipped else run.path / ABOUT_FILE


def _read(path: Path) -> dict:
    try:
        kept = read_json(path)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _change(run: Run, **values: Any) -> None:
    with lock_runs():
        if not run.path.is_dir():
            raise ChangeError(f"The run {run.name!r} is gone; somebody has renamed or deleted it.")
        entry = {**vars(load_about(run)), **values}
        kept = {**_read(_place(run)), run.name: entry} if run.shipped else entry
        write_json(_place(run), kept)
