"""What the recipes reached when they were tried: validation accuracy by epochs and seed.

`recorded.json` beside this file, written by `python -m fmnist plan --record`. The 10,000 test
images have no part in it. An entry counts only for the recipe as it was then: its settings' hash
and its network's number of parameters are kept with it.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fmnist import storage
from fmnist.settings import LIMITS, TrainSettings

__all__ = ["FILE", "Entry", "add", "read", "settings_hash"]

FILE = Path(__file__).with_name("recorded.json")
FORMAT = 1
# what an entry says for itself, and what changes a network's digits but not how well it learns
APART = ("epochs", "seed", "source", "precision", "deterministic")


@dataclass(frozen=True)
class Entry:
    """One training that was tried.

    recipe: a name of `recipes.RECIPES`; settings: `settings_hash` of what it was trained with
    parameters: of its network; epochs, seed: its own
    accuracy: share of the 5,000 validation images that it got right, 0..1
    """

    recipe: str
    settings: str
    parameters: int
    epochs: int
    seed: int
    accuracy: float


def settings_hash(settings: TrainSettings) -> str:
    """What tells one recipe's settings from another's: 16 hexadecimal digits.

    Without the number of epochs, the seed, where the images come from and the precision.
    """
    default = TrainSettings().to_dict()
    # a setting that nobody knew when an entry was made is at its default there
    values = {
        name: value
        for name, value in settings.to_dict().items()
        if name not in APART and value != default[name]
    }
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read(file: Path = FILE) -> list[Entry]:
    """Every sound entry; none where the file is missing or damaged."""
    return [entry for values in _values(file) if (entry := _entry(values)) is not None]


def add(entries: Iterable[tuple[Entry, dict]], file: Path = FILE) -> None:
    """Append entries, each with whatever else should be known of it (seconds, machine, versions).

    Raises OSError where the file cannot be written.
    """
    found = _values(file) + [{**vars(entry), **about} for entry, about in entries]
    found.sort(key=lambda values: tuple(values.get(k) for k in ("recipe", "epochs", "seed")))
    storage.write_json(file, {"format": FORMAT, "entries": found})


def _values(file: Path) -> list[dict]:
    """The entries as they stand in the file, sound in the six fields that count."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        entries = kept["entries"] if kept["format"] == FORMAT else []
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return []
    entries = entries if isinstance(entries, list) else []
    return [values for values in entries if _entry(values) is not None]


def _entry(values: object) -> Entry | None:
    try:
        entry = Entry(*(values[name] for name in Entry.__dataclass_fields__))
    except (KeyError, TypeError):
        return None
    counts = entry.parameters, entry.epochs, entry.seed
    sound = (
        isinstance(entry.recipe, str)
        and isinstance(entry.settings, str)
        and all(type(count) is int and count >= 0 for count in counts)
        and 1 <= entry.epochs <= LIMITS["epochs"][1]
        and type(entry.accuracy) is float
        and math.isfinite(entry.accuracy)
        and 0 <= entry.accuracy <= 1
    )
    return entry if sound else None
