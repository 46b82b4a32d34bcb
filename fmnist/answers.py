"""One picture, one answer: the verdict, the class, the probabilities, and a sentence that says it.

The command line's `classify --json` prints `Answer.to_dict`, and scripts rely on its names.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.choices import AUTO, Choices
from fmnist.classifier import Classifier
from fmnist.data import CLASS_NAMES
from fmnist.errors import BadImage
from fmnist.images import MAX_BYTES, decode
from fmnist.preparation import Prepared, prepare

__all__ = ["CONFIDENT_FROM", "Answer", "answer_bytes", "answer_file", "answer_pixels"]

# Softmax probabilities are not calibrated; this is the stated line and not a measured promise.
CONFIDENT_FROM = 0.8


@dataclass(frozen=True)
class Answer:
    """What is said about one picture.

    verdict: "confident", "unsure", "not_clothing", "nothing_found" or "refused"
    class_id, probability: the best guess and its softmax probability; None without a guess
    probabilities: (10,) float32, or None
    message: one sentence for people
    prepared: what became of the picture on its way to 28x28; None where it was refused
    """

    verdict: str
    message: str
    class_id: int | None = None
    probability: float | None = None
    probabilities: np.ndarray | None = None
    prepared: Prepared | None = None

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
            "message": self.message,
        }


def answer_pixels(pixels: np.ndarray, classifier: Classifier, prepared=None) -> Answer:
    """Answer for (28, 28) uint8, light garment on black."""
    probabilities = classifier(pixels[np.newaxis])[0][0]
    class_id = int(probabilities.argmax())
    probability = float(probabilities[class_id])
    name = CLASS_NAMES[class_id]
    if probability >= CONFIDENT_FROM:
        verdict, message = "confident", f"{name} ({probability:.0%})"
    else:
        second = CLASS_NAMES[int(np.argsort(probabilities)[-2])]
        verdict = "unsure"
        message = f"Not sure: {name} ({probability:.0%}), or else {second}"
    return Answer(verdict, message, class_id, probability, probabilities, prepared)


def answer_bytes(data: bytes, classifier: Classifier, choices: Choices = AUTO) -> Answer:
    """Answer for the bytes of a picture file; a bad one gets the verdict "refused"."""
    try:
        prepared = prepare(decode(data), choices)
    except BadImage as error:
        return Answer("refused", str(error))
    if prepared.pixels is None:
        message = "Nothing found: the picture is of one colour."
        return Answer("nothing_found", message, prepared=prepared)
    return answer_pixels(prepared.pixels, classifier, prepared)


def answer_file(path: Path, classifier: Classifier) -> Answer:
    """Answer for a file on disk; one that cannot be read gets the verdict "refused"."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # enough to see that it is too large
    except OSError as error:
        return Answer("refused", f"The file cannot be opened ({error.strerror}).")
    return answer_bytes(data, classifier)
