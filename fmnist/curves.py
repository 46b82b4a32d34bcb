"""A run's history as a table of curves, and what a running training says of itself."""

import pandas as pd

from fmnist.runs import Run, read_history

__all__ = ["curves_table", "latest_progress"]

COLUMNS = ["run", "epoch", "part", "accuracy", "loss"]


def curves_table(runs: list[Run]) -> pd.DataFrame:
    """Accuracy and loss of training and validation over epochs, for one or several runs.

    Columns run, epoch (float; a fraction inside a running epoch), part, accuracy, loss. Inside
    the last, unfinished epoch the running mean of the training part stands; finished epochs have
    one point a part. Damaged or half-written events are left out.
    """
    rows = []
    for run in runs:
        events = read_history(run)
        finished = {event.get("epoch") for event in events if event.get("event") == "epoch"}
        for event in events:
            kind, epoch = event.get("event"), event.get("epoch")
            if not isinstance(epoch, int):
                continue
            if kind == "epoch":
                rows.append(_row(run, epoch, "training", event, ""))
                if "val_accuracy" in event:
                    rows.append(_row(run, epoch, "validation", event, "val_"))
            elif kind == "progress" and epoch not in finished and event.get("batches"):
                # ends before the whole number, which belongs to the finished epoch
                at = epoch - 1 + min(event["batch"] / event["batches"], 0.999)
                rows.append(_row(run, at, "training", event, ""))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"epoch": float, "accuracy": float, "loss": float})


def latest_progress(run: Run) -> dict | None:
    """The newest progress event: epoch, epochs, batch, batches, images_per_second, seconds_left."""
    events = [event for event in read_history(run) if event.get("event") == "progress"]
    return events[-1] if events else None


def _row(run: Run, epoch: float, part: str, event: dict, prefix: str) -> tuple:
    return run.name, epoch, part, event.get(f"{prefix}accuracy"), event.get(f"{prefix}loss")
