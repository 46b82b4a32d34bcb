"""Pictures that were answered wrongly, kept with their right labels until somebody removes them.

They are kept in sets: one without a name, in the folder itself, and others in its subfolder
`sets`, in folders of their names. Each is in the layout of `labels`, so `python -m fmnist score`
reads it as it is:

    labels.csv      path, label_id, kind ("drawing", "upload" or "camera")
    <sha256>.png    the pictures

What is kept of a picture is what `images.decode` made of it: upright, at most 512 pixels, without
the place and time that a phone writes into its photos and without anything else that a file may
carry along. Decoding it again gives the same pixels, and so the same answer.

Several processes may write at once. The table is written last and removed from first, so that it
never names a picture that is not there; but on a full disk, where pictures make room for it.
"""

import contextlib
import hashlib
import io
import os
import re
import secrets
import shutil
import zipfile
from contextlib import AbstractContextManager
from pathlib import Path

from fmnist.access import check_may_change, own_folder
from fmnist.collections.labels import LABEL_NAMES, TABLE, Row, read_table, write_table
from fmnist.errors import CorrectionsError, LabelsError
from fmnist.files import locked_folder, read_file, replace_file
from fmnist.images.decoding import decode_image
from fmnist.images.display import encode_image
from fmnist.runs.library import runs_directory

KINDS = ("drawing", "upload", "camera")
MAX_PICTURES = 500
MAX_TOTAL = 90 * 2**20  # bytes; their export must be a zip file that can be uploaded again
MAX_TABLE = MAX_PICTURES * 500  # bytes; a line of this module's own has 80
NAME = re.compile(r"[0-9a-f]{64}\.png")
SETS = "sets"  # the subfolder of the sets with names
SET_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,38}[A-Za-z0-9_-])?")
MAX_SETS = 50


def directory(of: str = "") -> Path:
    """Where a set lies: in FMNIST_CORRECTIONS, or in `corrections` beside the folder of own runs.

    What a visitor who has signed in keeps lies in a folder of his own in there.

    of: its name, "" for the set without one. Raises CorrectionsError where a set cannot have it.
    """
    own = os.environ.get("FMNIST_CORRECTIONS") or runs_directory().parent / "corrections"
    place = own_folder(Path(own).expanduser().resolve())
    if not of:
        return place
    if not SET_NAME.fullmatch(of):
        raise CorrectionsError(
            "The name of a set has 1 to 40 letters (A to Z), digits, spaces, - and _, and begins "
            "with a letter or a digit."
        )
    return place / SETS / of


