"""What was promised before a training began, kept in its run.json, and whether it was kept."""

import json

from fmnist.architectures import NETWORKS
from fmnist.history import read_events
from fmnist.progress_text import duration_text
from fmnist.runs import Run
from fmnist.settings import LIMITS

__all__ = ["from_text", "kept", "promise_of", "to_text"]

# name -> (least, most); beside them stands the network's name
NUMBERS = {
    "minutes": (0.0, 10_000.0),
    "low": (0.0, 1.0),
    "high": (0.0, 1.0),
    "epochs": LIMITS["epochs"],
    "seconds": (0.0, 1e6),
}


def to_text(promise: dict) -> str:
    """A promise as one word of a command line; see `from_text`."""
    return json.dumps(promise, separators=(",", ":"))


def from_text(text: str) -> dict:
    """Read what `to_text` wrote. Raises ValueError on anything else."""
    try:
        promise = _checked(json.loads(text))
    except RecursionError:
        promise = None
    if promise is None:
        raise ValueError("not a promise")
    return promise


def promise_of(run: Run) -> dict | None:
    """The promise that a run began with: minutes, low, high, epochs, seconds, network; or None."""
    return _checked(run.info.get("promise"))


def kept(run: Run) -> str | None:
    """One sentence or two that hold an ended run against its promise; None where it has none.

    Where it was stopped, or its settings changed on the way, they say that it cannot be judged.
    """
    promise = promise_of(run)
    if promise is None or run.active or run.settings is None:
        return None
    said = (
        f"Promised were {_percent(promise['low'], promise['high'])} of the validation images "
        f"within {promise['minutes']:g} minute{'s' * (promise['minutes'] != 1)}"
    )
    done, settings = run.count("epochs_done") or 0, run.settings
    planned = settings.epochs == promise["epochs"] and settings.network == promise["network"]
    if not planned or settings.rate_changes or settings.continued:
        return f"{said}; its settings were changed on the way, so that cannot be judged."
    accuracy, seconds = run.scores.get("validation_accuracy"), _seconds(run)
    if accuracy is None or seconds is None or done < promise["epochs"]:
        return f"{said}; it ended after {done} of {promise['epochs']} epochs."
    if accuracy < promise["low"]:
        right = f"{accuracy:.2%}, which is less"
    elif accuracy > promise["high"]:
        right = f"{accuracy:.2%}, which is more"
    else:
        right = f"{accuracy:.2%}, as promised,"
    late = seconds - promise["minutes"] * 60
    took = f"in {duration_text(seconds)}"
    took += f", {duration_text(late)} too late" * (late >= 1)
    return f"{said}. It got {right} {took}."


def _percent(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _seconds(run: Run) -> float | None:
    """From the training's start to its end, without pauses."""
    trained = run.count("train_seconds")
    if trained is None:
        return None
    times = {event["event"]: event.get("time") for event in read_events(run)}
    ends = [times.get(event) for event in ("finishing", "end")]
    return trained + max(0.0, ends[1] - ends[0]) if None not in ends else trained


def _checked(promise: object) -> dict | None:
    """Exactly the known entries, every number one that makes sense; None on anything else."""
    if not isinstance(promise, dict) or promise.keys() != {*NUMBERS, "network"}:
        return None
    for name, (least, most) in NUMBERS.items():
        value = promise[name]
        whole = isinstance(least, int)
        if type(value) not in ((int,) if whole else (int, float)) or not least <= value <= most:
            return None
    sound = isinstance(promise["network"], str) and promise["network"] in NETWORKS
    return promise if sound and promise["low"] <= promise["high"] else None
