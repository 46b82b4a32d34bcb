"""What is to be known of one setting, told at its dataclass field and used wherever it appears."""

import dataclasses
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fmnist.errors import SettingsError


@dataclass(frozen=True)
class Setting:
    """What is to be known of one setting beside its default.

    name: in a message; label: on the page; option: of the command
    kind: bool, int, float, str or tuple
    help: for the command line and the page
    limits: (least, most) of a number; choices: value -> what it means
    words: how a value that is not the default is said, each item of a list by itself, or a function
    that says it; "" for what is said in another place
    item, item_text: one item of a list as the command line has it, read and written
    read, write: a whole value as the command line has it, where it is one word of its own form
    """

    name: str
    label: str
    option: str
    kind: type
    help: str
    limits: tuple[float, float] | None = None
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    words: str | Callable[..., str] = ""
    metavar: str | None = None
    item: Callable[[str], Any] | None = None
    item_text: str = "{}"
    read: Callable[[str], Any] | None = None
    write: Callable[[Any], str] | None = None

    def check(self, value: Any) -> None:
        """Raise SettingsError where the setting cannot have this value."""
        if self.limits:
            check_number(self.name, value, *self.limits)
        elif self.choices and (not isinstance(value, str) or value not in self.choices):
            raise SettingsError(
                f"There is no {self.name} {shorten(value)}; choose one of: "
                f"{', '.join(self.choices)}."
            )
        elif not isinstance(value, (tuple, list) if self.kind is tuple else self.kind):
            raise SettingsError(f"{self.name} must be {KINDS[self.kind]}, got {shorten(value)}.")

    def in_words(self, value: Any) -> list[str]:
        """How a value that is not the default is said."""
        return self._fill(self.words, value) if self.words else []

    def as_arguments(self, value: Any) -> list[str]:
        """A value that is not the default as the command line has it."""
        if self.kind is bool:
            return [self.option]
        if self.write:
            return [self.option, self.write(value)]
        return [word for text in self._fill(self.item_text, value) for word in (self.option, text)]

    def _fill(self, text: str | Callable[..., str], value: Any) -> list[str]:
        items = value if self.kind is tuple else [value]
        fill = text.format if isinstance(text, str) else text
        return [fill(*(item if isinstance(item, tuple) else (item,))) for item in items]


KINDS = {bool: "true or false", str: "the name of a run", tuple: "a list"}


def described(default: Any, help_text: str, **about: Any) -> Any:
    """A dataclass field with what `describe` makes a Setting of."""
    how = "default_factory" if callable(default) else "default"
    return dataclasses.field(**{how: default}, metadata={"help": help_text, **about})


def describe(field: dataclasses.Field) -> Setting:
    """The Setting of a field: what was said there, and what follows from its name."""
    name = field.name.replace("_", " ")
    usual = {
        "name": name,
        "label": name.capitalize(),
        "option": f"--{field.name.replace('_', '-')}",
        "kind": getattr(field.type, "__origin__", field.type),
    }
    return Setting(**{**usual, **field.metadata})


def check_number(name: str, value: Any, least: float, most: float) -> None:
    """Raise SettingsError where `value` is no number from least to most, whole where `least` is."""
    whole = isinstance(least, int)
    kinds = (int,) if whole else (int, float)
    legal = isinstance(value, kinds) and not isinstance(value, bool)
    if not (legal and least <= value <= most):
        kind = "a whole number" if whole else "a number"
        raise SettingsError(
            f"{name} must be {kind} from {least:.15g} to {most:.15g}, got {shorten(value)}."
        )


def read_rate_change(text: str) -> tuple[int, float]:
    """An epoch and its learning rate, with a colon between. Raises SettingsError."""
    epoch, _, rate = text.partition(":")
    try:
        return int(epoch), float(rate)
    except ValueError:
        words = f"a rate change is EPOCH:RATE, as in 5:0.001, not {shorten(text)}"
        raise SettingsError(words) from None


def rate_text(rate: float) -> str:
    """A learning rate in decimals, however small."""
    return f"{Decimal(f'{rate:g}'):f}"


def share_text(share: float) -> str:
    """A share, 0..1, in per cent, with all of its digits that say something."""
    return f"{100 * share:.6g}%"


def count_text(count: float, noun: str) -> str:
    """So many of something: "1 image", "1,000 images"."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {noun}{'s' * (count != 1)}"


RATE_CHANGE: dict[str, Any] = {
    "words": lambda epoch, rate: f"rate {rate_text(rate)} from epoch {epoch}",
    "metavar": "EPOCH:RATE",
    "item": read_rate_change,
    "item_text": "{}:{!r}",
}


def as_tuple(value: Any) -> tuple:
    """A list's items, or one value alone."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def shorten(value: Any) -> str:
    """A value for a message: what is long, as anything in a file may be, is cut."""
    return reprlib.repr(value)
