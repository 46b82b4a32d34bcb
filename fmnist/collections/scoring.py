"""How right a network is about labelled pictures that are not the dataset's own.

`score_images` answers pictures one by one and `summarise_scores` counts. Neither knows where a
picture comes from: a folder (`folders`), uploads and a zip file's members are all a
`LabelledImage` with a function that answers it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.files import write_csv
from fmnist.inference.answer import Answer, is_right
from fmnist.inference.classifier import Classifier
from fmnist.inference.teaching import Example, teach_answer
from fmnist.metrics.report import count_confusions, wilson_interval

REFUSED = ("path", "label_id", "message")  # what `score --json` says of a refused file
VERDICTS = ("confident", "unsure", "not_clothing", "nothing_found", "refused")


@dataclass(frozen=True)
class LabelledImage:
    """A labelled picture that has not been answered yet.

    name: what it is called in the result, such as its path in the folder
    label_id: the true class 0..9, or NOT_CLOTHING; None where it is not known
    kind: a group to count apart ("photo", "icon"), or "" for none
    answer: gives the Answer when called with a classifier; `partial(answer_file, path)` for a
        file, `partial(answer_bytes, data)` for an upload
    """

    name: str
    label_id: int | None
    kind: str
    answer: Callable[[Classifier], Answer]


@dataclass(frozen=True)
class ScoredImage:
    """A labelled picture and its answer, without pixels: thousands are kept.

    path, label_id, kind: as in `LabelledImage`
    class_id, probability (0..1): the best guess; None without one
    verdict, message: as in `fmnist.inference.answer.Answer`
    alone: the same of the Fashion-MNIST network alone, where a second one was asked as well or
        taught pictures counted
    """

    path: str
    label_id: int | None
    kind: str
    class_id: int | None
    verdict: str
    probability: float | None
    message: str
    alone: "ScoredImage | None" = None

    @property
    def answered_id(self) -> int | None:
        """The class that was answered; None without a guess and for what is called no clothing."""
        return None if self.verdict == "not_clothing" else self.class_id

    @property
    def right(self) -> bool:
        """A garment is right where its class is answered; anything else, where rejected."""
        return self.label_id is not None and is_right(self.verdict, self.class_id, self.label_id)

    def to_dict(self) -> dict:
        """Plain values under the names that `score --json` promises."""
        return {
            name: value for name, value in asdict(self).items() if name not in ("message", "alone")
        }


@dataclass(frozen=True)
class Tally:
    """`right` of `n` pictures, n >= 0."""

    n: int
    right: int

    @property
    def share(self) -> float | None:
        """Share right, 0..1; None of no picture."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % Wilson interval (low, high); None of no picture."""
        return wilson_interval(self.right, self.n) if self.n else None

    def to_dict(self, right: str = "right", share: str = "accuracy") -> dict:
        """Plain values, the number right and its share under names of choice."""
        return {"n": self.n, right: self.right, share: self.share, "interval": self.interval}


@dataclass(frozen=True)
class Summary:
    """What a network achieves on labelled pictures.

    garments: all pictures labelled 0..9; one that was refused or found empty is wrong
    kinds: the same by kind; empty where no picture has one
    classes: the same by class name, all ten in label order
    confident: those of `garments` that were answered with confidence
    others: the pictures labelled NOT_CLOTHING that could be read; right where rejected, that is
        answered in any way but with confidence
    other_kinds: the same by kind
    verdicts: how often each verdict was given, over all files
    confusion: (10, 11) int64, row = true class, column = what was answered, last column = nothing
    worst: wrong answers, highest probability first
    files: all of them, in the order given
    alone: the same of the Fashion-MNIST network alone; None where no other was asked
    """

    garments: Tally
    kinds: dict[str, Tally]
    classes: dict[str, Tally]
    confident: Tally
    others: Tally
    other_kinds: dict[str, Tally]
    verdicts: dict[str, int]
    confusion: np.ndarray
    worst: list[ScoredImage]
    files: list[ScoredImage]
    alone: "Summary | None" = None

    @property
    def refused(self) -> list[ScoredImage]:
        """The files that could not be read, whatever their label."""
        return [file for file in self.files if file.verdict == "refused"]

    @property
    def unscored(self) -> list[ScoredImage]:
        """The files that could be read and have no label."""
        return [file for file in self.files if file.label_id is None and file.verdict != "refused"]

    def to_csv(self) -> str:
        """A line for each of `files`, under the names of `ScoredImage.to_dict`."""
        lines = [file.to_dict() for file in self.files]
        return write_csv(lines[0] if lines else (), (line.values() for line in lines))

    def to_dict(self) -> dict:
        """Plain values under the names that `score --json` promises."""
        refused = [{name: getattr(file, name) for name in REFUSED} for file in self.refused]
        return {
            **self._tallies(),
            "fashion_mnist": self.alone._tallies() if self.alone else None,
            "confusion_matrix": self.confusion.tolist(),
            "refused": refused,
            "worst": [file.to_dict() for file in self.worst],
            "files": [file.to_dict() for file in self.files],
        }

    def _tallies(self) -> dict:
        rejected = {"right": "rejected", "share": "share"}
        other_kinds = {kind: tally.to_dict(**rejected) for kind, tally in self.other_kinds.items()}
        of_all = self.confident.n / self.garments.n if self.garments.n else None
        return {
            **self.garments.to_dict(),
            "kinds": {kind: tally.to_dict() for kind, tally in self.kinds.items()},
            "classes": {name: tally.to_dict() for name, tally in self.classes.items()},
            "confident": {"share": of_all, **self.confident.to_dict()},
            "not_clothing": {**self.others.to_dict(**rejected), "kinds": other_kinds},
            "verdicts": self.verdicts,
        }


