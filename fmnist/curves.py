"""A run's history as a table of curves."""

import pandas as pd

from fmnist.history import read_history, standing
from fmnist.runs import Run

__all__ = ["curves_table"]

COLUMNS = ["run", "epoch", "part", "accuracy", "loss"]


def curves_table(runs: list[Run]) -> pd.DataFrame:
    """Accuracy and loss of training and validation over epochs, for one or several runs.

    Columns run, epoch (float; a fraction inside a running epoch), part, accuracy, loss. Inside
    the last, unfinished epoch the running mean of the training part stands; finished epochs have
    one point a part. What a training lost when it was resumed is left out.
    """
    rows = []
    for run in runs:
        events = standing(read_history(run))
        finished = {event["epoch"] for event in events if event["event"] == "epoch"}
        for event in events:
            kind, epoch = event["event"], event.get("epoch")
            if kind == "epoch":
                rows.append(_row(run, epoch, "training", event, ""))
                if "val_accuracy" in event:
                    rows.append(_row(run, epoch, "validation", event, "val_"))
            elif kind == "progress" and epoch not in finished:
                # ends before the whole number, which belongs to the finished epoch
                at = epoch - 1 + min(event["batch"] / event["batches"], 0.999)
                rows.append(_row(run, at, "training", event, ""))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"epoch": float, "accuracy": float, "loss": float})


def _row(run: Run, epoch: float, part: str, event: dict, prefix: str) -> tuple:
    return run.name, epoch, part, event.get(f"{prefix}accuracy"), event.get(f"{prefix}loss")
