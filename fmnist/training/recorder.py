"""What a training writes into its history while it runs, and how often."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from fmnist.files import append_json_line
from fmnist.settings import TrainSettings

OFTEN, SELDOM = 0.5, 5.0  # seconds between progress events: of a short training, of a long one
SHARE = 1 / 400  # of the time so far: a history of two hours has some 1,800 events

Report = Callable[[dict], None]


class Recorder:
    """Appends events to a run's history and hands them to the reporter."""

    def __init__(self, path: Path, report: Report):
        """path: the run's folder; report: called with each event."""
        self._path = path / "history.jsonl"
        self._report = report

    def __call__(self, event: str, **values: Any) -> None:
        """Append the event with the time and its values."""
        entry = {"event": event, "time": round(time.time(), 3), **values}
        append_json_line(self._path, entry)
        self._report(entry)


class Progress:
    """Writes a progress event now and then while an epoch is learnt from.

    Within an epoch, `accuracy` and `loss` are means over the epoch so far, `recent_accuracy` and
    `recent_loss` over the batches since the last event, smoothed.
    """

    def __init__(self, record: Recorder, clock: Callable[[], float]):
        """clock: seconds that do not pass while the training is paused."""
        self._record, self._clock = record, clock
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call has nothing to compare with
        self._began = self._last = clock()
        self._between = 0.0  # seconds from the last batch of an epoch to the first of the next
        self._ended: float | None = None
        self._recent = _Recent()

    def epoch_begins(self, settings: TrainSettings, epoch: int, images: int) -> None:
        """epoch: 0, 1, ...; images: how many it has."""
        self._settings, self._epoch = settings, epoch
        self._images, self._batches = images, -(-images // settings.batch_size)
        self._epoch_began = self._clock()
        if self._ended is not None:
            self._between = self._epoch_began - self._ended
        self._recent = _Recent()

    def batch_ends(self, batch: int, values: dict[str, float], rate: float) -> None:
        """values: accuracy and loss over the epoch so far; rate: the learning rate."""
        now = self._ended = self._clock()
        every = min(max(OFTEN, (now - self._began) * SHARE), SELDOM)
        if now - self._last < every and batch + 1 < self._batches:
            return
        self._last = now
        done = batch + 1
        taken = now - self._epoch_began
        each = taken / done
        epochs = self._settings.epochs
        later = epochs - self._epoch - 1
        left = each * (self._batches - done + self._batches * later) + self._between * later
        self._recent.add(done, values)
        self._record(
            "progress",
            epoch=self._epoch + 1,
            epochs=epochs,
            batch=done,
            batches=self._batches,
            accuracy=round(values["accuracy"], 5),
            loss=round(values["loss"], 5),
            recent_accuracy=round(self._recent.values["accuracy"], 5),
            recent_loss=round(self._recent.values["loss"], 5),
            learning_rate=float(f"{rate:.6g}"),
            images_per_second=round(min(done * self._settings.batch_size, self._images) / taken),
            seconds_left=round(left, 1),
            processor=self._processor_share(),
            memory_mib=round(self._process.memory_info().rss / 2**20),
        )

    def _processor_share(self) -> float:
        """Percent of all cores since the last call; the two clocks differ over milliseconds."""
        return min(100.0, round(self._process.cpu_percent() / (psutil.cpu_count() or 1), 1))


class _Recent:
    """From means over the epoch so far to means over what is new, smoothed by a half each time."""

    def __init__(self):
        self._done = 0
        self._sums: dict[str, float] = {}
        self.values: dict[str, float] = {}

    def add(self, done: int, means: dict[str, float]) -> None:
        for name, mean in means.items():
            new = (mean * done - self._sums.get(name, 0.0)) / max(1, done - self._done)
            self.values[name] = (self.values.get(name, new) + new) / 2
            self._sums[name] = mean * done
        self._done = done
