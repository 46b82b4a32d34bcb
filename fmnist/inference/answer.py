"""One picture, one answer: the verdict, the class, the probabilities, and a sentence that says it.

The way from a picture's bytes to its answer, from top to bottom: `answer_file` or `answer_bytes`
decodes (`decoding`), `answer_image` brings the picture to 28x28 (`pipeline`) in one or two ways,
`answer_pixels` classifies (`classifier`), averages (`tta`) and decides (`rejection`), and a photo
or a drawing is shown to a second network as well (`second_networks`).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fmnist.data import BAG, BOOT, CLASS_NAMES, NOT_CLOTHING, SANDAL, SNEAKER
from fmnist.errors import BadImage
from fmnist.images.decoding import MAX_BYTES, decode_image, too_large
from fmnist.images.drawing import is_flat
from fmnist.images.frames import is_enlarged_image
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.images.pipeline import Preprocessed, preprocess_image
from fmnist.images.segmentation import lay_on_white
from fmnist.inference.classifier import Classifier
from fmnist.inference.second_networks.networks import NONE, SecondNetworks
from fmnist.inference.second_networks.photo_network import LEAST_SIDE, predict_photo
from fmnist.inference.second_networks.prediction import SecondPrediction
from fmnist.inference.tta import TTAPrediction, predict_tta

# The way to find the garment that competes with the one decided on. Not GrabCut: it is decided on
# where it helps, and in a drawing its answers are sure and wrong.
RIVAL = "plain"
NO_RIVAL = ("plain", "worn")  # what differs from the background is all of the person


@dataclass(frozen=True)
class Answer:
    """What is said about one picture.

    verdict: "confident", "unsure", "not_clothing", "nothing_found" or "refused"
    message: one sentence for people
    class_id, probability: the best guess and its probability, calibrated, the mean over all TTA
        variants of the input; None without a guess
    probabilities: (10,) float32, or None
    preprocessed: what became of the picture on its way to 28x28; None where it was refused
    tta: what was predicted for each variant, or None
    options: with which `pipeline.preprocess_image` gives the same again
    second: what a second network says; None where none was asked
    fashion_mnist: where one was, the answer of the Fashion-MNIST network without it; else None
    untaught: what was answered before taught pictures counted (`teaching`); None where none did
    """

    verdict: str
    message: str
    class_id: int | None = None
    probability: float | None = None
    probabilities: np.ndarray | None = None
    preprocessed: Preprocessed | None = None
    tta: TTAPrediction | None = None
    options: PreprocessingOptions = AUTO
    second: SecondPrediction | None = None
    fashion_mnist: "Answer | None" = None
    untaught: "Answer | None" = None

    @property
    def alone(self) -> "Answer":
        """What the Fashion-MNIST network says, without a second one and taught pictures."""
        return self.fashion_mnist or self.untaught or self

    @property
    def agreement(self) -> float | None:
        """Share of the TTA variants whose best guess is the mean's, 0..1."""
        return None if self.tta is None else float(self.tta.agreement[0])

    @property
    def class_name(self) -> str | None:
        """The best guess by name."""
        return None if self.class_id is None else CLASS_NAMES[self.class_id]

    @property
    def second_class_name(self) -> str | None:
        """The second best guess by name."""
        if self.probabilities is None:
            return None
        return CLASS_NAMES[np.argsort(-self.probabilities, kind="stable")[1]]

    @property
    def tip(self) -> str | None:
        """What would help where two networks are not sure; None elsewhere."""
        if self.second is None or self.verdict != "unsure":
            return None
        how = "on a plain floor" if self.second.kind == "photo" else "with a closed outline"
        if self.class_id in (SANDAL, SNEAKER, BOOT):
            return f"One shoe, from the side, {how} would be easier."
        if self.class_id == BAG:
            return f"The bag alone, from the front, {how} would be easier."
        if self.second.kind == "drawing":
            return "A closed shape that shows its collar, sleeves or buttons would be easier."
        if self.preprocessed is not None and self.preprocessed.decided.segment == "worn":
            return "The garment without a person, laid flat on a plain floor, would be easier."
        return "The whole garment from above, on a plain floor of another colour, would be easier."

    @property
    def pixels(self) -> np.ndarray | None:
        """What was classified, (28, 28) uint8; None where the picture was refused or empty."""
        return None if self.preprocessed is None else self.preprocessed.pixels

    def without_steps(self) -> "Answer":
        """The same without the pictures of the steps, which are a hundred times larger."""
        if self.preprocessed is None:
            return self
        alone, before = (a and a.without_steps() for a in (self.fashion_mnist, self.untaught))
        brief = replace(self.preprocessed, steps=())
        return replace(self, preprocessed=brief, fashion_mnist=alone, untaught=before)

    def to_dict(self) -> dict:
        """Plain values under the names that `classify --json` promises."""
        second = {self.second.kind: self.second.to_dict()} if self.second else {}
        return {
            **self._plain(),
            "agreement": self.agreement,
            "message": self.message,
            "fashion_mnist": self.alone._plain(),
            **{kind: second.get(kind) for kind in ("photo", "drawing")},
            "untaught": self.untaught._plain() if self.untaught else None,
        }

    def _plain(self) -> dict:
        return {
            "verdict": self.verdict,
            "class_id": self.class_id,
            "class_name": self.class_name,
            "probability": self.probability,
            "probabilities": None if self.probabilities is None else self.probabilities.tolist(),
        }


