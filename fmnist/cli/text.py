"""What the command line shows: a bar on a terminal, plain lines elsewhere, and the report."""

from contextlib import AbstractContextManager
from typing import TextIO

import numpy as np
from tqdm import tqdm

from fmnist.cli.streams import printable
from fmnist.collections.scoring import ScoredImage, Summary, Tally
from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.metrics.report import Evaluation, report_rows


class TrainingDisplay(AbstractContextManager):
    """Shows the events of a training on `stream`; use it as a context manager and call it."""

    def __init__(self, name: str, stream: TextIO):
        self._name, self._stream = name, stream
        self._bar: tqdm | None = None

    def __exit__(self, *exc: object) -> None:
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
            # on a terminal the command says it; a log has it before the run is known to have failed
            if not self._stream.isatty():
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
    lines += ["", "confusion matrix (rows: true class, columns: predicted, in the order above)"]
    lines += _matrix_lines(result.confusion)
    return "\n".join(lines)


def _matrix_lines(confusion: np.ndarray) -> list[str]:
    width = max(5, len(str(np.max(confusion))) + 1)
    return [
        f"{class_name:14}" + "".join(f"{count:{width}}" for count in row)
        for class_name, row in zip(CLASS_NAMES, confusion, strict=True)
    ]


def score_text(title: str, summary: Summary) -> str:
    """What `scoring.summarise_scores` found out, as plain text under a title."""
    garments, confident, alone = summary.garments, summary.confident, summary.alone
    answered = f"{confident.n} of {garments.n}"
    if garments.n:
        answered += f" ({confident.n / garments.n:.1%})"
    lines = [
        f"{printable(title)}: accuracy {_share_text(garments)}",
        *([f"the Fashion-MNIST network alone: {_share_text(alone.garments)}"] if alone else []),
        f"answered with confidence: {answered}; accuracy among them {_share_text(confident)}",
        f"not clothing: rejected {_share_text(summary.others)}",
        "verdicts: " + ", ".join(f"{count} {name}" for name, count in summary.verdicts.items()),
    ]
    for group, right, name in (
        ("kind", "right", "kinds"),
        ("kind, not clothing", "rejected", "other_kinds"),
        ("class", "right", "classes"),
    ):
        before = getattr(alone, name) if alone else {}
        lines += _tally_lines(group, right, getattr(summary, name), before)
    lines += [
        "",
        "confusion matrix (rows: true class, columns: answer, in the order above, no answer)",
        *_matrix_lines(summary.confusion),
    ]
    if summary.worst:
        lines += ["", "worst cases (wrong answers with the highest probability)"]
        lines += [_worst_line(file) for file in summary.worst]
    if summary.unscored:
        lines += ["", "not scored (without a label)"]
        lines += [f"{printable(file.path)}: {file.message}" for file in summary.unscored]
    if summary.refused:
        lines += ["", "refused"]
        lines += [f"{printable(file.path)}: {file.message}" for file in summary.refused]
    return "\n".join(lines)


def _share_text(tally: Tally) -> str:
    if tally.interval is None:
        return "- (n = 0)"
    low, high = tally.interval
    return f"{tally.share:.1%} (95 % interval {low:.1%} to {high:.1%}, n = {tally.n:,})"


def _tally_lines(
    group: str, right: str, tallies: dict[str, Tally], alone: dict[str, Tally]
) -> list[str]:
    """A line for each tally; `alone`: the same of the Fashion-MNIST network alone, or empty."""
    if not tallies:
        return []
    names = {key: printable(key) or "(none)" for key in tallies}
    width = max(22, *map(len, names.values()))
    heading = f"{group:{width}}{'n':>7}{right:>10}{'share':>9}  95 % interval"
    lines = ["", heading + (f"{'alone':>15}" if alone else "")]
    for key, tally in tallies.items():
        line = f"{names[key]:{width}}{tally.n:7,}{tally.right:10,}"
        if tally.interval is not None:
            low, high = tally.interval
            interval = f"{low:.1%} to {high:.1%}"
            line += f"{tally.share:9.1%}  {interval}"
            if key in alone:
                line += f"{alone[key].share:{28 - len(interval)}.1%}"
        lines.append(line)
    return lines


def _worst_line(file: ScoredImage) -> str:
    clothing = file.label_id not in (None, NOT_CLOTHING)
    label = CLASS_NAMES[file.label_id or 0] if clothing else "not clothing"
    answer = "none" if file.class_id is None else CLASS_NAMES[file.class_id]
    return f"{printable(file.path)}: {label}, taken for {answer} ({file.probability:.0%})"
