"""Words about a training: where it is, its settings in one line, a duration, its last lines."""

import math
import os

from fmnist.errors import hide_folders
from fmnist.files import open_regular
from fmnist.runs.history import TrainingProgress, read_events
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text, rate_text, share_text
from fmnist.settings import TrainSettings

MAX_LOG = 2**16  # bytes of a log that are looked at, its last ones


def describe_progress(progress: TrainingProgress, planned: int) -> tuple[float, str]:
    """The share of the planned epochs that is done, 0..1, and where the training is, in words."""
    now = progress.latest
    if now is None:
        return min(progress.epochs_done / planned, 1.0), "Starting takes some ten seconds"
    words = f"Epoch {now['epoch']:,} of {planned:,}, batch {now['batch']:,} of {now['batches']:,}"
    done = now["epoch"] - 1 + now["batch"] / now["batches"]
    return min(max(done / planned, 0.0), 1.0), words


def describe_settings(settings: TrainSettings) -> str:
    """The settings in one short line."""
    words = [
        settings.architecture.title,
        count_text(settings.epochs, "epoch"),
        f"batch {settings.batch_size}",
        f"rate {rate_text(settings.learning_rate)}",
    ]
    if not settings.holdout:
        words.append("all 60,000 images")
    elif settings.fraction < 1:
        words.append(f"{share_text(settings.fraction)} of the images")
    if options := settings.options_in_words():
        words.append(options)
    return " · ".join(words)


def duration_text(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, seconds = divmod(round(seconds), 60)
    if minutes >= 100:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def read_last_words(run: Run, count: int = 15) -> str:
    """The last lines of a run's log, or of its last error where it has no log; without folders."""
    try:
        with open_regular(run.path / "log.txt", math.inf) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_LOG))
            text = file.read(MAX_LOG).decode(errors="replace")
    except OSError:
        errors = [event for event in read_events(run) if event["event"] == "error"]
        text = str(errors[-1].get("words", "")) if errors else ""
    return hide_folders("\n".join(text.splitlines()[-count:]))
