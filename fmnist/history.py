"""A run's history, one JSON line per event, as its training process wrote it.

Files can be damaged and folders come from elsewhere, so an event is handed on only where every
field that a reader relies on is there and is a number that makes sense.
"""

from fmnist import storage
from fmnist.runs import Run

__all__ = ["duration_text", "last_words", "latest_progress", "progress_text", "read_history"]

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
}
NEEDED = {
    "progress": COUNTS | {"accuracy", "loss", "images_per_second", "seconds_left"},
    "epoch": {"epoch", "accuracy", "loss"},
}


def read_history(run: Run) -> list[dict]:
    """Every sound event of a run, oldest first: dicts with "event" and "time" (s since 1970)."""
    return [event for event in storage.read_lines(run.path / "history.jsonl") if _sound(event)]


def latest_progress(run: Run) -> dict | None:
    """The newest progress event: epoch, epochs, batch, batches, images_per_second, seconds_left."""
    events = [event for event in read_history(run) if event["event"] == "progress"]
    return events[-1] if events else None


def progress_text(progress: dict) -> tuple[float, str]:
    """The share that is done, 0..1, and a line that says where a training is."""
    batches = progress["epoch"] - 1 + progress["batch"] / progress["batches"]
    text = (
        f"Epoch {progress['epoch']} of {progress['epochs']}, "
        f"{progress['images_per_second']:,.0f} images a second, "
        f"{duration_text(progress['seconds_left'])} left"
    )
    return min(max(batches / progress["epochs"], 0.0), 1.0), text


def duration_text(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def last_words(run: Run, count: int = 15) -> str:
    """The end of what a training process said: of its log, or of its last error."""
    try:
        text = (run.path / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        errors = [event for event in read_history(run) if event["event"] == "error"]
        text = str(errors[-1].get("words", "")) if errors else ""
    return "\n".join(text.splitlines()[-count:])


def _sound(event: dict) -> bool:
    kind = event.get("event")
    if not isinstance(kind, str) or not NEEDED.get(kind, set()) <= event.keys():
        return False
    counts = (event[name] for name in COUNTS & event.keys())
    numbers = (event[name] for name in NUMBERS & event.keys())
    return all(type(n) is int and 1 <= n < 2**31 for n in counts) and all(
        type(n) in (int, float) and abs(n) < 1e12  # which no NaN is either
        for n in numbers
    )
