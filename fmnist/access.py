"""Who may change what is kept, and whose it is: everybody's, or that of who has signed in.

With FMNIST_PUBLIC=1 visitors draw, upload and look; whatever starts, stops, renames, deletes or
keeps something asks `check_may_change` first, wherever it was called from. Who the owner is, the
pages know (`set_owner_check`); the command line is the owner's.

Elsewhere corrections, tags and votes are shared by all, but those of a visitor who has signed in
are his own (`own_folder`).
"""

import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import TypeVar

from fmnist.errors import AccessDenied

T = TypeVar("T")
OFF = ("", "0", "false", "no", "off")


def _nobody() -> bool:
    return False


def _everybody() -> str:
    return ""


_is_owner: Callable[[], bool] = _nobody
_find_person: Callable[[], str] = _everybody
_known_person: ContextVar[str | None] = ContextVar("known_person", default=None)


def is_public() -> bool:
    """Whether the app is open to the public: FMNIST_PUBLIC is set, and not to 0."""
    return os.environ.get("FMNIST_PUBLIC", "").strip().lower() not in OFF


def owners() -> frozenset[str]:
    """The e-mail addresses in FMNIST_OWNERS, separated by commas, in lower case."""
    found = os.environ.get("FMNIST_OWNERS", "").lower().split(",")
    return frozenset(filter(None, (address.strip() for address in found)))


def set_owner_check(check: Callable[[], bool]) -> None:
    """Let `check` say, at each action, whether it is the owner's; without one, none is."""
    global _is_owner
    _is_owner = check


def may_change() -> bool:
    """Whether what is kept may be changed now."""
    return not is_public() or _is_owner()


def check_may_change() -> None:
    """Raise AccessDenied where what is kept may not be changed."""
    if not may_change():
        raise AccessDenied(
            "This app is open to the public: only its owner can change what it keeps."
        )


def set_person_finder(find: Callable[[], str]) -> None:
    """Let `find` say, at each action, whose it is: the name of a folder, or "" for everybody's."""
    global _find_person
    _find_person = find


def _person() -> str:
    known = _known_person.get()
    if known is not None:
        return known
    return "" if is_public() else _find_person()  # visitors of a public app see its owner's


def keeps_own() -> bool:
    """Whether what is kept now is one visitor's own."""
    return bool(_person())


def own_folder(shared: Path) -> Path:
    """Where the visitor keeps what others keep in the folder `shared`."""
    return shared / "people" / person if (person := _person()) else shared


def for_this_person(work: Callable[[], T]) -> Callable[[], T]:
    """`work` to be called later, by a thread that knows no visitor."""
    person = _person()

    @wraps(work)
    def run() -> T:
        before = _known_person.set(person)
        try:
            return work()
        finally:
            _known_person.reset(before)

    return run
