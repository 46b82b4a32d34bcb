"""An answer as a card to save or share: one PNG."""

import numpy as np

from fmnist.analysis.occlusion import occlusion_map
from fmnist.data import CLASS_NAMES
from fmnist.images.decoding import decode_image
from fmnist.inference.answer import Answer
from fmnist.runs.library import quote_run
from fmnist.runs.run import Run
from pages.parts.shared import loading
from pages.parts.shared.answer_view import NAMES
from pages.parts.shared.widgets import download


def offer_answer(answer: Answer, picture: bytes, run: Run, key: str) -> None:
    """Offer the card of a picture's answer; nothing where there is none."""
    if answer.pixels is None:
        return
    title = f"{answer.class_name}, {answer.probability:.1%}"
    if answer.verdict == "not_clothing":
        title = f"None of the ten; closest: {answer.class_name}"
    network = quote_run(run)
    network += f" and the {NAMES[answer.second.kind].lower()}" if answer.second else ""
    network += " and taught pictures" if answer.untaught else ""
    words = {"title": title, "network": network}
    _offer(answer.pixels, answer.probabilities, run, key, picture, **words)


def offer_test_image(row, run: Run, key: str) -> None:
    """Offer the card of a test image's answer; row of `answers_table`."""
    index, true = int(row["index"]), int(row["true"])
    image, probabilities = loading.test_part().images[index], loading.predictions(run)[index]
    title = f"{CLASS_NAMES[int(row['predicted'])]}, {row['confidence']:.1%}"
    _offer(image, probabilities, run, key, title=title, network=quote_run(run), true=true)


def _offer(
    pixels: np.ndarray, probabilities: np.ndarray, run: Run, key: str, picture=None, **words
) -> None:
    network = loading.classifier(run)

    def draw() -> bytes:
        """The card, made on the click and outside the page's run."""
        # brings matplotlib, which the front page does without
        from fmnist.charts.card import draw_card

        return draw_card(
            pixels,
            probabilities,
            picture=None if picture is None else decode_image(picture),
            attribution=occlusion_map(pixels, network, int(np.argmax(probabilities))),
            **words,
        )

    how = {"key": f"{key}-card", "type": "tertiary"}
    help_ = "One PNG of 1200 × 630 pixels: the picture, what the network saw, and its answer."
    download("Save as a card", draw, "answer.png", "image/png", help=help_, **how)
