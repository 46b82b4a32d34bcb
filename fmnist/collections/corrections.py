"""Pictures that were answered wrongly, kept with their right labels until somebody removes them.

They are kept in sets: one without a name, in the folder itself, and others in its subfolder
`sets`, in folders of their names. Each is in the layout of `labels`, as `fmnist score` reads it:

    labels.csv      path, label_id, kind ("drawing", "upload" or "camera")
    <sha256>.png    the pictures

What is kept of a picture is what `decode_image` made of it: upright, at most 512 pixels, without
place, time and what else a file carries along. Decoded again it has the same answer.

Several processes may write at once. The table is written last and removed from first: it names
none that is not there, but on a full disk. What is removed is hidden until it cannot come back.
"""

import contextlib
import hashlib
import io
import itertools
import os
import re
import secrets
import zipfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from fmnist.access import check_may_change, own_folder
from fmnist.collections.labels import LABEL_NAMES, TABLE, Row, read_table, write_table
from fmnist.errors import CorrectionsError, LabelsError
from fmnist.files import folder_from, locked_folder, read_file, replace_file
from fmnist.images.decoding import decode_image
from fmnist.images.display import encode_image
from fmnist.runs.library import runs_directory
from fmnist.runs.trash import HIDDEN, hide, purge_old
from fmnist.setting_fields import count_text

KINDS = ("drawing", "upload", "camera")
MAX_PICTURES = 500
MAX_TOTAL = 90 * 2**20  # bytes; their export must be a zip file that can be uploaded again
MAX_TABLE = MAX_PICTURES * 500  # bytes; a line of this module's own has 80
NAME = re.compile(r"[0-9a-f]{64}\.png")
SETS = "sets"  # the subfolder of the sets with names
SET_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,38}[A-Za-z0-9_-])?")
MAX_SETS = 50


def _everybodys() -> Path:
    return folder_from("FMNIST_CORRECTIONS", runs_directory().parent / "corrections")


def directory(of: str = "") -> Path:
    """Where a set lies: in FMNIST_CORRECTIONS, or in `corrections` beside the folder of own runs.

    What a visitor who has signed in keeps lies in a folder of his own in there.

    of: its name, "" for the set without one. Raises CorrectionsError where a set cannot have it.
    """
    place = own_folder(_everybodys())
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


@dataclass(frozen=True)
class Removed:
    """Corrections that were removed from a set, or all of it, for a `Trash`.

    name: what they are called, in words; place: the set's folder
    pictures: their rows, with where each file is until it is purged
    folder: where the set's folder is until then, None where the set stays
    """

    name: str
    place: Path
    pictures: tuple[tuple[Row, Path], ...]
    folder: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The hidden folder or files."""
        return (self.folder,) if self.folder else tuple(path for _, path in self.pictures)

    def restore(self) -> None:
        """Put them back, into the set of that name where there is one again.

        A picture that was saved again meanwhile stays as it is. Raises CorrectionsError as `keep`.
        """
        if self.folder:
            with _locked(self.place.parent):
                if not os.path.lexists(self.place):
                    self.folder.rename(self.place)
                    return
            if not self.pictures and any(self.folder.glob("*.png")):
                words = "is damaged and cannot come back while there is another of its name."
                raise CorrectionsError(f"{self.name} {words}")
        with _locked(self.place) as place:
            rows = _read(place)
            known = {row.path for row in rows}
            back = {
                path: row
                for row, path in self.pictures
                if row.path not in known and os.path.lexists(path)
            }
            if back:
                size = sum(path.stat().st_size for path in back)
                _check_room(place, [*rows, *back.values()][1:], size)
            for path, row in back.items():
                path.rename(place / row.path)
            try:
                _write(place, [*rows, *back.values()])
            except OSError:
                if not {*back.values()} <= {*_read(place)}:  # on a full disk it may name them still
                    for path, row in back.items():
                        (place / row.path).rename(path)
                    raise


def delete_set(of: str) -> Removed:
    """Remove a set with all its pictures; the one without a name is empty afterwards.

    Raises CorrectionsError as `keep` does.
    """
    place = directory(of)
    if not of:
        return remove([row.path for row in kept()])
    hidden = place.with_name(f"{HIDDEN}{secrets.token_hex(8)}")
    try:
        rows = kept(of)
    except CorrectionsError:  # a damaged one can be deleted, too
        rows = []
    name = f"The set “{of}”"
    if not place.is_dir():
        return Removed(name, place, ())
    with _locked(place):
        hide(place, hidden)
    return Removed(name, place, tuple((row, hidden / row.path) for row in rows), hidden)


def kept(of: str = "") -> list[Row]:
    """The corrections of a set, oldest first; none where there is no such set.

    Raises CorrectionsError where the table is damaged or cannot be read.
    """
    return _read(directory(of))


def _read(place: Path) -> list[Row]:
    try:
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
        raise CorrectionsError(f"There are {MAX_SETS} sets already; delete one first.")
    with _locked(directory(of)) as place:
        rows = kept(of)
        new = all(known.path != name for known in rows)
        if new:
            _check_room(place, rows, len(picture))
        # in both cases: somebody may have deleted or damaged the file
        replace_file(place / name, lambda part: part.write_bytes(picture))
        try:
            _write(place, [row if known.path == name else known for known in rows] + [row] * new)
        except OSError:
            if new:
                (place / name).unlink()
            raise
    return row


def remove(names: list[str], of: str = "") -> Removed:
    """Remove the corrections of those names from a set; return what may come back.

    Raises CorrectionsError as `keep` does.
    """
    gone: list[tuple[Row, Path]] = []
    if (place := directory(of)).is_dir():
        with _locked(place):
            rows, token = kept(of), secrets.token_hex(8)
            beside = place.parent if of else place  # a set may be deleted before they are back
            stay = [row for row in rows if row.path not in names]
            with contextlib.suppress(OSError):  # a full disk; `kept` leaves out what is not there
                if stay != rows:
                    _write(place, stay)
            for row in rows:
                if row.path in names:  # hidden without a suffix, for it is no picture of the set
                    hidden = beside / f"{HIDDEN}{token}-{Path(row.path).stem}"
                    hide(place / row.path, hidden)
                    gone.append((row, hidden))
    return Removed(count_text(len(gone), "correction"), place, tuple(gone))


def purge_old_corrections() -> None:
    """Remove for good what any session removed more than a day ago."""
    everybodys = _everybodys()
    for own in (everybodys, *everybodys.glob("people/*")):
        places = own, own / SETS, *(own / SETS).glob("*")
        purge_old(itertools.chain(*(place.glob(f"{HIDDEN}*") for place in places)))


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


def _locked(place: Path) -> AbstractContextManager[Path]:
    check_may_change()
    return locked_folder(place, CorrectionsError, "The corrections")


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
