"""A zip file of pictures, labelled in one of the layouts of `labels` or not at all.

The file may have come from anybody. It is never unpacked to disk; its directory is opened by
`zips.open_zip`; a member is unpacked when it is read, and never beyond its limit. What a header
says is used to refuse early and believed for nothing else.
"""

import contextlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from fmnist.collections.labels import (
    NO_ROWS,
    SUFFIXES,
    TABLE,
    Row,
    class_of,
    composed,
    is_hidden,
    is_table,
    leads_out,
    not_there,
    read_table,
)
from fmnist.collections.zips import ZIP, ZIP_METHODS, clean_member_path, names_are_utf8, open_zip
from fmnist.data import NOT_CLOTHING
from fmnist.errors import BadArchive, BadImage, LabelsError
from fmnist.files import quote_name
from fmnist.images.decoding import MAX_BYTES, begins_as_picture, too_large

MAX_TABLE = 2**20  # bytes of a labels.csv: a path of the longest name for each member
MAX_ENCLOSING = 5  # folders around everything that are taken off


@dataclass(frozen=True)
class Member:
    """One picture of a zip file.

    name: its path, without a folder that encloses everything
    label_id: the true class 0..9 or NOT_CLOTHING; None in a zip file without labels
    kind: a group to count apart, or "" for none
    """

    name: str
    label_id: int | None = None
    kind: str = ""


class Archive:
    """The pictures of a zip file. May be shared by threads.

    members: at least one, in the table's order or sorted by path
    unknown: the subfolders that name no class, where others do; their pictures have no label
    """

    members: tuple[Member, ...]
    unknown: tuple[str, ...] = ()

    def __init__(self, data: bytes):
        """Read the directory of a zip file's bytes; no picture is opened.

        Raises BadArchive or LabelsError with one sentence where the whole file is refused.
        """
        self._file, infos = open_zip(data)
        self._infos = _without_enclosing_folder(infos)
        self.members = self._labelled() or tuple(map(Member, self._visible()))
        if not self.members:
            raise BadArchive("The zip file has no pictures in it.")

    def read(self, name: str) -> bytes:
        """The bytes of the member of that name, at most `decoding.MAX_BYTES`.

        Raises BadImage where it is larger, damaged, or packed in a way that is not read.
        """
        info = self._infos[name]
        if info.compress_type not in ZIP_METHODS:
            raise BadImage("The file is packed in a way that is not read; use plain zip (deflate).")
        try:
            with self._file.open(info) as member:
                data = member.read(MAX_BYTES + 1)
        except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError ...
            raise BadImage(
                f"The file is damaged inside the zip file ({type(error).__name__}); pack it again."
            ) from None
        if data.startswith(ZIP):
            raise BadImage("A zip file inside a zip file is not opened; upload it by itself.")
        if len(data) > MAX_BYTES:
            raise too_large(max(len(data), info.file_size))
        return data

    def _labelled(self) -> tuple[Member, ...]:
        """The members with their labels, none where the file has no labels."""
        if (named := next(filter(is_table, self._infos), None)) is not None:
            try:
                table = self.read(named)
            except BadImage as error:
                raise BadArchive(f"{TABLE}: {error}") from None
            if len(table) > MAX_TABLE:
                raise BadArchive(f"{TABLE} is larger than {MAX_TABLE // 2**20} MB; shorten it.")
            rows = list(self._rows(table))
            if not rows:
                raise BadArchive(f"{TABLE} {NO_ROWS}")
            return tuple(Member(name, row.label_id, row.kind) for name, row in rows)
        names = self._visible()
        labels = {
            top: class_of(top) for top in dict.fromkeys(_top(name) for name in names if "/" in name)
        }
        if all(label is None for label in labels.values()):
            return ()
        self.unknown = tuple(top for top, label in labels.items() if label is None)
        # a picture beside the class folders has no label yet, and is shown all the same
        return tuple(
            Member(name, labels[_top(name)] if "/" in name else None)
            for name in names
            if "/" in name or name.lower().endswith(SUFFIXES) or self._begins_as_picture(name)
        )

    def _begins_as_picture(self, name: str) -> bool:
        info = self._infos[name]
        if info.compress_type not in ZIP_METHODS:  # others have no limit, see `zips`
            return False
        with contextlib.suppress(Exception), self._file.open(info) as member:
            return begins_as_picture(member.read(16))
        return False

    def _rows(self, table: bytes) -> Iterator[tuple[str, Row]]:
        names = {composed(name): name for name in self._infos}

        def find(name: str, line: int) -> str:
            try:
                path = clean_member_path(name)
            except BadArchive:
                raise leads_out(name, line) from None
            path = path if path in self._infos else names.get(composed(path), "")
            if not path and not name.isascii() and not names_are_utf8(self._infos.values()):
                raise LabelsError(
                    f"{TABLE}, line {line}: there is no file {quote_name(name)} in the zip file, "
                    "whose names are not UTF-8; pack it again with a program that writes UTF-8."
                )
            if not path:
                raise not_there(name, line)
            return path

        return read_table(table, find)

    def _visible(self) -> list[str]:
        return sorted(name for name in self._infos if not is_hidden(name))


def _without_enclosing_folder(infos: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Paths without the folder that was packed with its contents; one named by a class stays."""
    for _ in range(MAX_ENCLOSING):
        visible = [name for name in infos if not is_hidden(name)]
        tops = {_top(name) for name in visible}
        top = next(iter(tops), "")
        if len(tops) != 1 or visible == [top]:
            break
        start = f"{top}/"
        if class_of(top) is not None and not _is_labelled(
            [name.removeprefix(start) for name in visible]
        ):
            break
        infos = {
            name.removeprefix(start): info for name, info in infos.items() if name.startswith(start)
        }
    return infos


def _is_labelled(names: list[str]) -> bool:
    """Whether the paths have a table or are in class folders, one of which has a class's name."""
    tops = {_top(name) for name in names if "/" in name}
    named = all(class_of(top) is not None for top in tops) and any(
        not top[0].isdigit() and class_of(top) != NOT_CLOTHING for top in tops
    )
    return named or any(map(is_table, names))


def _top(name: str) -> str:
    return name.split("/", 1)[0]
