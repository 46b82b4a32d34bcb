"""A run's history, one JSON line per event, as its training process wrote it.

Files can be damaged and folders come from elsewhere, so an event is handed on only where every
field that a reader relies on is there and is a number that makes sense.
"""

import math

from fmnist import storage
from fmnist.runs import Run

__all__ = [
    "duration_text",
    "last_words",
    "read_history",
    "sound",
    "standing",
]

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


def read_history(run: Run) -> list[dict]:
    """Every sound event of a run, oldest first: dicts with "event" and "time" (s since 1970)."""
    return [event for event in storage.read_lines(run.path / "history.jsonl") if sound(event)]


def standing(events: list[dict]) -> list[dict]:
    """The events without what was lost: a training that was resumed had forgotten later epochs."""
    kept, last = [], math.inf
    for event in reversed(events):
        kind = event["event"]
        if kind == "resumed":
            last = min(last, event["epoch"])
        if kind not in ("progress", "epoch") or event["epoch"] <= last:
            kept.append(event)
    return kept[::-1]


def duration_text(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, seconds = divmod(round(seconds), 60)
    if minutes >= 100:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def last_words(run: Run, count: int = 15) -> str:
    """The end of what a training process said: of its log, or of its last error."""
    try:
        text = (run.path / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        errors = [event for event in read_history(run) if event["event"] == "error"]
        text = str(errors[-1].get("words", "")) if errors else ""
    return "\n".join(text.splitlines()[-count:])


def sound(event: dict) -> bool:
    """True where an event of a history has every field that its readers rely on."""
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
