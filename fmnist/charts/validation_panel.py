"""Some images with what a learning network predicts for them, as one piece of HTML.

A card an image: picture, label, the newest prediction with its confidence, and a bar for each
epoch, as high as the probability of the label, green where the prediction was right and orange
where not. No script, no address; all words are the classes' names and numbers.
"""

import numpy as np

from fmnist.analysis.validation_predictions import SelectedPredictions
from fmnist.charts.common import ANSWER, TEMPLATES, TRUE
from fmnist.data import CLASS_NAMES
from fmnist.images.display import data_uri

LEAST = 6  # percent of its room that a bar is high at least, or its colour would be lost


def render_validation_panel(
    images: np.ndarray, labels: np.ndarray, predictions: SelectedPredictions, planned: int
) -> str:
    """Cards for (P, 28, 28) uint8 images with (P,) labels; bars leave room for `planned` epochs.

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
