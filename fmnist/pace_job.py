"""The measurement of this machine in a process of its own, while pages go on; see `pace`.

One at a time for all visitors of a server. It is short, so it ends by itself where the server does.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from fmnist import lock, pace, runs
from fmnist.errors import TrainingBusy, TrainingFailed

__all__ = ["busy_message", "cancel", "collect", "progress", "start"]

ROOT = Path(__file__).parents[1]
_turn = threading.Lock()
_current: "_Measurement | None" = None


class _Measurement:
    """A process and the file with what it has said."""

    def __init__(self):
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        self.cancelled = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fmnist", "plan", "--measure"],
            cwd=ROOT,
            env={**os.environ, "FMNIST_RUNS": str(runs.runs_directory())},
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # not reached by the server's Ctrl-C
        )

    def lines(self) -> list[str]:
        size = os.fstat(self._said.fileno()).st_size
        # at a place of its own, because the process writes at the file's
        return os.pread(self._said.fileno(), size, 0).decode(errors="replace").splitlines()

    def close(self) -> None:
        self.process.wait()
        self._said.close()


def busy_message() -> str | None:
    """Why this machine cannot be measured now, or None where it can."""
    busy, other = lock.find_holder()
    if not busy:
        return None
    subject = lock.subject_of(other)
    return f"{subject} is training, so this machine cannot be measured; wait for its end."


def start() -> None:
    """Begin to measure, where nobody does already. Raises TrainingBusy while a training runs."""
    global _current
    with _turn:
        if _current is not None and _current.process.poll() is None:
            return
        if (busy := busy_message()) is not None:
            raise TrainingBusy(busy)
        if _current is not None:
            _current.close()
        _current = _Measurement()


def progress() -> tuple[float, str] | None:
    """The share that is done, 0..1, and what is measured; None where nothing is."""
    with _turn:
        if _current is None or _current.process.poll() is not None:
            return None
        stages = [stage for line in _current.lines() if (stage := _stage(line)) is not None]
        return stages[-1] if stages else (0.0, "Starting")


def cancel() -> None:
    """End the measurement; nothing where there is none."""
    with _turn:
        if _current is not None and _current.process.poll() is None:
            _current.cancelled = True
            _current.process.terminate()


def collect() -> None:
    """Forget a measurement that has ended.

    Raises TrainingFailed with its last words where it ended otherwise than well or cancelled.
    """
    global _current
    with _turn:
        ended = _current
        if ended is None or ended.process.poll() is None:
            return
        _current = None
        lines = ended.lines()
        ended.close()
    if ended.process.returncode and not ended.cancelled:
        words = lines[-1].removeprefix("fmnist: ") if lines else "it said nothing"
        raise TrainingFailed(f"This machine could not be measured: {words}")
    if not ended.cancelled and pace.read() is None:
        raise TrainingFailed(
            "What was measured cannot be kept: the folder of runs cannot be written."
        )


def _stage(line: str) -> tuple[float, str] | None:
    try:
        stage = json.loads(line)
        share, words = stage["share"], stage["words"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    sound = type(share) in (int, float) and 0 <= share <= 1 and isinstance(words, str)
    return (share, words) if sound else None
