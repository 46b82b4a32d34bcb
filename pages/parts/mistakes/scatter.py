"""Ten thousand points to draw around: a canvas, because a chart would be too slow.

The points, and one sheet with all their pictures, are sent once. Hovering, hiding classes and
drawing the lasso happen in the browser; the server hears of the finished lasso or of a click.
"""

import base64

import numpy as np

from fmnist.data import CLASS_NAMES
from pages.parts.shared.components.component import register_component, sent_value

# ten hues that stay apart on white and on black (Tableau 10)
COLOURS = [
    *("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f"),
    *("#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac"),
]

_component = register_component(__file__)


def _text(values: np.ndarray, dtype: str) -> str:
    """Base64, which the component makes bytes again."""
    return base64.b64encode(values.astype(dtype).tobytes()).decode()


def scatter(
    places: np.ndarray,
    colour: np.ndarray,
    labels: np.ndarray,
    answers: np.ndarray,
    sheet: str,
    columns: int,
    key: str,
) -> object:
    """Show N points and return what was chosen: {"index": i}, or None, or {"lasso": [[x, y], ...],
    "hidden": [colours], "onlyMisses": true or false}, x and y from 0 to 1. A browser
    sends it, so it may be anything.

    places: (N, 2) from -1 to 1; colour, labels, answers: (N,) class ids; sheet: data URI of their
    pictures in rows of `columns`.
    """
    _component(
        key=key,
        data={
            "places": _text((places + 1) / 2 * 65535, "<u2"),
            "colour": _text(colour, "u1"),
            "label": _text(labels, "u1"),
            "answer": _text(answers, "u1"),
            "names": list(CLASS_NAMES),
            "colours": COLOURS,
            "sheet": sheet,
            "columns": columns,
        },
        on_chosen_change=lambda: None,
    )
    return sent_value(key, "chosen")
