"""Answers that learn from pictures whose right label somebody has said; no network is changed.

An example keeps what the networks make of a picture. A new picture that looks the same to them gets
a share of its label: the cache model of Tip-Adapter (Zhang et al., arXiv 2111.03930, section 3.1),
whose affinity exp(-beta (1 - cosine)) is added, times alpha, to the probabilities; of each class
its nearest examples alone, or many would outweigh whatever a picture looks like. Photos are
compared with photos and drawings with drawings. Images of the dataset neither teach nor are taught,
so the accuracy on the test images stays what it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fmnist.data import CLASS_NAMES, NOT_CLOTHING, SIDE
from fmnist.inference.answer import Answer, answer_in_words, is_right
from fmnist.inference.second_networks.prediction import unit_length

# Chosen on the development pictures; docs/tour.md says what three taught photos change there.
BETA, ALPHA = 8.0, 1.0
NEAREST = 3  # so many examples of a class count at most
LEAST = 0.05  # affinity to all that count, below which an answer stays as it is
SAME = 0.9999  # cosine, from which two pictures are taken for one
# A class that examples with so much affinity speak for is confident from this probability on.
ENOUGH, CONFIDENT = 0.5, 0.5


@dataclass(frozen=True)
class Example:
    """What the networks make of a taught picture, and its right label.

    label_id: 0..9 or NOT_CLOTHING
    drawn: whether it is a drawing
    features: (F,) float32, the Fashion-MNIST network's, of length 1
    second: (S,) float32, a second network's `direction`; None where none was asked
    asked: which second network that is, by its `kind`; None where none was asked
    """

    label_id: int
    drawn: bool
    features: np.ndarray
    second: np.ndarray | None
    asked: str | None = None


def make_example(answer: Answer, label_id: int) -> Example | None:
    """An example from an answer and the right label.

    None where the answer has no pixels, or the picture is as small as the dataset's.
    """
    if answer.tta is None or answer.preprocessed is None:
        return None
    if answer.preprocessed.size == (SIDE, SIDE):
        return None
    features = unit_length(answer.tta.features[0])
    drawn = answer.preprocessed.kind == "drawing"
    if answer.second is None:
        return Example(label_id, drawn, features, None)
    return Example(label_id, drawn, features, answer.second.direction, answer.second.kind)


def make_examples(answers: Iterable[Answer], labels: Iterable[int]) -> list[Example]:
    """The examples of answers and their right labels, without those that teach nothing."""
    made = [make_example(answer, label) for answer, label in zip(answers, labels, strict=True)]
    return [example for example in made if example is not None]


def teach_answer(answer: Answer, examples: Sequence[Example], but_itself: bool = False) -> Answer:
    """The answer after the examples have counted; itself where none is like it.

    but_itself: leave out the example that was made of the same picture, as a score has to
    """
    own = make_example(answer, NOT_CLOTHING)
    if own is None or answer.probabilities is None:
        return answer
    support = _support(own, examples, but_itself)  # (11,), the last is for none of the ten
    if support.sum() < LEAST:
        return answer
    probabilities = answer.probabilities + support[:-1]
    most = float(probabilities.max())
    probabilities = (probabilities / probabilities.sum()).astype(np.float32)
    class_id = int(probabilities.argmax())
    if support[-1] > most:
        verdict = "not_clothing"
    elif support[class_id] >= ENOUGH and probabilities[class_id] >= CONFIDENT:
        verdict = "confident"
    elif answer.verdict == "not_clothing" and support[:-1].sum() < ENOUGH:
        verdict = "not_clothing"
    elif answer.verdict == "confident" and class_id == answer.class_id and support[-1] < ENOUGH:
        verdict = "confident"
    else:
        verdict = "unsure"
    return answer_in_words(verdict, probabilities, replace(answer, untaught=answer))


def leave_one_out(answers: Sequence[Answer], labels: Sequence[int]) -> tuple[int, int, int]:
    """How many pictures count, and of these how many are right before and after the teaching.

    Each is answered with the examples that the others give; pictures without pixels do not count.
    """
    found = [
        (answer, example)
        for answer, label_id in zip(answers, labels, strict=True)
        if (example := make_example(answer, label_id)) is not None
    ]
    before = after = 0
    examples = [example for _, example in found]
    for answer, example in found:
        before += is_right(answer.verdict, answer.class_id, example.label_id)
        taught = teach_answer(answer, examples, but_itself=True)
        after += is_right(taught.verdict, taught.class_id, example.label_id)
    return len(found), before, after


def _support(own: Example, examples: Sequence[Example], but_itself: bool) -> np.ndarray:
    """How much the examples speak for each of the ten and, last, for none: (11,)."""
    support = np.zeros(len(CLASS_NAMES) + 1, np.float32)
    alike = [
        example for example in examples if (example.drawn, example.asked) == (own.drawn, own.asked)
    ]
    if not alike:
        return support
    cosines = [np.stack([example.features for example in alike]) @ own.features]
    if own.second is not None:
        second = [example.second for example in alike if example.second is not None]
        cosines.append(np.stack(second) @ own.second)
    affinity = ALPHA * np.exp(-BETA * (1 - np.mean(cosines, axis=0)))
    if but_itself:
        affinity[np.min(cosines, axis=0) > SAME] = 0
    labels = np.array([example.label_id for example in alike])
    for label_id in set(labels.tolist()):  # NOT_CLOTHING is -1, the last
        support[label_id] = np.sort(affinity[labels == label_id])[-NEAREST:].sum()
    return support
