"""A folder of labelled pictures: which files it has and what they show.

    labels.csv         columns path (in the folder) and label_id (0 to 9, or -1 for none of the
                       classes), kind at will; other columns are ignored

or, without that file, one subfolder per class, named by class id (`0`, `0_tshirt`), by class name
(`T-shirt_top`, `ankle-boot`), or `ood`, `none` or `-1` for pictures of something else.

The folder may have come from anybody, so nothing outside of it is read. No picture is opened here.
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fmnist.answers import answer_file
from fmnist.choices import AUTO, Choices
from fmnist.data import CLASS_NAMES
from fmnist.errors import LabelsError
from fmnist.scoring import NOT_CLOTHING, Picture

__all__ = ["class_of", "read_folder"]

TABLE = "labels.csv"
CLASSES = range(len(CLASS_NAMES))
# label_id as written; int() would also take "1_0", "+3" and digits of other scripts
LABELS = {str(label): label for label in (NOT_CLOTHING, *CLASSES)}
LEFT_BY_WINDOWS = ("thumbs.db", "desktop.ini")  # as ".DS_Store", files that nobody put there


def read_folder(folder: Path, choices: Choices = AUTO) -> list[Picture]:
    """List the labelled pictures of a folder.

    Parameters
    ----------
    folder : Path
        In one of the two layouts above; where it has a `labels.csv`, that one counts.
    choices : Choices
        How the pictures are prepared.

    Returns
    -------
    list of Picture
        At least one, in the table's order or sorted by path; names are relative to the folder.

    Raises
    ------
    LabelsError
        If there is no such folder, it has no pictures, a line of the table is wrong, a subfolder
        names no class, or a file lies outside of the folder.
    """
    try:
        if not folder.is_dir():
            raise LabelsError(f"There is no folder {str(folder)!r}.")
        root = folder.resolve()
        if (root / TABLE).is_file():
            pictures = list(_from_table(root, choices))
        else:
            pictures = list(_from_subfolders(root, choices))
    except OSError as error:
        place = str(error.filename or folder)
        raise LabelsError(f"{place!r} cannot be read ({error.strerror}).") from None
    if not pictures:
        raise LabelsError(
            f"The folder {str(folder)!r} has no labelled pictures; list them in a {TABLE} with the "
            "columns path and label_id, or put them in one subfolder per class."
        )
    return pictures


def class_of(name: str) -> int | None:
    """The label that a subfolder's name means, 0..9 or NOT_CLOTHING; None where it means none.

    A leading number decides; otherwise letters and digits are compared, whatever their case.
    """
    if number := re.match(r"-?[0-9]+", name):
        label = int(number[0])
        return label if label in LABELS.values() else None
    names = {_letters(class_name): label for label, class_name in enumerate(CLASS_NAMES)}
    names |= {"tshirt": 0, "ood": NOT_CLOTHING, "none": NOT_CLOTHING}
    return names.get(_letters(name))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _from_subfolders(root: Path, choices: Choices) -> Iterator[Picture]:
    for place in sorted(root.iterdir()):
        if not place.is_dir() or place.name.startswith((".", "__")):  # .git, __MACOSX
            continue
        label = class_of(place.name)
        if label is None:
            raise LabelsError(
                f"The subfolder {place.name!r} names no class; call it by a class id from 0 to 9, "
                "by a class name, or 'ood' where its pictures show something else."
            )
        for path in sorted(_visible_files(place)):
            name = path.relative_to(root).as_posix()
            if not path.resolve().is_relative_to(root):
                raise LabelsError(f"{name!r} leads out of the folder; put a copy in its place.")
            yield Picture(name, label, "", partial(answer_file, path, choices=choices))


def _visible_files(place: Path) -> Iterator[Path]:
    def fail(error: OSError):  # by default os.walk leaves out what it may not read
        raise error

    for directory, below, names in os.walk(place, onerror=fail):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            path = Path(directory, name)
            hidden = name.startswith(".") or name.lower() in LEFT_BY_WINDOWS
            if not hidden and path.is_file():  # opening a named pipe would wait for ever
                yield path


def _from_table(root: Path, choices: Choices) -> Iterator[Picture]:
    lines = {}  # path -> line where it was first
    for line, row in _rows((root / TABLE).read_bytes()):
        path = _path_in(root, row["path"], line)
        if path in lines:
            raise _bad(line, f"{_shown(row['path'])} is on line {lines[path]} already")
        lines[path] = line
        if row["label_id"] not in LABELS:
            raise _bad(
                line,
                f"the label_id is {_shown(row['label_id'])} and must be a class id from 0 to 9, or "
                "-1 for none of the classes",
            )
        label = LABELS[row["label_id"]]
        yield Picture(
            row["path"], label, row.get("kind", ""), partial(answer_file, path, choices=choices)
        )


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table with their numbers, from 1; blank lines are left out."""
    try:
        text = data.decode("utf-8-sig")  # spreadsheets write a byte order mark
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _bad(line, "this is not UTF-8; save the table as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [column.strip() for column in next(reader, [])]
        for column in ("path", "label_id"):
            if column not in columns:
                words = f"there is no column {column!r}; commas must separate path and label_id"
                raise _bad(1, words)
        for fields in reader:
            if not any(map(str.strip, fields)):
                continue
            if len(fields) != len(columns):
                raise _bad(
                    reader.line_num,
                    f"there are {len(fields)} fields under {len(columns)} columns; put what "
                    "contains a comma in double quotes",
                )
            yield reader.line_num, dict(zip(columns, map(str.strip, fields), strict=True))
    except csv.Error as error:
        raise _bad(reader.line_num, f"this is not CSV ({error})") from None


def _path_in(root: Path, name: str, line: int) -> Path:
    try:
        path = (root / name).resolve()
        outside = Path(name).is_absolute() or not path.is_relative_to(root)
        missing = not outside and not path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, a ring of links, a zero byte
        outside, missing = False, True
    if outside:
        raise _bad(line, f"{_shown(name)} leads out of the folder; give a path inside of it")
    if missing:
        raise _bad(line, f"there is no file {_shown(name)} in the folder")
    return path


def _shown(value: str) -> str:
    return repr(value if len(value) <= 80 else value[:79] + "…")


def _bad(line: int, words: str) -> LabelsError:
    return LabelsError(f"{TABLE}, line {line}: {words}.")
