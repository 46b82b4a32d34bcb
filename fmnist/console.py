"""What the command line shows: a bar on a terminal, plain lines elsewhere, and the report."""

import numpy as np
from tqdm import tqdm

from fmnist.data import CLASS_NAMES
from fmnist.evaluation import Evaluation, report_rows

__all__ = ["TrainingDisplay", "report_text"]


class TrainingDisplay:
    """Shows the events of a training on `stream`; use it as a context manager and call it."""

    def __init__(self, name: str, stream):
        self._name, self._stream = name, stream
        self._bar = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._close()

    def __call__(self, event: dict) -> None:
        kind = event["event"]
        if kind == "start":
            self._say(f"{self._name}: loading TensorFlow and the images")
        elif kind == "progress" and self._stream.isatty():
            self._advance(event)
        elif kind == "epoch":
            self._close()
            self._say(_epoch_line(event))
        elif kind == "finishing":
            self._close()
            self._say("saving the network and classifying the test images")
        elif kind == "error":
            self._close()
            self._say(event["words"])

    def _advance(self, event: dict) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=event["batches"],
                desc=f"epoch {event['epoch']}/{event['epochs']}",
                unit="batch",
                file=self._stream,
                leave=False,
            )
        self._bar.set_postfix_str(f"accuracy {event['accuracy']:.3f}", refresh=False)
        self._bar.update(event["batch"] - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _epoch_line(event: dict) -> str:
    line = f"epoch {event['epoch']}: accuracy {event['accuracy']:.4f}, loss {event['loss']:.4f}"
    if "val_accuracy" in event:
        line += f", validation {event['val_accuracy']:.4f}, loss {event['val_loss']:.4f}"
    return f"{line} ({event['seconds']:.0f} s)"


def report_text(name: str, result: Evaluation) -> str:
    """Accuracy, classification report and confusion matrix as plain text."""
    low, high = result.interval
    lines = [
        f"{name}: accuracy {result.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}, "
        f"n = {result.n:,}), loss {result.loss:.4f}",
        "",
        f"{'':14}{'precision':>10}{'recall':>10}{'f1':>10}{'support':>10}",
    ]
    lines += [
        f"{row['class']:14}{row['precision']:10.4f}{row['recall']:10.4f}{row['f1']:10.4f}"
        f"{row['support']:10,}"
        for row in report_rows(result.report)
    ]
    width = max(5, len(str(np.max(result.confusion))) + 1)
    lines += ["", "confusion matrix (rows: true class, columns: predicted, in the order above)"]
    lines += [
        f"{class_name:14}" + "".join(f"{count:{width}}" for count in row)
        for class_name, row in zip(CLASS_NAMES, result.confusion, strict=True)
    ]
    return "\n".join(lines)
