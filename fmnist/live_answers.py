"""What a network that is still learning says of the validation images, epoch after epoch.

Read from `validation.u8` (see `epochs`) without reading all of it: after hundreds of epochs it is
some ten megabytes long, and a page looks at it once a second.
"""

from dataclasses import dataclass

import numpy as np

from fmnist import epochs
from fmnist.data import CLASS_NAMES, VALIDATION_SIZE
from fmnist.runs import Run

__all__ = ["EACH", "SHOWN", "Kept", "Panel", "kept", "latest", "panel", "places"]

SIZE = VALIDATION_SIZE * len(CLASS_NAMES)  # bytes of an epoch
EACH = 2  # images of each class on the panel
SHOWN = 30  # epochs on the panel at most


@dataclass(frozen=True)
class Kept:
    """How many whole epochs there are, and what changes when they are written anew."""

    epochs: int
    changed: int  # ns


def kept(run: Run) -> Kept:
    """How far the answers go; costs one look at the folder. Never raises."""
    try:
        found = (run.path / epochs.VALIDATION_FILE).stat()
    except OSError:
        return Kept(0, 0)
    return Kept(found.st_size // SIZE, found.st_mtime_ns)


def latest(run: Run, epoch: int, count: int = 2) -> np.ndarray:
    """The answers after `epoch` (1, 2, ...) and those before it: (C, 5000, 10) uint8, oldest first.

    C is `count`, or less where there are not so many, and 0 where they cannot be read.
    """
    first = max(0, epoch - count)
    try:
        with (run.path / epochs.VALIDATION_FILE).open("rb") as file:
            file.seek(first * SIZE)
            data = file.read((epoch - first) * SIZE)
    except OSError:
        data = b""
    whole = len(data) // SIZE
    return np.frombuffer(data, np.uint8, whole * SIZE).reshape(
        whole, VALIDATION_SIZE, len(CLASS_NAMES)
    )


def places(labels: np.ndarray) -> np.ndarray:
    """The images on the panel: the first `EACH` of each class in (N,) labels, (20,) int64."""
    return np.concatenate([np.flatnonzero(labels == c)[:EACH] for c in range(len(CLASS_NAMES))])


@dataclass(frozen=True)
class Panel:
    """What some images were answered as: epochs (S,) int64, 1, 2, ...; said (S, P, 10) uint8."""

    epochs: np.ndarray
    said: np.ndarray


def panel(run: Run, epoch: int, chosen: np.ndarray, planned: int) -> Panel:
    """The answers for some images until `epoch`, of `planned` ones; S is at most `SHOWN`.

    Of more epochs every k-th is taken, and the newest; k follows from `planned`, so that one that
    is shown stays. Where they cannot be read, S is less.
    """
    every = -(-planned // SHOWN)
    wanted = sorted({*range(every, epoch + 1, every), epoch} - {0})[-SHOWN:]
    width, rows = len(CLASS_NAMES), []
    try:
        with (run.path / epochs.VALIDATION_FILE).open("rb", buffering=0) as file:
            for at in wanted:
                row = []
                for image in chosen.tolist():
                    file.seek((at - 1) * SIZE + image * width)
                    row.append(file.read(width))
                if any(len(one) != width for one in row):  # shortened by a training that went back
                    break
                rows.append(row)
    except OSError:
        pass
    said = np.frombuffer(b"".join(b"".join(row) for row in rows), np.uint8)
    return Panel(np.array(wanted[: len(rows)], int), said.reshape(len(rows), len(chosen), width))
