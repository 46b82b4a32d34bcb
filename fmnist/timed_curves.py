"""Curves over the time that was spent on learning, so that quick networks show that they are."""

from functools import cache

import altair as alt
import pandas as pd

from fmnist.history import duration_text, read_history
from fmnist.runs import Run

__all__ = ["timed_curves", "timed_spec"]

COLUMNS = ["run", "minutes", "time", "epoch", "part", "accuracy", "loss"]


def timed_curves(runs: list[Run]) -> pd.DataFrame:
    """Accuracy and loss of training and validation over minutes, for one or several runs.

    Columns run, minutes (float), time (in words), epoch (float; a fraction inside a running epoch),
    part, accuracy, loss. The clock begins with the training process, so TensorFlow's start counts;
    it stands still while a training is paused, and from the end or death of a process until another
    one goes on. What that one has to learn again is taken out with its time, as the checkpoint has
    it. Inside the last, unfinished epoch the running mean of the training part stands.
    """
    rows = [row for run in runs for row in _rows(run)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"minutes": float, "epoch": float, "accuracy": float, "loss": float})


def _rows(run: Run) -> list[tuple]:
    """The rows of one run."""
    clock, found = _Clock(), []
    for event in read_history(run):
        kind, kept = event["event"], clock.look(event)
        # what another process learns again, and what stood for an epoch before it had ended
        while kept is not None and found and found[-1][0] > kept:
            found.pop()
        if kind == "epoch":
            found.append((event["epoch"], clock.seconds, event))
        elif kind == "progress":
            at = event["epoch"] - 1 + min(event["batch"] / event["batches"], 0.999)
            found.append((at, clock.seconds, event))
    return [row for epoch, seconds, event in found for row in _parts(run, epoch, seconds, event)]


def _parts(run: Run, epoch: float, seconds: float, event: dict) -> list[tuple]:
    start = run.name, seconds / 60, duration_text(seconds), epoch
    parts = [(*start, "training", event["accuracy"], event["loss"])]
    if "val_accuracy" in event and event["event"] == "epoch":
        parts.append((*start, "validation", event["val_accuracy"], event.get("val_loss")))
    return parts


class _Clock:
    """Seconds of work, from the times of a history's events in their order."""

    def __init__(self):
        self.seconds = 0.0
        self._since = None  # when the clock was last looked at; None while it stands
        self._ends = {0: 0.0}  # epoch -> seconds when it had ended
        self._begun = self._again = False

    def look(self, event: dict) -> int | None:
        """Let the clock go to this event; after the epoch that is returned nothing counts more."""
        kind, now, epoch = event["event"], event.get("time"), event.get("epoch")
        kept = None
        if kind == "start":
            self._again = self._begun
        elif kind in ("resumed", "progress", "epoch") and self._again:
            # "resumed" has no sound epoch where the first one begins anew
            kept = self._go_back(epoch if kind == "resumed" and epoch else 0)
            self._again = False
        elif now is not None and self._since is not None:
            self.seconds += max(0.0, now - self._since)  # a computer's clock may be set back
        if kind == "epoch":
            # a process that was killed before it wrote this down has had its time all the same
            before = self._ends.get(epoch - 1, self.seconds)
            self.seconds = max(self.seconds, before + event.get("seconds", 0.0))
            self._ends[epoch] = self.seconds
            kept = epoch - 1
        self._begun = True
        stands = kind in ("pause", "end", "error") or self._again
        self._since = None if stands else now
        return kept

    def _go_back(self, epoch: int) -> int:
        self._ends = {end: at for end, at in self._ends.items() if end <= epoch}
        self.seconds = self._ends[max(self._ends)]
        return epoch


@cache
def timed_spec(measure: str) -> dict:
    """Vega-Lite of accuracy or loss over minutes for the rows of `timed_curves`, without data.

    Lines are coloured by run, validation is dashed.
    """
    share = measure == "accuracy"
    lines = alt.Chart().encode(
        x=alt.X("minutes:Q", title="Minutes of training", scale=alt.Scale(zero=True, nice=False)),
        y=alt.Y(
            f"{measure}:Q",
            title=measure.capitalize(),
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".0%" if share else ".2f"),
        ),
        color=alt.Color(
            "run:N", legend=alt.Legend(orient="top", title=None, labelLimit=300, columns=1)
        ),
        strokeDash=alt.StrokeDash(
            "part:N", scale=alt.Scale(domain=["training", "validation"]), legend=None
        ),
        tooltip=[
            "run:N",
            "part:N",
            "time:N",
            alt.Tooltip("epoch:Q", format=".2f"),
            alt.Tooltip(f"{measure}:Q", format=".2%" if share else ".4f"),
        ],
    )
    whole = alt.datum.epoch == alt.expr.floor(alt.datum.epoch)
    chart = lines.mark_line() + lines.transform_filter(whole).mark_point(filled=True, size=40)
    spec = chart.properties(height=360).to_dict()
    # a page sends the data by itself; see `charts.probability_spec`
    del spec["datasets"]
    for layer in spec["layer"]:
        del layer["data"]
    return spec
