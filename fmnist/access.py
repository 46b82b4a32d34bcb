"""Who may change what is kept: everybody, or, where the app is open to the public, its owner.

With FMNIST_PUBLIC=1 visitors draw, upload and look; whatever starts, stops, renames, deletes or
keeps something asks `check_may_change` first, wherever it was called from. Who the owner is, the
pages know (`set_owner_check`); the command line is the owner's.
"""

import os
from collections.abc import Callable

from fmnist.errors import AccessDenied

OFF = ("", "0", "false", "no", "off")


def _nobody() -> bool:
    return False


_is_owner: Callable[[], bool] = _nobody


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
