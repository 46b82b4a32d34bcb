"""An answer as one picture to share: what was shown, what the network was given, and what it says.

1200 x 630 pixels, the size at which links and posts show a picture whole.
"""

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from fmnist.analysis.occlusion import overlay_attribution
from fmnist.charts.panels import ANSWER, OTHER, TRUE
from fmnist.data import CLASS_NAMES

GROUND, INK, PALE = "#fcfbf8", "#0f1615", "#57605e"
DPI = 100
WIDE, HIGH = 1200, 630  # pixels
TOP = 140  # pixels of the square pictures' upper edge
SIDES = 240, 150  # pixels of the shown picture and of the small ones


def draw_card(
    pixels: np.ndarray,
    probabilities: np.ndarray,
    *,
    title: str,
    network: str,
    picture: Image.Image | None = None,
    attribution: np.ndarray | None = None,
    true: int | None = None,
) -> bytes:
    """Draw an answer and return a PNG's bytes.

    pixels: (28, 28) uint8, what was classified; probabilities: (10,); title, network: words as they
    stand on the card; picture: what was shown to the app, where that is not `pixels`; attribution:
    an occlusion map (28, 28); true: the true class, where it is known
    """
    figure = Figure(figsize=(WIDE / DPI, HIGH / DPI), dpi=DPI, facecolor=GROUND)
    _write(figure, 48, 44, title, fontsize=30, weight="bold")
    _write(figure, 48, 92, network, fontsize=14, color=PALE)
    small = [(pixels, "The network's input")]
    if attribution is not None:
        small.append((overlay_attribution(pixels, attribution, 4), "Orange supports it"))
    if picture is None:
        (image, words), *small = small
    else:
        image, words = _square(picture), "The picture"
    _show(figure, image, 48, TOP, SIDES[0], words)
    for at, (image, words) in enumerate(small):
        _show(figure, image, 48 + at * (SIDES[1] + 24), TOP + SIDES[0] + 36, SIDES[1], words)
    _draw_bars(_axes(figure, 540, TOP - 10, WIDE - 540 - 110, 430), probabilities, true)
    if true not in (None, int(np.argmax(probabilities))):
        words = f"The orange bar is its label: {CLASS_NAMES[true]}"
        _write(figure, 540, HIGH - 24, words, fontsize=11, color=PALE, va="bottom")
    maker = {"fontsize": 11, "color": PALE, "va": "bottom", "ha": "right"}
    _write(figure, WIDE - 48, HIGH - 24, "Fashion-MNIST Studio", **maker)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def _draw_bars(axes: Axes, probabilities: np.ndarray, true: int | None) -> None:
    colours = [OTHER] * len(CLASS_NAMES)
    if true is not None:
        colours[true] = TRUE
    colours[int(np.argmax(probabilities))] = ANSWER
    axes.barh(CLASS_NAMES, probabilities, color=colours, height=0.72)
    for at, share in enumerate(probabilities):
        axes.text(share + 0.012, at, f"{share:.1%}", va="center", fontsize=13, color=INK)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set_facecolor("none")
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, labelsize=14, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _square(picture: Image.Image) -> np.ndarray:
    """The picture whole, on a square of the ground, which shows through transparent parts."""
    image = picture.convert("RGBA")
    image.thumbnail((2 * SIDES[0], 2 * SIDES[0]))
    side = max(image.size)
    square = Image.new("RGBA", (side, side), GROUND)
    square.alpha_composite(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(square.convert("RGB"))


def _show(figure: Figure, image: np.ndarray, x: int, y: int, side: int, words: str) -> None:
    axes = _axes(figure, x, y, side, side)
    smooth = "nearest" if len(image) <= 8 * 28 else "antialiased"
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation=smooth)
    axes.set_axis_off()
    _write(figure, x, y + side + 6, words, fontsize=11, color=PALE)


def _axes(figure: Figure, x: int, y: int, width: int, height: int) -> Axes:
    """Axes whose upper left corner is x, y pixels from that of the card."""
    return figure.add_axes((x / WIDE, 1 - (y + height) / HIGH, width / WIDE, height / HIGH))


def _write(figure: Figure, x: int, y: int, words: str, **how: Any) -> None:
    # a file's or a run's name may hold a "$", which begins a formula
    how = {"color": INK, "va": "top", "parse_math": False, **how}
    figure.text(x / WIDE, 1 - y / HIGH, words, **how)
