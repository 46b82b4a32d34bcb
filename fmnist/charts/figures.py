"""The confusion matrix drawn by matplotlib, for the HTML report and as a PNG or PDF to download.

`matplotlib.figure.Figure` only, never `pyplot`, whose global state would be shared by every
session of the web process.
"""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fmnist.data import CLASS_NAMES
from fmnist.metrics.confusions import normalise_confusion


def confusion_figure(confusion: np.ndarray, *, title: str, by: str | None, kind: str) -> bytes:
    """Draw the confusion matrix (10, 10) and return the file's bytes; kind is "png" or "pdf"."""
    if kind not in ("png", "pdf"):
        raise ValueError(f"kind must be 'png' or 'pdf', got {kind!r}")
    figure = Figure(figsize=(8, 7.2), layout="constrained")
    axes = figure.subplots()
    draw_confusion(axes, confusion, by=by)
    axes.set_title(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=150)
    return buffer.getvalue()


def draw_confusion(axes: Axes, confusion: np.ndarray, *, by: str | None) -> None:
    """Draw the confusion matrix (10, 10) into axes; `by` as in `common.confusion_table`."""
    share = normalise_confusion(confusion, "row")
    percent = share if by is None else normalise_confusion(confusion, by)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(CLASS_NAMES))
    axes.set_xticks(ticks, CLASS_NAMES, rotation=45, ha="right")
    axes.set_yticks(ticks, CLASS_NAMES)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    for (row, column), count in np.ndenumerate(confusion):
        text = f"{percent[row, column]:.1%}" if by else f"{count}"
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    axes.figure.colorbar(image, ax=axes, label="Share of the true class", shrink=0.8)
