"""The files of a run's zip file from anybody: read within limits, and checked value by value.

`run_archive.keep` writes what comes out of here anew; nothing is kept as it came. Whatever is not
what a training writes is a BadArchive with one sentence.
"""

import io
import json
import re
import zipfile
from datetime import datetime

import numpy as np

from fmnist import archive, data, epochs, runs
from fmnist.errors import BadArchive, SettingsError
from fmnist.settings import LIMITS, TrainSettings

__all__ = [
    "MOST_BYTES",
    "checked_epochs",
    "checked_history",
    "checked_info",
    "checked_probabilities",
    "members",
    "read_member",
]

# the most bytes that are read of each file: 200 epochs and the events of a day
MOST_BYTES = {
    "run.json": 256 * 2**10,
    "history.jsonl": 5 * 2**20,
    "test.npz": 2 * 2**20,
    epochs.FILE: 200 * 100_000,
    epochs.VALIDATION_FILE: 200 * 50_000,
}
MOST_EVENTS = 50_000
MOST_CHANGES = 100  # of the learning rate
NO_SETTINGS = "The settings are not those of a training."
EVENTS = ("start", "resumed", "progress", "epoch", "pause", "resume", "rate", "finishing", "end")
COUNTED = ("parameters", "train_size", "train_seconds", "epochs_done")
INITIAL = re.compile(r"[a-z0-9._, -]{0,200}")
FIELD = re.compile(r"[a-z_]{1,30}")


