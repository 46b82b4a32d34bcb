"""What was promised before a training, beside what became of it."""

from fmnist.history import duration_text
from fmnist.runs import Run

__all__ = ["promise_text"]


def promise_text(run: Run) -> str:
    """One line of the promise in run.json and of the result; "" where nothing was promised.

    The promise is a dict: minutes (> 0), and low and high, validation accuracies 0..1.
    """
    promise = run.info.get("promise")
    if not isinstance(promise, dict):
        return ""
    low, high, minutes = (promise.get(name) for name in ("low", "high", "minutes"))
    numbers = all(type(value) in (int, float) for value in (low, high, minutes))
    if not numbers or not (0 <= low <= high <= 1 and 0 < minutes < 1e6):  # which no NaN is
        return ""
    text = f"promised {100 * low:.1f} to {100 * high:.1f} % in {minutes:.1f} min"
    accuracy, seconds = run.scores.get("validation_accuracy"), run.count("train_seconds")
    if accuracy is None or seconds is None:
        return f"{text}; there is no result"
    got = f"{100 * accuracy:.1f} % (validation) in {duration_text(seconds)}"
    return f"{text}; got {got}"
