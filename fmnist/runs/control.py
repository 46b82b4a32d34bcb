"""The request files in a run's folder: stop, pause, another rate. The training obeys them.

Anybody may ask: a page, another browser's page, the command line. The training process looks four
times a second; what it has obeyed it removes.
"""

import contextlib
import math
from pathlib import Path

from fmnist.files import read_file, replace_file

STOP, PAUSE = "stop", "pause"
RATE = "rate.txt"  # holds the rate


def post_request(path: Path, what: str) -> None:
    """Ask the training of the run at `path` to STOP, or to PAUSE until that is withdrawn."""
    (path / what).touch()


def has_request(path: Path, what: str) -> bool:
    """True once `what` was asked of the run at `path`, until it is withdrawn."""
    return (path / what).exists()


def withdraw_request(path: Path, what: str) -> None:
    """Take a request back; nothing where there was none."""
    with contextlib.suppress(OSError):  # no reason to call a finished training failed
        (path / what).unlink(missing_ok=True)


def withdraw_requests(path: Path) -> None:
    """Take all requests back, at the end of a training that nobody killed."""
    for request in (STOP, PAUSE, RATE):
        withdraw_request(path, request)


def post_rate(path: Path, rate: float) -> None:
    """Ask for another peak learning rate from the next epoch on; a later wish replaces this one."""
    replace_file(path / RATE, lambda part: part.write_text(f"{rate!r}\n", encoding="ascii"))


def requested_rate(path: Path) -> float | None:
    """The learning rate that was asked for and is not in use yet, or None."""
    try:
        rate = float(read_file(path / RATE, 100))
    except (OSError, ValueError):
        return None
    return rate if math.isfinite(rate) else None
