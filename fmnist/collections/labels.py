"""How pictures of one's own are labelled, in a folder and in a zip file alike.

    labels.csv         columns path (in the folder) and label_id (0 to 9, or -1 for none of the
                       classes), kind at will; other columns are ignored

or, without that file, one subfolder per class, named by class id (`0`, `0_tshirt`), by class name
(`T-shirt_top`, `ankle-boot`), or `ood`, `none` or `-1` for pictures of something else.
"""

import csv
import io
import re
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple, TypeVar

from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.errors import LabelsError
from fmnist.files import quote_name

TABLE = "labels.csv"
LABEL_NAMES = {**dict(enumerate(CLASS_NAMES)), NOT_CLOTHING: "Not clothing"}
# label_id as written; int() would also take "1_0", "+3" and digits of other scripts
LABELS = {str(label): label for label in LABEL_NAMES}
LEFT_BY_WINDOWS = ("thumbs.db", "desktop.ini")  # as ".DS_Store", files that nobody put there

Key = TypeVar("Key", bound=Hashable)


class Row(NamedTuple):
    """A line of the table: the path as written, the label (0..9 or NOT_CLOTHING), the kind."""

    path: str
    label_id: int
    kind: str


def class_of(name: str) -> int | None:
    """The label that a subfolder's name means, 0..9 or NOT_CLOTHING; None where it means none.

    A leading number decides; otherwise letters and digits are compared, whatever their case.
    """
    if number := re.match(r"-?[0-9]+", name):
        label = int(number[0])
        return label if label in LABEL_NAMES else None
    names = {_letters(class_name): label for label, class_name in enumerate(CLASS_NAMES)}
    names |= {"tshirt": 0, "ood": NOT_CLOTHING, "none": NOT_CLOTHING}
    return names.get(_letters(name))


def class_of_subfolder(name: str) -> int:
    """As `class_of`; raises LabelsError where the name means none."""
    label = class_of(name)
    if label is None:
        raise LabelsError(
            f"The subfolder {name!r} names no class; call it by a class id from 0 to 9, "
            "by a class name, or 'ood' where its pictures show something else."
        )
    return label


def is_hidden_file(name: str) -> bool:
    """Whether a file of that name, without its folder, was put there by an operating system."""
    return name.startswith(".") or name.lower() in LEFT_BY_WINDOWS


def read_table(data: bytes, find: Callable[[str, int], Key]) -> Iterator[tuple[Key, Row]]:
    """Read the bytes of a labels.csv, line by line: what identifies the file, and the line.

    find: called with a path as written and its line, returns what identifies the file, and raises
        LabelsError (`leads_out`, `not_there`) where there is none to be had

    Raises LabelsError, naming the line, where this is not such a table, a label is none, or a file
    is listed twice.
    """
    lines: dict[Key, int] = {}  # key -> line where it was first
    for line, fields in _rows(data):
        key = find(fields["path"], line)
        if key in lines:
            raise _bad(line, f"{quote_name(fields['path'])} is on line {lines[key]} already")
        lines[key] = line
        if fields["label_id"] not in LABELS:
            raise _bad(
                line,
                f"the label_id is {quote_name(fields['label_id'])} and must be a class id from 0 "
                "to 9, or -1 for none of the classes",
            )
        yield key, Row(fields["path"], LABELS[fields["label_id"]], fields.get("kind", ""))


def write_table(rows: list[Row]) -> bytes:
    """The bytes of a labels.csv that `read_table` reads as these rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def leads_out(name: str, line: int) -> LabelsError:
    """The error of a table's path that is absolute or leads out of the folder."""
    return _bad(line, f"{quote_name(name)} leads out of the folder; give a path inside of it")


def not_there(name: str, line: int) -> LabelsError:
    """The error of a table's path without a file."""
    return _bad(line, f"there is no file {quote_name(name)} in the folder")


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


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


def _bad(line: int, words: str) -> LabelsError:
    return LabelsError(f"{TABLE}, line {line}: {words}.")
