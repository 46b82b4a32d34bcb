"""What pages show as one piece of HTML: ten probabilities, and what a learning network predicts.

No script, no address; all words are the classes' names and numbers. The first page shows bars, so
nothing here imports Altair or pandas, which take a visitor to a new server half a second.
"""

import jinja2
import numpy as np

from fmnist.analysis.validation_predictions import SelectedPredictions
from fmnist.data import CLASS_NAMES
from fmnist.images.display import data_uri

# Three roles, told apart in light and dark and by the common kinds of colour blindness.
ANSWER, TRUE, OTHER = "#0d9488", "#d97706", "#94a3b8"
TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("fmnist.charts"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)
FULL = 75  # percent of its room that a full bar takes; the rest is for the number beside it
LEAST = 6  # percent of its room that a bar is high at least, or its colour would be lost


def render_probability_bars(probabilities: np.ndarray, title: str, true: int | None = None) -> str:
    """Ten bars for probabilities (10,), 0..1; the answer and the true class, if given, stand out.

    title: what a screen reader says of them
    """
    answer = int(np.argmax(probabilities))
    bars = []
    for at, (name, share) in enumerate(zip(CLASS_NAMES, probabilities.tolist(), strict=True)):
        is_true = at == true
        colour = ANSWER if at == answer else TRUE if is_true else OTHER
        roles = ["answer"] * (at == answer) + ["true class"] * is_true
        bars.append(
            {
                "name": name,
                "colour": colour,
                "width": f"{FULL * share:.2f}",
                "share": f"{share:.1%}",
                "exact": f"{share:.2%}",
                "role": ", ".join(roles),
            }
        )
    return TEMPLATES.get_template("probability_bars.html").render(bars=bars, title=title)


def render_validation_panel(
    images: np.ndarray, labels: np.ndarray, predictions: SelectedPredictions, planned: int
) -> str:
    """Cards for (P, 28, 28) uint8 images with (P,) labels; bars leave room for `planned` epochs.

    A card an image: picture, label, the newest prediction with its confidence, and a bar for each
    epoch, as high as the probability of the label, green where the prediction was right and orange
    where not.
    Before the first epoch there is no prediction yet.
    """
    cards = []
    for at, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        bars = _bars(label, predictions.epochs, predictions.probabilities[:, at], planned)
        cards.append({"uri": data_uri(image), "name": CLASS_NAMES[label], "bars": bars})
    template = TEMPLATES.get_template("validation_panel.html")
    return template.render(cards=cards, right=ANSWER, wrong=TRUE)


def _bars(label: int, epochs: np.ndarray, probabilities: np.ndarray, planned: int) -> list[dict]:
    """What the template needs of each of S epochs; probabilities: (S, 10) uint8."""
    slot = 100 / max(planned, 1)  # percent of the width that an epoch has
    bars = []
    # of many epochs only some are shown, and each then fills the place of those left out
    for before, epoch, values in zip([0, *epochs], epochs, probabilities, strict=False):
        predicted = int(values.argmax())
        bars.append(
            {
                "epoch": epoch,
                "right": predicted == label,
                "predicted": CLASS_NAMES[predicted],
                "confidence": f"{values[predicted] / 255:.0%}",
                "left": f"{before * slot:.2f}",
                "width": f"{(epoch - before - 0.15) * slot:.2f}",
                "height": f"{max(LEAST, values[label] / 2.55):.0f}",
            }
        )
    return bars