def members(infos: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The files that are read, by their own name: those beside the one run.json.

    infos: from `archive.open_zip`. Raises BadArchive where there is no run.json, or several.
    """
    places = [path for path in infos if path.split("/")[-1] == "run.json" and path[:2] != "__"]
    if not places:
        raise BadArchive(
            "The zip file has no run.json, so it is not a run; take one that the Train page has "
            "packed."
        )
    if len(places) > 1:
        raise BadArchive(f"The zip file has {len(places)} runs in it; pack one.")
    folder = places[0].removesuffix("run.json")
    return {name: infos[folder + name] for name in MOST_BYTES if folder + name in infos}


def read_member(file: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    """A file's bytes, never more than MOST_BYTES has for `name`. Raises BadArchive."""
    if member.compress_type not in archive.METHODS:
        raise BadArchive(f"{name} is packed in a way that is not read; use plain zip (deflate).")
    limit = MOST_BYTES.get(name, MOST_BYTES["test.npz"])
    try:
        with file.open(member) as opened:
            content = opened.read(limit + 1)
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError ...
        raise BadArchive(
            f"{name} is damaged inside the zip file ({type(error).__name__}); pack it again."
        ) from None
    if len(content) > limit:
        raise BadArchive(
            f"{name} has more than the {limit / 2**20:.2g} MB that are taken; leave it out, or "
            "take a shorter training."
        )
    return content


def checked_info(content: bytes) -> dict:
    """run.json as it is kept: what is known, checked, and nothing else. Raises BadArchive."""
    try:
        given = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadArchive(f"run.json cannot be read ({type(error).__name__}).") from None
    if not isinstance(given, dict) or given.get("format") != runs.FORMAT:
        raise BadArchive(f"run.json is not of format {runs.FORMAT}.")
    try:
        settings = TrainSettings.from_dict(given.get("settings"))
    except SettingsError as error:
        words = str(error) if len(str(error)) < 200 else NO_SETTINGS
        raise BadArchive(f"run.json: {words}") from None
    if not INITIAL.fullmatch(settings.initial) or len(settings.rate_changes) > MOST_CHANGES:
        raise BadArchive(f"run.json: {NO_SETTINGS}")
    info = {
        "format": runs.FORMAT,
        "state": "finished" if given.get("state") == "finished" else "stopped",
        "origin": runs.ELSEWHERE,
        "settings": settings.to_dict(),
        **{name: value for name in COUNTED if _count(value := given.get(name))},
    }
    for name in ("created", "finished"):
        if (moment := _moment(given.get(name))) is not None:
            info[name] = moment
    for name in ("versions", "machine"):
        info[name] = _words(given.get(name))
    return info


def _count(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value < 2**31


def _moment(value: object) -> str | None:
    try:
        return datetime.fromisoformat(value).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError):
        return None


def _words(given: object) -> dict:
    """A short table of short texts and numbers."""
    kept = {}
    for name, value in list(given.items())[:20] if isinstance(given, dict) else []:
        if isinstance(value, str) and value.isprintable():
            value = value[:100]
        elif not _count(value):
            continue
        if isinstance(name, str) and name.isprintable():
            kept[name[:40]] = value
    return kept


def checked_history(events: list[dict]) -> str:
    """A history as it is kept, from the events of `history.read_history`.

    The first MOST_EVENTS, and among them as many ends of epochs as a run can have; of each the
    numbers and nothing that anybody wrote.
    """
    lines, ended = [], 0
    for event in events[:MOST_EVENTS]:
        ended += event["event"] == "epoch"
        shares = (event[name] for name in ("accuracy", "val_accuracy") if name in event)
        sensible = (
            event["event"] in EVENTS
            and (event["event"] != "epoch" or ended <= LIMITS["epochs"][1])
            and event.get("epoch", 1) <= LIMITS["epochs"][1]
            and all(0 <= share <= 1 for share in shares)
        )
        if not sensible:
            continue
        numbers = {
            name: value
            for name, value in event.items()
            if FIELD.fullmatch(name) and type(value) in (int, float) and abs(value) < 1e12
        }
        lines.append(json.dumps({"event": event["event"], **numbers}) + "\n")
    return "".join(lines)


def checked_epochs(content: bytes, name: str) -> bytes:
    """epochs.u8 or validation.u8 as it is, where it has whole epochs of probabilities.

    Raises BadArchive where it has not.
    """
    size = epochs.IMAGES[name] * len(data.CLASS_NAMES)
    if not content or len(content) % size:
        raise BadArchive(f"{name} does not hold whole epochs of {size:,} bytes.")
    sums = np.frombuffer(content, np.uint8).reshape(-1, 10).sum(axis=1, dtype=np.int32)
    if np.abs(sums - 255).max() > 5:  # each of the ten was rounded
        raise BadArchive(f"{name} holds no probabilities.")
    return content


def checked_probabilities(content: bytes) -> np.ndarray:
    """What test.npz holds, (10000, 10) float32. Raises BadArchive where that is anything else.

    An .npz file is a zip file too; `numpy.load` would make whatever array its header announces.
    """
    try:
        inner, infos = archive.open_zip(content)
    except BadArchive as error:
        raise BadArchive(f"test.npz: {error}") from None
    if "probabilities.npy" not in infos:
        raise BadArchive("test.npz has no array named probabilities.")
    array = io.BytesIO(
        read_member(inner, infos["probabilities.npy"], "probabilities.npy in test.npz")
    )
    shape = data.PART_SIZES["test"], len(data.CLASS_NAMES)
    try:
        if np.lib.format.read_magic(array) != (1, 0):
            raise ValueError("another version")
        header = np.lib.format.read_array_header_1_0(array)
    except Exception as error:  # ValueError, SyntaxError, MemoryError ...: all mean damage
        raise BadArchive(
            f"test.npz: probabilities.npy is no array ({type(error).__name__})."
        ) from None
    if header != (shape, False, np.dtype("<f4")):
        raise BadArchive(f"test.npz does not hold {shape} float32.")
    values = array.read()
    if len(values) != 4 * shape[0] * shape[1]:
        raise BadArchive("test.npz is cut short.")
    said = np.frombuffer(values, "<f4").reshape(shape).astype(np.float32)
    # no NaN is between 0 and 1 either
    if not ((said >= 0) & (said <= 1)).all() or not np.allclose(said.sum(axis=1), 1, atol=1e-3):
        raise BadArchive("test.npz holds no probabilities.")
    return said
