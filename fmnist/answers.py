"""One picture, one answer: the verdict, the class, the probabilities, and a sentence that says it.

The command line's `classify --json` prints `Answer.to_dict`, and scripts rely on its names.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fmnist import views
from fmnist.choices import AUTO, Choices
from fmnist.classifier import Classifier
from fmnist.data import CLASS_NAMES
from fmnist.errors import BadImage
from fmnist.images import MAX_BYTES, decode
from fmnist.preparation import Prepared, prepare
from fmnist.views import Vote

__all__ = ["Answer", "answer_bytes", "answer_file", "answer_pixels"]

# The way to find the garment that competes with the one decided on. Not GrabCut: it is decided on
# where it helps, and in a drawing its answers are sure and wrong.
RIVAL = "plain"


@dataclass(frozen=True)
class Answer:
    """What is said about one picture.

    verdict: "confident", "unsure", "not_clothing", "nothing_found" or "refused"
    class_id, probability: the best guess and its probability, calibrated, the mean over all
        renderings of the input that voted; None without a guess
    probabilities: (10,) float32, or None
    vote: what was said about each rendering, or None
    message: one sentence for people
    prepared: what became of the picture on its way to 28x28; None where it was refused
    choices: with which `preparation.prepare` gives the same again
    """

    verdict: str
    message: str
    class_id: int | None = None
    probability: float | None = None
    probabilities: np.ndarray | None = None
    prepared: Prepared | None = None
    vote: Vote | None = None
    choices: Choices = AUTO

    @property
    def agreement(self) -> float | None:
        """Share of the renderings whose best guess is the answer, 0..1."""
        return None if self.vote is None else float(self.vote.agreement[0])

    @property
    def class_name(self) -> str | None:
        """The best guess by name."""
        return None if self.class_id is None else CLASS_NAMES[self.class_id]

    def to_dict(self) -> dict:
        """Plain values under the names that `classify --json` promises."""
        probabilities = self.probabilities
        return {
            "verdict": self.verdict,
            "class_id": self.class_id,
            "class_name": self.class_name,
            "probability": self.probability,
            "probabilities": None if probabilities is None else probabilities.tolist(),
            "agreement": self.agreement,
            "message": self.message,
        }


def answer_pixels(pixels: np.ndarray, classifier: Classifier, prepared=None) -> Answer:
    """Answer for (28, 28) uint8, light garment on black."""
    judge = classifier.judge
    vote = views.vote(pixels[np.newaxis], classifier, judge.views)
    probabilities = judge.calibrated(vote.probabilities)[0]
    verdict = str(judge.verdicts(vote.probabilities, vote.features)[0])
    class_id = int(probabilities.argmax())
    probability = float(probabilities[class_id])
    name = CLASS_NAMES[class_id]
    second = CLASS_NAMES[int(np.argsort(probabilities)[-2])]
    message = {
        "confident": f"{name} ({probability:.0%})",
        "unsure": f"Not sure: {name} ({probability:.0%}), or else {second}",
        "not_clothing": f"None of the ten garments, it seems; the closest is {name}",
    }[verdict]
    return Answer(verdict, message, class_id, probability, probabilities, prepared, vote)


def answer_bytes(data: bytes, classifier: Classifier, choices: Choices = AUTO) -> Answer:
    """Answer for the bytes of a picture file; a bad one gets the verdict "refused".

    Where nobody chose how the garment is found and its difference from the background finds another
    one, both are answered and the surer answer is taken: what a segmentation leaves behind looks
    like nothing.
    """
    try:
        picture = decode(data)
    except BadImage as error:
        return Answer("refused", str(error))
    prepared = prepare(picture, choices)
    if prepared.pixels is None:
        message = "Nothing found: nothing is left of the picture."
        if choices == AUTO:
            message = "Nothing found: the picture is of one colour."
        return Answer("nothing_found", message, prepared=prepared)
    answers = [
        replace(answer_pixels(found.pixels, classifier, found), choices=way)
        for way, found in [(choices, prepared), *_rivals(picture, prepared, choices)]
    ]
    return max(answers, key=lambda answer: answer.probability)  # the first of equals


def _rivals(
    picture: Image.Image, first: Prepared, choices: Choices
) -> list[tuple[Choices, Prepared]]:
    """The other way to find the garment, where it comes to other pixels."""
    if choices.route != "auto" or choices.segment != "auto" or choices.tolerance is not None:
        return []
    if first.decided.segment == RIVAL:
        return []
    way = replace(choices, segment=RIVAL)
    found = prepare(picture, way)
    if found.pixels is None or np.array_equal(found.pixels, first.pixels):
        return []
    return [(way, found)]


def answer_file(path: Path, classifier: Classifier, choices: Choices = AUTO) -> Answer:
    """Answer for a file on disk; one that cannot be read gets the verdict "refused"."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # enough to see that it is too large
    except OSError as error:
        return Answer("refused", f"The file cannot be opened ({error.strerror}).")
    return answer_bytes(data, classifier, choices)
