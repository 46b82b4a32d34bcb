"""Tags of test images, and votes from the review of labels. Kept until removed.

They lie in `notes` beside the folder of own runs, because they are about the images and outlive
every run:

    tags.json      {tag: [indices of test images]}
    votes.jsonl    one line per vote: index, label, answer, choice, time

Several processes may write at once; a damaged file is said to be so and never overwritten.
"""

import contextlib
import math
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fmnist.access import check_may_change, own_folder
from fmnist.data import PART_SIZES
from fmnist.errors import NotesError
from fmnist.files import (
    append_json_line,
    folder_from,
    json_line,
    locked_folder,
    read_file,
    read_json,
    read_json_lines,
    replace_file,
    write_csv,
    write_json,
)
from fmnist.runs.library import runs_directory

STAR = "starred"
CANNOT_TELL = -1
MAX_TAGS = 100
MAX_NAME = 40
VOTES = "votes.jsonl"
MAX_VOTES = 100_000
COUNT = PART_SIZES["test"]


@dataclass(frozen=True)
class Vote:
    """What somebody chose for a test image when shown two classes without their origin.

    index: of the test image; label: the dataset's; answer: the run's prediction; choice: one of
    both, or CANNOT_TELL; time: seconds since 1970
    """

    index: int
    label: int
    answer: int
    choice: int
    time: float = 0.0

    def __post_init__(self):
        numbers = self.index, self.label, self.answer, self.choice
        if not all(type(number) is int for number in numbers):
            raise ValueError("a vote is made of whole numbers")
        if type(self.time) not in (int, float) or not math.isfinite(self.time):
            raise ValueError("a vote has a time")
        if not 0 <= self.index < COUNT or not {self.label, self.answer} <= set(range(10)):
            raise ValueError("a vote is about a test image and two classes")
        if self.label == self.answer or self.choice not in (self.label, self.answer, CANNOT_TELL):
            raise ValueError("a vote is for one of two classes or for neither")


def directory() -> Path:
    """Where they lie: FMNIST_NOTES, or `notes` beside the folder of own runs.

    Those of a visitor who has signed in lie in a folder of his own in there.
    """
    return own_folder(folder_from("FMNIST_NOTES", runs_directory().parent / "notes"))


def tags() -> dict[str, list[int]]:
    """Every tag with its test images' indices, in order. Raises NotesError where it is damaged."""
    try:
        found = read_json(directory() / "tags.json", MAX_TAGS * COUNT * 16)
        if not isinstance(found, dict):
            raise ValueError("not a table")
        for indices in found.values():
            if not all(type(i) is int and 0 <= i < COUNT for i in indices):
                raise ValueError("not indices of test images")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NotesError(f"The tags cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError) as error:
        raise NotesError(f"The tags are damaged: tags.json ({error}).") from None
    return {name: sorted(set(indices)) for name, indices in sorted(found.items())}


def tag(indices: list[int], name: str) -> None:
    """Tag test images. Raises NotesError where the name is none or there is no room."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise NotesError(f"A tag has 1 to {MAX_NAME} characters.")
    with _locked() as place:
        known = tags()
        if name not in known and len(known) >= MAX_TAGS:
            raise NotesError(f"There are {MAX_TAGS} tags and no more are kept; remove one first.")
        known[name] = sorted({*known.get(name, []), *map(int, indices)})
        write_json(place / "tags.json", known)


def untag(indices: list[int], name: str) -> None:
    """Take a tag off test images; a tag without images is gone."""
    with _locked() as place:
        known = tags()
        left = sorted(set(known.get(name, [])) - set(map(int, indices)))
        known[name] = left
        write_json(place / "tags.json", {key: kept for key, kept in known.items() if kept})


def tags_csv() -> str:
    """All tags as CSV: index, tag."""
    return write_csv(("index", "tag"), ((i, name) for name, kept in tags().items() for i in kept))


def add_vote(vote: Vote) -> Vote:
    """Keep a vote, and return it with its time.

    Raises NotesError where there is no room or the disk refuses.
    """
    vote = replace(vote, time=round(time.time(), 3))
    with _locked() as place:
        path = place / VOTES
        if path.exists() and path.stat().st_size > MAX_VOTES * 100:
            raise NotesError("There is no room for more votes; export and remove them first.")
        append_json_line(path, asdict(vote))
    return vote


def take_back_vote(vote: Vote) -> None:
    """Remove a vote that `add_vote` returned. Raises NotesError where the disk refuses."""
    with _locked() as place, contextlib.suppress(FileNotFoundError):
        path = place / VOTES
        line = json_line(asdict(vote))
        left = read_file(path).replace(line, b"", 1)
        replace_file(path, lambda part: part.write_bytes(left))


def votes() -> list[Vote]:
    """All votes, oldest first; lines that are none are left out."""
    found = []
    for line in read_json_lines(directory() / VOTES):
        with contextlib.suppress(ValueError, TypeError):
            found.append(Vote(**line))
    return found


def votes_csv() -> str:
    """All votes as CSV: index (in the test set), label, answer, choice, time."""
    rows = ((v.index, v.label, v.answer, v.choice, v.time) for v in votes())
    return write_csv(("index", "label", "answer", "choice", "time"), rows)


def _locked() -> AbstractContextManager[Path]:
    check_may_change()
    return locked_folder(directory(), NotesError, "The notes")
