"""A run's history: one JSON line per event, as its training process wrote them.

The events are replayed into one state, `TrainingProgress`, from which curves, progress and numbers
are made. A page looks once a second, and a long history has thousands of events: what was read of
a file is remembered for all sessions of the process, so that a look costs what is new.

Files can be damaged and folders come from elsewhere, so an event counts only where every field
that a reader relies on is there and is a number that makes sense.
"""

import dataclasses
import functools
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fmnist.files import open_regular, parse_json_lines, read_file
from fmnist.runs.run import MAX_HISTORY, Run

FILE = "history.jsonl"
MAX_POINTS = 300  # over the planned epochs; a chart is not much wider in pixels
FILES_KEPT = 16
TAIL = 512  # bytes that tell whether a file is still the one that was read

COUNTS = {"epoch", "epochs", "batch", "batches"}
NUMBERS = {
    "accuracy",
    "loss",
    "val_accuracy",
    "val_loss",
    "images_per_second",
    "seconds_left",
    "seconds",
    "time",
    # older progress events are without these
    "recent_accuracy",
    "recent_loss",
    "learning_rate",
    "processor",
    "memory_mib",
}
NEEDED = {
    "progress": COUNTS | {"accuracy", "loss", "images_per_second", "seconds_left"},
    "epoch": {"epoch", "accuracy", "loss"},
    "resumed": {"epoch"},
}


@dataclass(frozen=True)
class TrainingProgress:
    """How a training has gone, without what was lost when it was resumed.

    epochs: the finished epochs' events, in order; points: progress events, thinned, in order;
    latest: the newest one of the process that trains now, None before its first; refused: why
    the last wish for another learning rate was refused, "" where it was not; seconds: spent on
    training until `event_time`, the time of the last event; ticking: whether they go on after it
    """

    epochs: tuple[dict, ...] = ()
    points: tuple[dict, ...] = ()
    latest: dict | None = None
    refused: str = ""
    seconds: float = 0.0
    event_time: float = 0.0
    ticking: bool = False

    @property
    def epochs_done(self) -> int:
        """The number of the last finished epoch, 0 before the first."""
        return self.epochs[-1]["epoch"] if self.epochs else 0

    def elapsed(self, now: float) -> float:
        """Seconds spent on training until `now` (s since 1970), of a training that is alive."""
        return self.seconds + max(0.0, now - self.event_time) * self.ticking


def read_events(run: Run) -> list[dict]:
    """Every valid event of a run, oldest first: dicts with "event" and "time" (s since 1970)."""
    try:
        return _parse_events(read_file(run.path / FILE, MAX_HISTORY))
    except OSError:  # a training that has just begun has none yet
        return []


def follow_progress(run: Run) -> TrainingProgress:
    """How a training has gone until now; safe for threads. Never raises: damage is left out.

    A last line without its end is read once it has one.
    """
    path = run.path / FILE
    with _lock:
        return _followed_file(path).read_on()


def epoch_position(event: dict) -> float:
    """Where a progress event stands, in epochs; below the whole number of a finished one."""
    return event["epoch"] - 1 + min(event["batch"] / event["batches"], 0.999)


def _parse_events(data: bytes) -> list[dict]:
    return [event for event in parse_json_lines(data) if _is_valid(event)]


def _is_valid(event: dict) -> bool:
    """True where an event has every field that its readers rely on."""
    kind = event.get("event")
    if not isinstance(kind, str) or not NEEDED.get(kind, set()) <= event.keys():
        return False
    counts = (event[name] for name in COUNTS & event.keys())
    numbers = (event[name] for name in NUMBERS & event.keys())
    least = 0 if kind == "resumed" else 1  # it may go on after no epoch
    return all(type(n) is int and least <= n < 2**31 for n in counts) and all(
        type(n) in (int, float) and abs(n) < 1e12  # which no NaN is either
        for n in numbers
    )


class _FollowedFile:
    """One file as far as it was read. Whoever calls holds the lock."""

    def __init__(self, path: Path):
        self._path = path
        self._begin()

    def _begin(self) -> None:
        self._size, self._tail = 0, b""
        self._replay = _Replay()
        self._progress = TrainingProgress()

    def read_on(self) -> TrainingProgress:
        try:
            with open_regular(self._path, MAX_HISTORY) as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._size or not self._is_same(file):
                    self._begin()
                if size == self._size:
                    return self._progress
                file.seek(self._size)
                new = file.read(size - self._size)
        except OSError:  # there is none yet, or it is gone
            self._begin()
            return self._progress
        whole = new[: new.rfind(b"\n") + 1]
        if whole:
            self._size += len(whole)
            self._tail = (self._tail + whole)[-TAIL:]
            for event in _parse_events(whole):
                self._replay.add(event)
            self._progress = self._replay.progress()
        return self._progress

    def _is_same(self, file: BinaryIO) -> bool:
        file.seek(self._size - len(self._tail))
        return file.read(len(self._tail)) == self._tail


class _Replay:
    """The events so far, one after another.

    Points are thinned as they come: one that stands stays where it is, and only the newest moves.
    """

    def __init__(self):
        self._epochs: dict[int, tuple[dict, float]] = {}  # epoch -> event, seconds until it
        self._points: list[dict] = []
        self._head: list[dict] = []  # the newest point, where it is not among the thinned ones
        self._now = TrainingProgress()

    def progress(self) -> TrainingProgress:
        events = (event for _, (event, _) in sorted(self._epochs.items()))
        points = (*self._points, *self._head)
        return dataclasses.replace(self._now, epochs=tuple(events), points=points)

    def add(self, event: dict) -> None:
        time = event.get("time", self._now.event_time)
        self._set(seconds=self._now.elapsed(time), event_time=time)
        match event["event"]:
            case "start":
                self._set(latest=None, refused="", ticking=True, seconds=self._seconds_until())
            case "resumed":
                self._forget_after(event["epoch"])
            case "progress":
                self._set(latest=event)
                self._add_point(event)
            case "epoch":
                self._epochs[event["epoch"]] = event, self._now.seconds
            case "resume":
                self._set(ticking=True)
            case "pause" | "finishing" | "end" | "error":
                self._set(ticking=False)
            case "refused":
                self._set(refused=str(event.get("message", ""))[:500])
            case "rate":
                self._set(refused="")

    def _set(self, **changes: Any) -> None:
        self._now = dataclasses.replace(self._now, **changes)

    def _seconds_until(self, epoch: int = 2**31) -> float:
        return max((at for k, (_, at) in self._epochs.items() if k <= epoch), default=0.0)

    def _forget_after(self, epoch: int) -> None:
        """Later epochs are lost, and so is the time that they took."""
        loading = self._now.seconds - self._seconds_until()
        self._epochs = {k: kept for k, kept in self._epochs.items() if k <= epoch}
        self._points = [one for one in self._points + self._head if one["epoch"] <= epoch]
        self._head = []
        self._set(latest=None, seconds=self._seconds_until(epoch) + loading)

    def _add_point(self, event: dict) -> None:
        step = event["epochs"] / MAX_POINTS
        if self._points and epoch_position(event) - epoch_position(self._points[-1]) < step:
            self._head = [event]
            return
        self._points.append(event)
        self._head = []
        if len(self._points) > 2 * MAX_POINTS:  # continued for more epochs again and again
            self._points = self._points[::2]


_lock = threading.Lock()
_followed_file = functools.lru_cache(FILES_KEPT)(_FollowedFile)
