"""A run as one zip file: to take away, and to look at one that was trained elsewhere.

What comes in may be from anybody. Its directory is looked at as that of any zip file
(`archive.open_zip`), five of its files are read and never beyond a limit, and what is kept is
written anew from the numbers that were found in them. Networks are not even unpacked: a Keras or
LiteRT file can be made to do harm when it is loaded, so a run from elsewhere has curves and answers
and nothing to classify with. What it says of its own accuracy is not believed but computed here.
"""

import functools
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np

from fmnist import archive, data, epochs, keeping, runs, storage
from fmnist.errors import BadArchive, KeepingError, SettingsError
from fmnist.evaluation import evaluate
from fmnist.history import read_history
from fmnist.runs import Run
from fmnist.settings import LIMITS, TrainSettings

__all__ = ["MOST", "keep", "pack"]

MOST = 20  # runs from elsewhere that are kept; each has at most 36 MB
PACKED = (
    "history.jsonl",
    "model.keras",
    "model.tflite",
    "test.npz",
    "verdict.json",
    epochs.FILE,
    epochs.VALIDATION_FILE,
)
README = """\
A network trained on Fashion-MNIST with Fashion-MNIST Studio. Any of these files may be missing:
run.json        settings, versions, machine, dataset and scores
history.jsonl   one line per event of the training, with accuracy and loss
model.keras     the network: keras.models.load_model("model.keras")(x) gives 10 probabilities
model.tflite    the same as LiteRT: ai_edge_litert.interpreter.Interpreter("model.tflite")
                x is (N, 28, 28, 1) float32 from 0 to 1, a light garment on black
test.npz        "probabilities" (10000, 10) float32, of the published test images in their order
verdict.json    its temperature, and from where on it is sure or does not answer
epochs.u8, validation.u8   what it said after each epoch, of 10,000 test and 5,000 validation
                images: ten bytes each, 255 for a probability of 1;  about.json: star and note
"""
SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest one that a zip file can say

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


def pack(run: Run) -> bytes:
    """The run's files as a zip file, the same bytes as long as they are the same.

    Files that are missing are left out, and so is what identifies the computer. Remembered for the
    last two runs that were asked for.
    """
    about = json.dumps(vars(keeping.about(run)), indent=2) + "\n"
    info = {name: value for name, value in run.info.items() if name != "process"}
    words = {
        "README.txt": README,
        "run.json": json.dumps(info, indent=2) + "\n",
        keeping.FILE: about,
    }
    stamps = []
    for name in PACKED:
        try:
            status = (run.path / name).stat()
            stamps.append((name, status.st_size, status.st_mtime_ns))
        except OSError:
            continue
    return _packed(run.path, tuple(stamps), tuple(words.items()))


@functools.lru_cache(maxsize=2)
def _packed(path: Path, stamps: tuple, words: tuple) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in words:
            file.writestr(_member(name), text)
        for name, *_ in stamps:
            try:
                source = (path / name).open("rb")
            except OSError:  # gone since it was looked at
                continue
            with source, file.open(_member(name), "w") as target:
                shutil.copyfileobj(source, target, 2**20)
    return buffer.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, SAME_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = 3, 0o644 << 16  # on Windows, too
    return member


def keep(content: bytes, filename: str) -> Run:
    """Keep the run of a zip file as an own run that is only looked at, and return it.

    Parameters
    ----------
    content : bytes
        The zip file; hostile.
    filename : str
        What it was called; hostile. The run is named after it, by another name where that is taken.

    Raises
    ------
    BadArchive
        If it is no zip file of a run, or one of the files that are read is not what it should be.
    KeepingError
        If as many runs from elsewhere as MOST are kept already, or the disk refuses.
    DatasetError
        If the test images' labels cannot be read.
    """
    _check_room()  # before any work
    file, infos = archive.open_zip(content)
    found = _members(infos)

    def read(name: str) -> bytes | None:
        return _read(file, found[name], name) if name in found else None

    info = _info(read("run.json"))
    arrays = {
        name: _epochs(read(name), name)
        for name in (epochs.FILE, epochs.VALIDATION_FILE)
        if name in found
    }
    said = _probabilities(read("test.npz")) if "test.npz" in found else None
    history = read("history.jsonl")
    if said is not None:
        judged = evaluate(said, data.load("test").labels)
        info["scores"] = {"test_accuracy": judged.accuracy, "test_loss": judged.loss}

    with keeping.locked() as directory:
        _check_room()  # others may have been quicker
        # made under a hidden name, so that no reader meets half a run
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
        try:
            _fill(draft, info, said, arrays, history)
            draft.chmod(0o755)
            path = directory / keeping.free_name(_name(filename))
            draft.rename(path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return runs.read(path)


def _check_room() -> None:
    count = sum(run.elsewhere for run in runs.list_runs())
    if count >= MOST:
        raise KeepingError(
            f"{count} runs from elsewhere are kept and no more than {MOST} can be; delete one."
        )


def _members(infos: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The files that are read, by their own name, beside the one run.json."""
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


def _read(file: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
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


def _info(content: bytes) -> dict:
    """run.json as it is kept: what is known, checked, and nothing else."""
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


def _history(events: list[dict]) -> str:
    """A history as it is kept: sound events, of each the numbers and nothing that anybody wrote."""
    lines = []
    for event in events[:MOST_EVENTS]:
        shares = (event[name] for name in ("accuracy", "val_accuracy") if name in event)
        sensible = (
            event["event"] in EVENTS
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


def _epochs(content: bytes, name: str) -> bytes:
    """epochs.u8 or validation.u8, where it is made of whole epochs of probabilities."""
    size = epochs.IMAGES[name] * len(data.CLASS_NAMES)
    if not content or len(content) % size:
        raise BadArchive(f"{name} does not hold whole epochs of {size:,} bytes.")
    sums = np.frombuffer(content, np.uint8).reshape(-1, 10).sum(axis=1, dtype=np.int32)
    if np.abs(sums - 255).max() > 5:  # each of the ten was rounded
        raise BadArchive(f"{name} holds no probabilities.")
    return content


def _probabilities(content: bytes) -> np.ndarray:
    """What test.npz holds, (10000, 10) float32. Raises BadArchive where that is anything else.

    An .npz file is a zip file too; `numpy.load` would make whatever array its header announces.
    """
    try:
        inner, infos = archive.open_zip(content)
    except BadArchive as error:
        raise BadArchive(f"test.npz: {error}") from None
    if "probabilities.npy" not in infos:
        raise BadArchive("test.npz has no array named probabilities.")
    array = io.BytesIO(_read(inner, infos["probabilities.npy"], "probabilities.npy in test.npz"))
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


def _fill(
    path: Path, info: dict, said: np.ndarray | None, arrays: dict[str, bytes], history: bytes | None
) -> None:
    """Write the run's files into the empty folder `path`, run.json last."""
    for name, content in arrays.items():
        (path / name).write_bytes(content)
    if said is not None:
        with (path / "test.npz").open("wb") as file:
            np.savez_compressed(file, probabilities=said)
        info["files"] = {"test.npz": storage.sha256_of(path / "test.npz")}
    if history is not None:
        # read by the one who reads it later, so that both find the same events sound
        (path / "history.jsonl").write_bytes(history)
        events = read_history(Run(path.name, path, info["state"]))
        (path / "history.jsonl").write_text(_history(events), encoding="utf-8")
    storage.write_json(path / "run.json", info)


def _name(filename: str) -> str:
    """A run's name, made of a file's."""
    stem = os.path.basename(filename.replace("\\", "/").lower()).removesuffix(".zip")
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:50] or "elsewhere"
