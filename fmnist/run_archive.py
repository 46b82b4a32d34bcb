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
from pathlib import Path

import numpy as np

from fmnist import archive, data, epochs, keeping, runs, storage
from fmnist.errors import KeepingError
from fmnist.evaluation import evaluate
from fmnist.history import read_events
from fmnist.run_intake import (
    checked_epochs,
    checked_history,
    checked_info,
    checked_probabilities,
    members,
    read_member,
)
from fmnist.runs import Run

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
    found = members(infos)

    def read(name: str) -> bytes | None:
        return read_member(file, found[name], name) if name in found else None

    info = checked_info(read("run.json"))
    arrays = {
        name: checked_epochs(read(name), name)
        for name in (epochs.FILE, epochs.VALIDATION_FILE)
        if name in found
    }
    said = checked_probabilities(read("test.npz")) if "test.npz" in found else None
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
        events = read_events(Run(path.name, path, info["state"]))
        (path / "history.jsonl").write_text(checked_history(events), encoding="utf-8")
    storage.write_json(path / "run.json", info)


def _name(filename: str) -> str:
    """A run's name, made of a file's."""
    stem = os.path.basename(filename.replace("\\", "/").lower()).removesuffix(".zip")
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:50] or "elsewhere"
