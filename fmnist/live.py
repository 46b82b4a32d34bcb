"""How a training has gone so far, read on from where the last look ended.

A page looks at a history once a second, and a long one has thousands of events. What was read of a
file is remembered for all sessions of the process, so that a look costs what is new. Points within
the epochs are thinned as they come: one that stands stays where it is, and only the newest moves.
"""

import dataclasses
import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from fmnist.architectures import NETWORKS
from fmnist.history import sound
from fmnist.runs import Run
from fmnist.settings import TrainSettings

__all__ = ["MOST_POINTS", "Course", "follow", "place", "progress_text", "settings_text"]

MOST_POINTS = 300  # over the planned epochs; a chart is not much wider in pixels
FILES_KEPT = 16
TAIL = 512  # bytes that tell whether a file is still the one that was read


@dataclass(frozen=True)
class Course:
    """What a history says that still stands: nothing that was lost when a training was resumed.

    epochs: the finished epochs' events, in order; points: progress events, thinned, in order;
    progress: the newest one of the process that trains now, None before its first; refused: why
    the last wish for another learning rate was refused, "" where it was not; seconds: spent on
    training until `newest`, the time of the last event; ticking: whether they go on after it
    """

    epochs: tuple[dict, ...] = ()
    points: tuple[dict, ...] = ()
    progress: dict | None = None
    refused: str = ""
    seconds: float = 0.0
    newest: float = 0.0
    ticking: bool = False

    def elapsed(self, now: float) -> float:
        """Seconds spent on training until `now` (s since 1970), of a training that is alive."""
        return self.seconds + max(0.0, now - self.newest) * self.ticking


def follow(run: Run) -> Course:
    """The course of a run until now; safe for threads. Never raises: what is damaged is left out.

    A last line without its end is read once it has one.
    """
    path = run.path / "history.jsonl"
    with _lock:
        followed = _files.pop(path, None) or _Followed()
        _files[path] = followed  # the newest last
        while len(_files) > FILES_KEPT:
            _files.popitem(last=False)
        return followed.look(path)


def progress_text(course: Course, planned: int) -> tuple[float, str]:
    """The share of the planned epochs that is done, 0..1, and where a training is, in words."""
    now = course.progress
    if now is None:
        done = course.epochs[-1]["epoch"] if course.epochs else 0
        return min(done / planned, 1.0), "Starting takes some ten seconds"
    words = f"Epoch {now['epoch']:,} of {planned:,}, batch {now['batch']:,} of {now['batches']:,}"
    done = now["epoch"] - 1 + now["batch"] / now["batches"]
    return min(max(done / planned, 0.0), 1.0), words


def settings_text(settings: TrainSettings) -> str:
    """The settings in one short line."""
    words = [
        NETWORKS[settings.network].title,
        f"{settings.epochs} epoch{'s' * (settings.epochs != 1)}",
        f"batch {settings.batch_size}",
        f"rate {settings.learning_rate:g}",
    ]
    if not settings.holdout:
        words.append("all 60,000 images")
    elif settings.fraction < 1:
        words.append(f"{settings.fraction:.0%} of the images")
    if options := settings.options_in_words():
        words.append(options)
    return " · ".join(words)


class _Followed:
    """One file as far as it was read. Whoever calls holds the lock."""

    def __init__(self):
        self._begin()

    def _begin(self) -> None:
        self._read, self._tail = 0, b""
        self._story = _Story()
        self._course = Course()

    def look(self, path: Path) -> Course:
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._read or not self._same(file):
                    self._begin()
                if size == self._read:
                    return self._course
                file.seek(self._read)
                new = file.read(size - self._read)
        except OSError:  # there is none yet, or it is gone
            self._begin()
            return self._course
        whole = new[: new.rfind(b"\n") + 1]
        if whole:
            self._read += len(whole)
            self._tail = (self._tail + whole)[-TAIL:]
            for line in whole.splitlines():
                self._story.add(line)
            self._course = self._story.course()
        return self._course

    def _same(self, file) -> bool:
        file.seek(self._read - len(self._tail))
        return file.read(len(self._tail)) == self._tail


class _Story:
    """The events so far, one after another."""

    def __init__(self):
        self._epochs: dict[int, tuple[dict, float]] = {}  # epoch -> event, seconds until it
        self._points: list[dict] = []
        self._head: dict | None = None  # the newest point, where it is not among the thinned ones
        self._now = Course()

    def add(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict) or not sound(event):
            return
        self._tick(event)
        handle = getattr(self, f"_on_{event['event']}", None)
        if handle is not None:
            handle(event)

    def course(self) -> Course:
        return dataclasses.replace(
            self._now,
            epochs=tuple(event for _, (event, _) in sorted(self._epochs.items())),
            points=tuple(self._all_points()),
        )

    def _all_points(self) -> list[dict]:
        return self._points if self._head is None else [*self._points, self._head]

    def _set(self, **changes) -> None:
        self._now = dataclasses.replace(self._now, **changes)

    def _tick(self, event: dict) -> None:
        time = event.get("time", self._now.newest)
        self._set(seconds=self._now.elapsed(time), newest=time)

    def _seconds_until(self, epoch: int) -> float:
        return max((at for k, (_, at) in self._epochs.items() if k <= epoch), default=0.0)

    def _on_start(self, event: dict) -> None:
        before = self._seconds_until(max(self._epochs, default=0))
        self._set(progress=None, refused="", ticking=True, seconds=before)

    def _on_resumed(self, event: dict) -> None:
        """Later epochs are forgotten, and so is the time that they took."""
        loading = self._now.seconds - self._seconds_until(max(self._epochs, default=0))
        self._epochs = {k: kept for k, kept in self._epochs.items() if k <= event["epoch"]}
        self._points = [one for one in self._all_points() if one["epoch"] <= event["epoch"]]
        self._head = None
        self._set(progress=None, seconds=self._seconds_until(event["epoch"]) + loading)

    def _on_progress(self, event: dict) -> None:
        self._set(progress=event)
        step = event["epochs"] / MOST_POINTS
        if self._points and place(event) - place(self._points[-1]) < step:
            self._head = event
            return
        self._points.append(event)
        self._head = None
        if len(self._points) > 2 * MOST_POINTS:  # continued for more epochs again and again
            self._points = self._points[::2]

    def _on_epoch(self, event: dict) -> None:
        self._epochs[event["epoch"]] = event, self._now.seconds

    def _on_pause(self, event: dict) -> None:
        self._set(ticking=False)

    def _on_resume(self, event: dict) -> None:
        self._set(ticking=True)

    _on_finishing = _on_end = _on_error = _on_pause

    def _on_refused(self, event: dict) -> None:
        self._set(refused=str(event.get("message", ""))[:500])

    def _on_rate(self, event: dict) -> None:
        self._set(refused="")


def place(progress: dict) -> float:
    """Where a progress event stands, in epochs; below the whole number of a finished one."""
    return progress["epoch"] - 1 + min(progress["batch"] / progress["batches"], 0.999)


_lock = threading.Lock()
_files: OrderedDict[Path, _Followed] = OrderedDict()
