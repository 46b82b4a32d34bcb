"""A training's forecast, kept in run.json and compared with its result."""

import json
from dataclasses import asdict, dataclass

from fmnist.networks.architectures import NETWORKS
from fmnist.runs.history import read_events
from fmnist.runs.progress_text import duration_text
from fmnist.runs.run import Run
from fmnist.setting_fields import count_text
from fmnist.settings import LIMITS

NUMBERS = {
    "minutes": (0.0, 10_000.0),
    "low": (0.0, 1.0),
    "high": (0.0, 1.0),
    "seconds": (0.0, 1e6),
    "epochs": LIMITS["epochs"],
}


@dataclass(frozen=True)
class Forecast:
    """What a training should reach. Raises ValueError for values that cannot be.

    minutes: the time limit; seconds: expected, from the start to the result
    low, high: range of the expected accuracy on the 5,000 validation images, 0..1
    """

    minutes: float
    low: float
    high: float
    seconds: float
    epochs: int
    network: str

    def __post_init__(self):
        for name, (least, most) in NUMBERS.items():
            value = getattr(self, name)
            kinds = (int,) if isinstance(least, int) else (int, float)
            if type(value) not in kinds or not least <= value <= most:
                raise ValueError(f"no forecast has {name} {value!r}")
        if self.low > self.high or self.network not in list(NETWORKS):
            raise ValueError("not a forecast of a training here")

    @property
    def range(self) -> str:
        """The range of expected accuracy as people read it."""
        return f"{100 * self.low:.1f} to {100 * self.high:.1f} %"

    def __str__(self) -> str:
        """One word of a command line, and JSON; see `parse_forecast`."""
        return json.dumps(asdict(self), separators=(",", ":"))


def parse_forecast(text: str) -> Forecast:
    """The forecast that `str` gives. Raises ValueError on anything else."""
    try:
        return Forecast(**json.loads(text))
    except (TypeError, RecursionError):
        raise ValueError("not a forecast") from None


def load_forecast(run: Run) -> Forecast | None:
    """The forecast that a run began with, None where it has none that is sound."""
    try:
        return Forecast(**(run.info.get("forecast") or {}))
    except (TypeError, ValueError):
        return None


def compare_forecast(run: Run) -> str | None:
    """One or two sentences that compare an ended run with its forecast; None where it has none.

    Where it was stopped, or its settings were changed, they say that the two cannot be compared.
    """
    forecast, settings = load_forecast(run), run.settings
    if forecast is None or run.active or settings is None:
        return None
    expected = (
        f"Forecast: {forecast.range} of the validation images within "
        f"{count_text(forecast.minutes, 'minute')}."
    )
    same = (settings.epochs, settings.network) == (forecast.epochs, forecast.network)
    if not same or settings.rate_changes or settings.continued:
        return f"{expected} Its settings were changed later, so the result cannot be compared."
    accuracy, seconds = run.scores.get("validation_accuracy"), total_seconds(run)
    done = run.count("epochs_done") or 0
    if accuracy is None or seconds is None or done < forecast.epochs:
        return f"{expected} It ended after {done} of {forecast.epochs} epochs."
    where = "within" if accuracy <= forecast.high else "above"
    where = "below" if accuracy < forecast.low else where
    over = seconds - forecast.minutes * 60
    late = f", {duration_text(over)} over the limit" * (over >= 1)
    took = f"in {duration_text(seconds)}{late}"
    return f"{expected} Result: {accuracy:.2%}, {where} the expected range, {took}."


def total_seconds(run: Run) -> float | None:
    """Seconds from a run's start to its result, without pauses; None where they are not known."""
    trained = run.count("train_seconds")
    if trained is None:
        return None
    begin = end = None
    for event in read_events(run):
        if event["event"] == "finishing":
            begin, end = event.get("time"), None
        elif event["event"] == "end":
            end = end or event.get("time")  # a later one is of a start that was stopped
    return trained if begin is None or end is None else trained + max(0.0, end - begin)