def answer_file(
    path: Path,
    classifier: Classifier,
    options: PreprocessingOptions = AUTO,
    second: SecondNetworks = NONE,
) -> Answer:
    """Answer for a file on disk; one that cannot be read gets the verdict "refused"."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # enough to see that it is too large
            size = max(len(data), os.fstat(file.fileno()).st_size)
    except OSError as error:
        return Answer("refused", f"The file cannot be opened ({error.strerror}).")
    if len(data) > MAX_BYTES:
        return Answer("refused", str(too_large(size)))
    return answer_bytes(data, classifier, options, second)


def answer_bytes(
    data: bytes,
    classifier: Classifier,
    options: PreprocessingOptions = AUTO,
    second: SecondNetworks = NONE,
) -> Answer:
    """Answer for the bytes of a picture file; a bad one gets the verdict "refused".

    Raises ServerBusy, see `decode_image`: that is no answer to remember.
    """
    try:
        image = decode_image(data)
    except BadImage as error:
        return Answer("refused", str(error))
    return answer_image(image, classifier, options, second)


def answer_image(
    image: Image.Image,
    classifier: Classifier,
    options: PreprocessingOptions = AUTO,
    second: SecondNetworks = NONE,
) -> Answer:
    """Answer for a decoded picture, RGBA.

    second: one of these is asked as well where the way to 28x28 is ours, by what the picture is
    """
    if options.method != "automatic" or second == NONE:
        return _answer_alone(image, classifier, options)
    cropped = image.crop(options.crop_in_pixels(*image.size))
    rgb = lay_on_white(np.asarray(cropped.convert("RGBA")))
    enlarged = is_enlarged_image(rgb)
    small = enlarged or min(cropped.size) < LEAST_SIDE
    photo_network = None if small else second.photo
    with ThreadPoolExecutor(max_workers=1) as beside:
        said = None
        if photo_network and not is_flat(rgb):  # surely a photo: both networks work at once
            said = beside.submit(predict_photo, cropped, photo_network)
        alone = _answer_alone(image, classifier, options)
    if alone.preprocessed is None or alone.pixels is None:
        return alone
    drawn = alone.preprocessed.kind == "drawing"
    if second.drawing and (drawn or small):
        together = _answer_together(alone, second.drawing(alone.pixels))
        # an image of the dataset is answered by the other network alone; a letter is none
        counts = (drawn and not enlarged) or together.verdict == "not_clothing"
        return together if counts else alone
    if drawn or photo_network is None:
        return alone
    return _answer_together(alone, said.result() if said else predict_photo(cropped, photo_network))


def is_right(verdict: str, class_id: int | None, label_id: int) -> bool:
    """Whether an answer is right: a garment's class is answered; anything else is rejected."""
    if label_id == NOT_CLOTHING:
        return verdict not in ("confident", "refused")
    return verdict != "not_clothing" and class_id == label_id


