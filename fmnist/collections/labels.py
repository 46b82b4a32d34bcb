"""How pictures of one's own are labelled, in a folder and in a zip file alike.

    labels.csv         columns path (in the folder) and label_id (0 to 9, or -1 for none of the
                       classes, or a class name), kind at will; other columns are ignored; what else
                       the first two may be called: `COLUMNS`

or, without that file, one subfolder per class, named by class id (`0`, `0_tshirt`), by class name
(`T-shirt_top`, `ankle-boot`, `Boots`), or `ood`, `none` or `-1` for pictures of something else.

A table is read as spreadsheets save it: with commas, semicolons or tabs, in UTF-8 or UTF-16, or in
a code page where its paths are found that way. Paths are compared in Unicode's form NFC, for macOS
takes accents apart.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from fmnist.data import CLASS_NAMES, NOT_CLOTHING
from fmnist.errors import LabelsError
from fmnist.files import quote_name
from fmnist.setting_fields import count_text

TABLE = "labels.csv"
NO_ROWS = "lists no picture; write a line for each or leave it out."
LABEL_NAMES = {**dict(enumerate(CLASS_NAMES)), NOT_CLOTHING: "Not clothing"}
# label_id as written; int() would also take "1_0", "+3" and digits of other scripts
LABELS = {str(label): label for label in LABEL_NAMES}
COLUMNS = {  # the needed ones, and what else they are called, the likeliest first
    "path": ("path", "file", "filename", "file_name", "image"),
    "label_id": ("label_id", "label", "class_id", "class"),
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
ALSO_CALLED = {  # what else a class's subfolder may be called, letters and digits only
    0: ("tshirt", "top", "tee", "teeshirt", "tshirtortop"),
    1: ("pants", "pant", "jeans"),
    2: ("sweater", "jumper", "sweatshirt"),
    7: ("trainer",),
    8: ("handbag",),
    9: ("boot", "bootie"),
    NOT_CLOTHING: ("ood", "none", "other", "notclothing"),
}
# of what is taken for a picture, damaged or not, where it lies beside class folders
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"),
    *(".avif", ".bmp", ".gif", ".heic", ".tif", ".tiff"),
)
# what nobody put there to be looked at: Windows, macOS, Picasa and network drives leave files and
# folders, a phone a list of edits and a film beside a photo, photo libraries and people a text;
# what begins with a dot is hidden anyway
LEFT_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r")
LEFT_ENDINGS = (".aae", ".mov", ".mp4", ".json", ".xmp", ".xml", ".txt", ".csv")
LEFT_FOLDERS = ("@eadir", "#recycle", "$recycle.bin")

Key = TypeVar("Key", bound=Hashable)


class Row(NamedTuple):
    """A line of the table: the path as written, the label (0..9 or NOT_CLOTHING), the kind."""

    path: str
    label_id: int
    kind: str


def class_of(name: str) -> int | None:
    """The label that a subfolder's name means, 0..9 or NOT_CLOTHING; None where it means none.

    A number decides where nothing follows it, a class's name or what begins with "_"; otherwise
    letters and digits are compared, whatever their case. "9 photos" means nothing.
    Raises LabelsError where the number is one class's and the rest of the name another's.
    """
    number, rest = re.fullmatch(r"(-?[0-9]+)?(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    named = _labels_by_name().get(_letters(rest))
    if number is None:
        return named
    label = int(number)
    if label not in LABEL_NAMES or (
        named is None and rest[:1] != "_" and any(map(str.isalnum, rest))
    ):
        return None
    if named not in (None, label):
        raise LabelsError(
            f"The subfolder {quote_name(name)} has the number of {LABEL_NAMES[label]} and the name "
            f"of {LABEL_NAMES[named]}, whose number is {named}; give it one class."
        )
    return label


def unknown_subfolders(names: Iterable[str]) -> str:
    """The sentence that says that these subfolders, at least one, name no class."""
    shown = sorted(set(names))
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return (
        f"No class is called {', '.join(map(quote_name, shown[:5]))}{more}: pictures in such "
        "subfolders are answered and not scored; call a subfolder by a class id from 0 to 9, by a "
        "class name, or 'ood' where its pictures show something else."
    )


def is_hidden(path: str) -> bool:
    """Whether a file with this path is passed over: .git, __MACOSX, Thumbs.db, notes.txt."""
    *folders, file = path.split("/")
    if any(folder.startswith(".") or folder.lower() in LEFT_FOLDERS for folder in folders):
        return True
    left = file.lower() in LEFT_FILES or file.lower().endswith(LEFT_ENDINGS)
    left &= not (is_table(file) and len(folders) < 2)  # in a folder that encloses everything
    return left or file.startswith(".") or bool(folders and folders[0].startswith("__"))


def is_table(name: str) -> bool:
    """Whether a file beside the pictures is the table of their labels, in capitals or not."""
    return name.lower() == TABLE


def composed(path: str) -> str:
    """A path in the form in which paths are compared."""
    return unicodedata.normalize("NFC", path)


def read_table(data: bytes, find: Callable[[str, int], Key]) -> Iterator[tuple[Key, Row]]:
    """Read the bytes of a labels.csv, line by line: what identifies the file, and the line.

    find: called with a path as written and its line, returns what identifies the file, and raises
        LabelsError (`leads_out`, `not_there`) where there is none to be had

    Raises LabelsError, naming the line, where this is not such a table, a label is none, or a file
    is listed twice.
    """
    lines: dict[Key, int] = {}  # key -> line where it was first
    text, guessed = _decoded(data)
    for line, fields in _rows(text):
        try:
            key = find(fields["path"], line)
        except LabelsError:
            if guessed and not fields["path"].isascii():
                raise _not_utf8(line) from None
            raise
        if key in lines:
            raise _bad(line, f"{quote_name(fields['path'])} is on line {lines[key]} already")
        lines[key] = line
        label = LABELS.get(fields["label_id"])
        if label is None and fields["label_id"][:1].isalpha():
            label = _labels_by_name().get(_letters(fields["label_id"]))
        if label is None:
            raise _bad(
                line,
                f"the label is {quote_name(fields['label_id'])} and must be a class id from 0 "
                "to 9, a class name, or -1 for none of the classes",
            )
        yield key, Row(fields["path"], label, fields.get("kind", ""))


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


def _labels_by_name() -> dict[str, int]:
    names = {_letters(name): label for label, name in enumerate(CLASS_NAMES)}
    names |= {name: label for label, also in ALSO_CALLED.items() for name in also}
    plurals = {name + ending: label for name, label in names.items() for ending in ("s", "es")}
    return plurals | names


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text of a table, and whether its encoding is a guess."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), False
    if b"\0" in data[:2]:  # the same without its mark
        return data.decode(f"utf-16-{'be' if data[0] == 0 else 'le'}", errors="replace"), False
    try:
        return data.decode("utf-8-sig"), False  # spreadsheets write a byte order mark
    except UnicodeDecodeError as error:
        if data.startswith(b"\xef\xbb\xbf"):
            raise _not_utf8(error.object.count(b"\n", 0, error.start) + 1) from None
        return data.decode("cp1252", errors="replace"), True


def _not_utf8(line: int) -> LabelsError:
    return _bad(line, "this is not UTF-8; save the table as CSV in UTF-8")


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table with their numbers, from 1; blank lines are left out."""
    heading = text.lstrip("\r\n ").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=heading.count)  # the first where there is none
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = next((row for row in reader if any(map(str.strip, row))), [])
        columns = [column.strip().casefold() for column in columns]
        for column, names in COLUMNS.items():
            called = next((name for name in names if name in columns), None)
            if called is None:
                raise _bad(
                    max(1, reader.line_num),
                    f"there is no column {column!r}; commas, semicolons or tabs must separate path "
                    "and label_id",
                )
            columns[columns.index(called)] = column
        for fields in reader:
            if not fields or not any(map(str.strip, fields)):
                continue
            if len(fields) != len(columns):
                raise _bad(
                    reader.line_num,
                    f"it has {count_text(len(fields), 'field')} under {len(columns)} columns; put "
                    f"what contains a {DELIMITERS[delimiter]} in double quotes",
                )
            yield reader.line_num, dict(zip(columns, map(str.strip, fields), strict=True))
    except csv.Error as error:
        raise _bad(reader.line_num, f"this is not CSV ({error})") from None


def _bad(line: int, words: str) -> LabelsError:
    return LabelsError(f"{TABLE}, line {line}: {words}.")