def score_images(
    pictures: Iterable[LabelledImage], classifier: Classifier, examples: Sequence[Example] = ()
) -> Iterator[ScoredImage]:
    """Answer pictures one at a time, in order, so that a caller can show progress and stop.

    examples: taught pictures, which count, but do not teach themselves

    A picture is opened when its turn comes; one that cannot be read has the verdict "refused".
    """
    for picture in pictures:
        answer = teach_answer(picture.answer(classifier), examples, but_itself=True)
        yield score_answer(picture.name, picture.label_id, picture.kind, answer)


def score_answer(name: str, label_id: int | None, kind: str, answer: Answer) -> ScoredImage:
    """What is kept of an answer that was given already; the first three as in `LabelledImage`."""
    alone = answer.alone if answer.alone is not answer else None
    return ScoredImage(
        name,
        label_id,
        kind,
        answer.class_id,
        answer.verdict,
        answer.probability,
        answer.message,
        score_answer(name, label_id, kind, alone) if alone else None,
    )


def summarise_scores(files: Iterable[ScoredImage], limit_worst: int = 10) -> Summary:
    """Count what is right among what `score_images` yields, which may be nothing.

    limit_worst: how many of the wrong answers to single out, >= 0
    """
    files = list(files)
    garments = [file for file in files if file.label_id not in (None, NOT_CLOTHING)]
    # a picture that nobody could look at says nothing about what the network rejects
    others = [file for file in files if file.label_id == NOT_CLOTHING and file.verdict != "refused"]
    none = len(CLASS_NAMES)
    labels = np.array([file.label_id for file in garments], np.int64)
    guesses = [none if file.answered_id is None else file.answered_id for file in garments]
    confusion = count_confusions(labels, np.array(guesses, np.int64), none + 1)
    labelled = [file for file in files if file.label_id is not None]
    wrong = [file for file in labelled if not file.right and file.answered_id is not None]
    compared = any(file.alone for file in files)
    return Summary(
        garments=_tally(garments),
        kinds=_by_kind(garments),
        classes={
            name: _tally(file for file in garments if file.label_id == class_id)
            for class_id, name in enumerate(CLASS_NAMES)
        },
        confident=_tally(file for file in garments if file.verdict == "confident"),
        others=_tally(others),
        other_kinds=_by_kind(others),
        verdicts={**dict.fromkeys(VERDICTS, 0), **Counter(file.verdict for file in files)},
        confusion=confusion,
        worst=sorted(wrong, key=lambda file: (-(file.probability or 0), file.path))[:limit_worst],
        files=files,
        alone=summarise_scores([file.alone or file for file in files], 0) if compared else None,
    )


def _tally(files: Iterable[ScoredImage]) -> Tally:
    outcomes = [file.right for file in files]
    return Tally(n=len(outcomes), right=sum(outcomes))


def _by_kind(files: list[ScoredImage]) -> dict[str, Tally]:
    of_kind: dict[str, list[ScoredImage]] = {}
    for file in files:
        of_kind.setdefault(file.kind, []).append(file)
    if [*of_kind] == [""]:
        return {}
    return {kind: _tally(of_kind[kind]) for kind in sorted(of_kind)}
