"""A run as one zip file, to take away or to send; unpacked under `runs/`, it is a run again."""

import functools
import io
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from fmnist.errors import RunError
from fmnist.files import open_regular, replace_file
from fmnist.runs.about import ABOUT_FILE, load_about
from fmnist.runs.library import DRAFT, free_run_names, runs_directory
from fmnist.runs.predictions import TEST_EPOCHS_FILE, VALIDATION_EPOCHS_FILE
from fmnist.runs.run import Run, check_run_file, read_run, write_run_info

PACKED = (
    "history.jsonl",
    "model.keras",
    "model.tflite",
    "test.npz",
    "verdict.json",
    TEST_EPOCHS_FILE,
    VALIDATION_EPOCHS_FILE,
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


def pack_run(run: Run) -> bytes:
    """The run's files as a zip file, the same bytes as long as they are the same.

    Files that are missing are left out, and so is what identifies the computer. Raises RunError
    where it is gone.
    """
    if not run.path.is_dir():
        raise RunError(f"The run {run.name!r} is gone; somebody has renamed or deleted it.")
    run = read_run(run.path)  # it may have been trained on since
    about = json.dumps(vars(load_about(run)), indent=2) + "\n"
    info = {name: value for name, value in run.info.items() if name != "process"}
    words = {
        "README.txt": README,
        "run.json": json.dumps(info, indent=2) + "\n",
        ABOUT_FILE: about,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in words.items():
            file.writestr(_member(name), text)
        for name in PACKED:
            try:
                source = open_regular(run.path / name)
            except OSError:  # missing, or no regular file
                continue
            with source, file.open(_member(name), "w") as target:
                shutil.copyfileobj(source, target, 2**20)
    return buffer.getvalue()


def unpack_run(data: bytes, name: str, drafts: Path, **info: Any) -> Run:
    """Put what `pack_run` packed among the own runs, whole or not at all, and return it.

    name: of the run, or with a number behind it where that is taken
    drafts: a folder on the same disk, where it is made; what a crash leaves there may be removed
    info: entries of run.json beside those that it came with

    Raises RunError where the data is damaged or is not that of a finished run.
    """
    drafts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=DRAFT, dir=drafts) as draft:
        path = Path(draft) / name
        path.mkdir()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as file:
                for member in {*PACKED, "run.json", ABOUT_FILE} & set(file.namelist()):
                    write = functools.partial(Path.write_bytes, data=file.read(member))
                    replace_file(path / member, write)
            write_run_info(path, **info)
        except (zipfile.BadZipFile, zlib.error, ValueError, FileNotFoundError) as error:
            raise RunError(f"The run {name!r} has arrived damaged ({error}).") from None
        run = read_run(path)
        if run.state != "finished":
            raise RunError(f"The run {name!r} has arrived damaged: {run.reason or run.state}")
        for file_name in run.files:
            check_run_file(run, file_name)
        for free in free_run_names(name):
            place = runs_directory() / free
            try:
                path.rename(place)
            except OSError:
                if not os.path.lexists(place):  # nobody has just taken the name
                    raise
            else:
                return read_run(place)
    raise RunError(f"There is no name left for the run {name!r}; delete some.")


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)  # of 1980, whenever it is packed
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = 3, 0o644 << 16  # on Windows, too
    return member
