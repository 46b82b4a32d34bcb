"""Many pictures classified, with a progress bar, each only once during a visit.

A picture is known by a key instead of its bytes, because hashing a hundred photos takes seconds
and a page runs again at every click.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st
from PIL import Image

from fmnist.errors import BadImage, CorrectionsError, ServerBusy
from fmnist.images.decoding import decode_image
from fmnist.images.display import data_uri, enlarge
from fmnist.images.options import AUTO
from fmnist.inference.answer import Answer
from fmnist.runs.run import Run
from pages.parts.shared import loading

MAX_PICTURES = 500  # at once; more are answered by `python -m fmnist`
THUMBNAIL = (64, 64)  # the height of a row; all rows are sent to the browser
SHOW_AFTER = 0.2  # seconds; what is known already needs no bar

PICTURE = st.column_config.ImageColumn("Picture", width=70)
NAME = st.column_config.TextColumn("File")

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Item:
    """A picture that can be read: `read` returns its bytes or raises BadImage or
    CorrectionsError.

    key: never the same for two pictures
    label_id: the true class, None where it is not known
    """

    key: str
    name: str
    read: Callable[[], bytes]
    label_id: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class Answered:
    """An item with its answer and two data URIs: the upright picture and the network's input."""

    item: Item
    answer: Answer
    thumbnail: str | None
    given: str | None


def answer_all(items: list[Item], run: Run) -> list[Answered]:
    """Answer the items; shows a bar while that takes time."""
    both = loading.asks_second_network()
    return [_answer(item, run, both) for item in with_progress(items, "Classifying")]


def _answer(item: Item, run: Run, both: bool) -> Answered:
    try:
        return Answered(item, *_answered(run, item.key, both, item))
    except ServerBusy as error:  # not remembered
        return Answered(item, Answer("refused", str(error)), None, None)


def with_progress(things: list[Thing], doing: str) -> Iterator[Thing]:
    """The things one by one; a bar moves between them as soon as they take time."""
    bar = None
    shown = time.monotonic()
    for at, thing in enumerate(things):
        if time.monotonic() - shown > SHOW_AFTER:
            bar = bar or st.empty()
            bar.progress(at / len(things), text=f"{doing} {at + 1} of {len(things)}")
            shown = time.monotonic()
        yield thing
    if bar is not None:
        bar.empty()


def thumbnails(items: Iterable[Item]) -> list[str | None]:
    """Small pictures as data URIs; None where one cannot be read."""
    return [_thumbnail(item.key, item) for item in items]


@loading.cache_of_run("model.tflite", "verdict.json", entries=2 * MAX_PICTURES, scope="session")
def _answered(run: Run, key: str, both: bool, _item: Item) -> tuple[Answer, str | None, str | None]:
    try:
        image = decode_image(_item.read())
    except (BadImage, CorrectionsError) as error:
        return Answer("refused", str(error)), None, None
    answer = loading.answer_in_turn(image, run, AUTO, both)
    given = None if answer.pixels is None else data_uri(enlarge(answer.pixels, 2))
    return answer, _make_thumbnail(image), given


@st.cache_resource(max_entries=2 * MAX_PICTURES, show_spinner=False, scope="session")
def _thumbnail(key: str, _item: Item) -> str | None:
    try:
        image = decode_image(_item.read())
    except (BadImage, CorrectionsError):
        return None
    return _make_thumbnail(image)


def _make_thumbnail(image: Image.Image) -> str:
    """A small picture as a data URI, made of this one, which is small afterwards."""
    image.thumbnail(THUMBNAIL, Image.Resampling.BOX)
    return data_uri(image)