def _answer_alone(
    image: Image.Image, classifier: Classifier, options: PreprocessingOptions
) -> Answer:
    """The Fashion-MNIST network's answer.

    Where nobody chose how the garment is found and its difference from the background finds another
    one, both are answered and the surer answer is taken: what a segmentation leaves behind looks
    like nothing.
    """
    first = preprocess_image(image, options)
    if first.pixels is None:
        message = "Nothing found: nothing is left of the picture."
        if options == AUTO:
            message = "Nothing found: nothing in the picture stands out from its background."
        return Answer("nothing_found", message, preprocessed=first)
    candidates = [(options, first)]
    found_by_hand = options.segment != "automatic" or options.tolerance is not None
    if (
        options.method == "automatic"
        and not found_by_hand
        and first.decided.segment not in NO_RIVAL
    ):
        other = replace(options, segment=RIVAL)
        second = preprocess_image(image, other)
        if second.pixels is not None and not np.array_equal(second.pixels, first.pixels):
            candidates.append((other, replace(second, kind=first.kind)))
    answers = [
        replace(
            answer_pixels(found.pixels, classifier, drawn=found.kind == "drawing"),
            preprocessed=found,
            options=used,
        )
        for used, found in candidates
        if found.pixels is not None
    ]
    return max(answers, key=_sureness)  # the first of equals


def _sureness(answer: Answer) -> tuple[bool, float]:
    """What orders the answers to one picture; of a drawing, no clothing comes last.

    Of a photo, the photo network says whether it is clothing.
    """
    assert answer.preprocessed is not None
    clothing = answer.verdict != "not_clothing" or answer.preprocessed.kind == "photo"
    return clothing, answer.probability or 0.0


def answer_pixels(pixels: np.ndarray, classifier: Classifier, drawn: bool = False) -> Answer:
    """Answer for (28, 28) uint8, light garment on black; `drawn`: whether it is a drawing."""
    policy = classifier.policy
    predicted = predict_tta(pixels[np.newaxis], classifier, policy.tta_variants)
    probabilities = policy.calibrate(predicted.probabilities)[0]
    verdict = str(policy.decide(predicted.probabilities, predicted.features, drawn)[0])
    return answer_in_words(verdict, probabilities, Answer("", "", tta=predicted))


def _answer_together(alone: Answer, second: SecondPrediction) -> Answer:
    """What the Fashion-MNIST network's answer becomes with a second network's prediction."""
    assert alone.probabilities is not None  # it has pixels
    assert alone.preprocessed is not None
    probabilities = second.combine(alone.probabilities)
    verdict = second.decide(alone.probabilities, alone.verdict, alone.preprocessed.cut_out)
    both = replace(alone, second=second, fashion_mnist=alone)
    return answer_in_words(verdict, probabilities, both)


def answer_in_words(verdict: str, probabilities: np.ndarray, answer: Answer) -> Answer:
    """The answer with this verdict, these probabilities, and the sentence that says both."""
    class_id, next_id = np.argsort(-probabilities, kind="stable")[:2].tolist()
    probability = float(probabilities[class_id])
    name, second = CLASS_NAMES[class_id], CLASS_NAMES[next_id]
    message = {
        "confident": f"{name} ({probability:.0%})",
        "unsure": f"Not sure: {name} ({probability:.0%}), else {second}",
        "not_clothing": f"Probably none of the ten classes; the closest is {name}",
    }[verdict]
    return replace(
        answer,
        verdict=verdict,
        message=message,
        class_id=class_id,
        probability=probability,
        probabilities=probabilities,
    )