def list_sets() -> list[str]:
    """The names of the sets that have one, sorted."""
    try:
        places = (directory() / SETS).iterdir()
        found = [place.name for place in places if os.path.isfile(place / TABLE)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(error) from None
    return sorted(name for name in found if SET_NAME.fullmatch(name))


def delete_set(of: str) -> None:
    """Remove a set with all its pictures; the one without a name is empty afterwards.

    Raises CorrectionsError as `keep` does.
    """
    place = directory(of)
    if not of:
        remove([row.path for row in kept()])
    elif place.is_dir():
        gone = place.with_name(f".{secrets.token_hex(8)}")  # no set has such a name
        with _locked(of):
            place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def kept(of: str = "") -> list[Row]:
    """The corrections of a set, oldest first; none where there is no such set.

    Raises CorrectionsError where the table is damaged or cannot be read.
    """
    try:
        place = directory(of)
        rows = [row for _, row in read_table(read_file(place / TABLE, MAX_TABLE), _known_name)]
        return [row for row in rows if os.path.lexists(place / row.path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(error) from None
    except LabelsError as error:
        raise CorrectionsError(f"The corrections are damaged: {error}") from None


def name_of(data: bytes) -> str:
    """The name that a picture is kept under. Raises BadImage where it is no picture."""
    return _named(data)[0]


def keep(data: bytes, label_id: int, kind: str, of: str = "") -> Row:
    """Save a picture file with its right label (0..9 or NOT_CLOTHING), or its new label, in a set.

    The set is made where there is none of that name.

    Raises BadImage where `decode_image` refuses the picture, CorrectionsError where there is no
    room or the disk refuses, ValueError where there is no such label or kind.
    """
    if label_id not in LABEL_NAMES or kind not in KINDS:
        raise ValueError(f"no correction has the label {label_id!r} and the kind {kind!r}")
    name, picture = _named(data)
    row = Row(name, label_id, kind)
    if of and of not in (sets := list_sets()) and len(sets) >= MAX_SETS:
        raise CorrectionsError(
            f"There are {MAX_SETS} sets, and no more are kept; delete one first."
        )
    with _locked(of) as place:
        rows = kept(of)
        if any(known.path == name for known in rows):
            rows = [row if known.path == name else known for known in rows]
        else:
            _check_room(place, rows, len(picture))
            rows.append(row)
        # in both cases: somebody may have deleted or damaged the file
        replace_file(place / name, lambda part: part.write_bytes(picture))
        _write(place, rows)
    return row


def remove(names: list[str], of: str = "") -> int:
    """Remove the corrections of those names from a set; return how many there were.

    Raises CorrectionsError as `keep` does.
    """
    if not directory(of).is_dir():
        return 0
    with _locked(of) as place:
        rows = kept(of)
        gone = [row for row in rows if row.path in names]
        stay = [row for row in rows if row not in gone]
        full = False
        if gone:
            try:
                _write(place, stay)
            except OSError:  # a full disk, on which the pictures make room
                full = True
        for row in gone:
            (place / row.path).unlink(missing_ok=True)
        if full:
            with contextlib.suppress(OSError):  # `kept` leaves out what is not there
                _write(place, stay)
    return len(gone)


def picture_of(row: Row, of: str = "") -> bytes:
    """The PNG bytes of a set's correction. Raises CorrectionsError where it cannot be read."""
    try:
        return read_file(directory(of) / row.path, MAX_TOTAL)
    except OSError as error:
        raise _unreadable(error) from None


def export(of: str = "") -> bytes:
    """A set as a zip file that `archives.Archive` reads; one gone meanwhile is left out."""
    buffer = io.BytesIO()
    rows = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for row in kept(of):
            with contextlib.suppress(CorrectionsError):
                file.writestr(row.path, picture_of(row, of))
                rows.append(row)
        file.writestr(TABLE, write_table(rows))
    return buffer.getvalue()


def _locked(of: str) -> AbstractContextManager[Path]:
    check_may_change()
    return locked_folder(directory(of), CorrectionsError, "The corrections")


def _named(data: bytes) -> tuple[str, bytes]:
    """Name and PNG bytes of what is kept of a picture."""
    picture = encode_image(decode_image(data), "PNG")
    return f"{hashlib.sha256(picture).hexdigest()}.png", picture


def _known_name(path: str, line: int) -> str:
    # what is listed is opened and removed, so nothing but this module's own names will do
    if not NAME.fullmatch(path):
        raise LabelsError(f"{TABLE}, line {line}: {path[:80]!r} is no name of a correction.")
    return path


def _check_room(place: Path, rows: list[Row], size: int) -> None:
    if len(rows) >= MAX_PICTURES:
        raise CorrectionsError(
            f"There are {len(rows)} corrections and no more than {MAX_PICTURES} are kept; remove "
            "some first."
        )
    total = sum(path.stat().st_size for path in place.glob("*.png"))
    if total + size > MAX_TOTAL:
        raise CorrectionsError(
            f"The corrections have {total / 2**20:.0f} MB and no more than "
            f"{MAX_TOTAL // 2**20} MB are kept; remove some first."
        )


def _write(place: Path, rows: list[Row]) -> None:
    replace_file(place / TABLE, lambda part: part.write_bytes(write_table(rows)))


def _unreadable(error: OSError) -> CorrectionsError:
    return CorrectionsError(f"The corrections cannot be read ({error.strerror}).")
