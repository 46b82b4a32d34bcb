"""A run's report as one HTML file that needs nothing else: figures, tables, settings, machine.

The figures are SVG by matplotlib, written into the page, and the pictures are data URIs, so that
the file can be mailed and opened without a network. Jinja escapes whatever comes from a run's
folder.
"""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fmnist.charts.figures import draw_confusion
from fmnist.charts.panels import TEMPLATES
from fmnist.charts.training_charts import curves_table
from fmnist.data import CLASS_NAMES
from fmnist.images.display import contact_sheet, data_uri
from fmnist.metrics import calibration, report
from fmnist.metrics.confusions import confused_pairs
from fmnist.runs.library import run_title
from fmnist.runs.run import Run

WORST = 48  # mistakes shown, the most confident first


def render_report(
    run: Run, probabilities: np.ndarray, images: np.ndarray, labels: np.ndarray
) -> str:
    """The report of a run on the test images as one page of HTML.

    probabilities (N, 10) as stored, images (N, 28, 28) uint8, labels (N,)
    """
    result = report.evaluate_probabilities(probabilities, labels)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    wrong = order[answers[order] != labels[order]][:WORST]
    return TEMPLATES.get_template("report.html").render(
        title=f"{run_title(run)}: {result.accuracy:.2%} of {result.n:,} test images",
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        result=result,
        figures={
            "confusion": _svg(lambda axes: draw_confusion(axes, result.confusion, by=None), 8, 7),
            "reliability": _svg(lambda axes: _reliability(axes, probabilities, labels), 5.5, 4.2),
            "learning": _learning(run),
        },
        classes=[
            [
                row["class"],
                *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
                f"{row['support']:,}",
            ]
            for row in report.report_rows(result.report)
        ],
        pairs=[
            [f"{CLASS_NAMES[p.first]} and {CLASS_NAMES[p.second]}", p.total, p.forth, p.back]
            for p in confused_pairs(result.confusion)[:8]
        ],
        calibration_error=calibration.expected_calibration_error(probabilities, labels),
        top=[(k, calibration.top_k(probabilities, labels, k) / result.n) for k in (2, 3)],
        mistakes=[
            [i, CLASS_NAMES[labels[i]], CLASS_NAMES[answers[i]], f"{confidence[i]:.1%}"]
            for i in wrong
        ],
        sheet=data_uri(contact_sheet(images[wrong], 16)) if len(wrong) else None,
        facts=_facts(run),
    )


def _svg(draw: Callable[[Axes], None], width: float, height: float) -> Markup:
    """What `draw(axes)` draws, as an SVG element; width and height in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    draw(figure.subplots())
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :])  # matplotlib escapes its texts itself


def _reliability(axes: Axes, probabilities: np.ndarray, labels: np.ndarray) -> None:
    bins = calibration.reliability_bins(probabilities, labels)
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


def _learning(run: Run) -> Markup | None:
    table = curves_table([run])
    table = table[table["epoch"] % 1 == 0]  # of whole epochs
    if table.empty:
        return None

    def draw(axes: Axes) -> None:
        for part, rows in table.groupby("part"):
            axes.plot(rows["epoch"], rows["accuracy"], marker="o", markersize=3, label=part)
        axes.set(xlabel="Epoch", ylabel="Accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()

    return _svg(draw, 6.5, 3.8)


def _facts(run: Run) -> list[list[object]]:
    rows: list[list[object]] = [["run", run.name]]
    for group in ("settings", "machine", "versions"):
        values = run.info.get(group)
        for name, value in (values if isinstance(values, dict) else {}).items():
            if name != "layers" and value not in ([], None):
                rows.append([f"{group}: {name}", value])
    for at, layer in enumerate(run.settings.layers if run.settings else ()):
        values = (f"{name} {value}" for name, value in layer.to_dict().items() if name != "kind")
        rows.append([f"layer {at + 1}: {layer.title}", ", ".join(values)])
    for name in ("created", "parameters", "train_size", "train_seconds"):
        if name in run.info:
            rows.append([name.replace("_", " "), run.info[name]])
    if run.exported_epochs is not None:
        rows.append(["epochs", run.exported_epochs])
    return rows
