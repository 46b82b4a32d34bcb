"""A run's report as one HTML file that needs nothing else: figures, tables, settings, machine.

The figures are SVG by matplotlib, written into the page, and the pictures are data URIs, so that
the file can be mailed and opened without a network. Whatever comes from a run's folder is escaped.
"""

import html
import io
from datetime import UTC, datetime

import numpy as np
from matplotlib.figure import Figure

from fmnist import calibration, evaluation
from fmnist.confusions import confused_pairs
from fmnist.curves import curves_table
from fmnist.data import CLASS_NAMES
from fmnist.display import contact_sheet, data_uri
from fmnist.evaluation import Evaluation
from fmnist.figures import draw_confusion
from fmnist.runs import Run

__all__ = ["report_html"]

WORST = 48  # mistakes shown, the most confident first
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2527; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2rem; }
table { border-collapse: collapse; margin: .6rem 0; } td, th { padding: .2rem .7rem;
  border-bottom: 1px solid #d7dfdf; text-align: right; } td:first-child, th:first-child
  { text-align: left; } svg, img { max-width: 100%; height: auto; } .wide { overflow-x: auto; }
img { image-rendering: pixelated; width: 44rem; } caption, .note { color: #5b6b6b; }
"""


def report_html(run: Run, probabilities: np.ndarray, images: np.ndarray, labels: np.ndarray) -> str:
    """The report of a run on the test images as one page of HTML.

    probabilities (N, 10) as stored, images (N, 28, 28) uint8, labels (N,)
    """
    result = evaluation.evaluate(probabilities, labels)
    low, high = result.interval
    title = f"{run.name}: {result.accuracy:.2%} of {result.n:,} test images"
    made = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    parts = [
        f"<h1>{_text(title)}</h1>",
        f"<p class='note'>Fashion-MNIST, 95 % interval {low:.2%} to {high:.2%} (Wilson), loss "
        f"{result.loss:.4f} nats. Made {made} from the run's stored predictions.</p>",
        "<h2>By class</h2>",
        _class_table(result),
        "<h2>Confusion matrix</h2>",
        _figure(lambda axes: draw_confusion(axes, result.confusion, by=None), 8, 7),
        "<h2>Most confused pairs</h2>",
        _pairs(result),
        "<h2>Calibration</h2>",
        _figure(lambda axes: _reliability(axes, probabilities, labels), 5.5, 4.2),
        f"<p>Expected calibration error (15 bins): {calibration.ece(probabilities, labels):.4f}. "
        + " ".join(
            f"The true class is among the first {k} in "
            f"{calibration.top_k(probabilities, labels, k) / result.n:.2%}."
            for k in (2, 3)
        )
        + "</p>",
        *_learning(run),
        "<h2>The most confident mistakes</h2>",
        _mistakes(probabilities, images, labels),
        "<h2>Settings, machine and versions</h2>",
        _facts(run),
    ]
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{_text(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _table(head: list[str], rows: list[list[object]]) -> str:
    cells = "".join(f"<th>{_text(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_text(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<div class='wide'><table><tr>{cells}</tr>{lines}</table></div>"


def _class_table(result: Evaluation) -> str:
    rows = []
    for row in evaluation.report_rows(result.report):
        numbers = [f"{row[name]:.3f}" for name in ("precision", "recall", "f1")]
        rows.append([row["class"], *numbers, f"{row['support']:,}"])
    return _table(["class", "precision", "recall", "F1", "images"], rows)


def _pairs(result: Evaluation) -> str:
    rows = [
        [f"{CLASS_NAMES[p.first]} and {CLASS_NAMES[p.second]}", p.total, p.forth, p.back]
        for p in confused_pairs(result.confusion)[:8]
    ]
    return _table(["pair", "mistakes", "first taken for second", "second for first"], rows)


def _figure(draw, width: float, height: float) -> str:
    figure = Figure(figsize=(width, height), layout="constrained")
    draw(figure.subplots())
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _reliability(axes, probabilities: np.ndarray, labels: np.ndarray) -> None:
    bins = calibration.reliability(probabilities, labels)
    bounds = np.array([b.interval for b in bins]).T
    accuracy = np.array([b.accuracy for b in bins])
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.errorbar(
        [b.confidence for b in bins],
        accuracy,
        yerr=np.maximum(np.abs(bounds - accuracy), 0),
        fmt="o-",
        color="#0d9488",
        capsize=2,
    )
    axes.set(xlabel="Confidence", ylabel="Share right", xlim=(0, 1.02), ylim=(0, 1.02))


def _learning(run: Run) -> list[str]:
    table = curves_table([run])
    table = table[table["epoch"] % 1 == 0]  # of whole epochs
    if table.empty:
        return []

    def draw(axes):
        for part, rows in table.groupby("part"):
            axes.plot(rows["epoch"], rows["accuracy"], marker="o", markersize=3, label=part)
        axes.set(xlabel="Epoch", ylabel="Accuracy")
        axes.legend()

    return ["<h2>Learning</h2>", _figure(draw, 6.5, 3.8)]


def _mistakes(probabilities: np.ndarray, images: np.ndarray, labels: np.ndarray) -> str:
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    wrong = order[answers[order] != labels[order]][:WORST]
    if not len(wrong):
        return "<p>There are none.</p>"
    rows = [
        [i, CLASS_NAMES[labels[i]], CLASS_NAMES[answers[i]], f"{confidence[i]:.1%}"] for i in wrong
    ]
    sheet = data_uri(contact_sheet(images[wrong], 16))
    return f"<img src='{sheet}' alt='The pictures, in the order of the table'>" + _table(
        ["test image", "label", "answer", "confidence"], rows
    )


def _facts(run: Run) -> str:
    rows = []
    for group in ("settings", "machine", "versions"):
        values = run.info.get(group)
        for name, value in (values if isinstance(values, dict) else {}).items():
            rows.append([f"{group}: {name}", value])
    for name in ("created", "parameters", "train_size", "epochs_done", "train_seconds"):
        if name in run.info:
            rows.append([name.replace("_", " "), run.info[name]])
    return _table(["what", "value"], rows)
