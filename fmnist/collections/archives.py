"""A zip file of pictures, labelled in one of the layouts of `labels` or not at all.

The file may have come from anybody. It is never unpacked to disk; its directory is opened by
`files.open_zip`; a member is unpacked when it is read, and never beyond its limit. What a header
says is used to refuse early and believed for nothing else.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from fmnist.collections.labels import (
    TABLE,
    Row,
    class_of,
    class_of_subfolder,
    is_hidden_file,
    leads_out,
    not_there,
    read_table,
)
from fmnist.errors import BadArchive, BadImage
from fmnist.files import ZIP_METHODS, clean_member_path, open_zip
from fmnist.images.decoding import MAX_BYTES, too_large

MAX_ENCLOSING = 5  # folders around everything that are taken off
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")


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
    """

    members: tuple[Member, ...]

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
        """The bytes of the member of that name, at most `images.MAX_BYTES`.

        Raises BadImage where it is larger, damaged, or packed in a way that is not read.
        """
        info = self._infos[name]
        if name.lower().endswith(".zip"):
            raise BadImage("A zip file inside a zip file is not opened; upload it by itself.")
        if info.compress_type not in ZIP_METHODS:
            raise BadImage("The file is packed in a way that is not read; use plain zip (deflate).")
        try:
            with self._file.open(info) as member:
                data = member.read(MAX_BYTES + 1)
        except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError ...
            raise BadImage(
                f"The file is damaged inside the zip file ({type(error).__name__}); pack it again."
            ) from None
        if len(data) > MAX_BYTES:
            raise too_large(max(len(data), info.file_size))
        return data

    def _labelled(self) -> tuple[Member, ...]:
        """The members with their labels, none where the file has no labels."""
        if TABLE in self._infos:
            try:
                table = self.read(TABLE)
            except BadImage as error:
                raise BadArchive(f"{TABLE}: {error}") from None
            return tuple(Member(name, row.label_id, row.kind) for name, row in self._rows(table))
        names = self._visible()
        below = [name for name in names if "/" in name]
        if all(class_of(_top(name)) is None for name in below):
            return ()
        # a picture beside the class folders has no label yet, and is shown all the same
        return tuple(
            Member(name, class_of_subfolder(_top(name)) if "/" in name else None)
            for name in names
            if "/" in name or name.lower().endswith(SUFFIXES)
        )

    def _rows(self, table: bytes) -> Iterator[tuple[str, Row]]:
        def find(name: str, line: int) -> str:
            try:
                path = clean_member_path(name)
            except BadArchive:
                raise leads_out(name, line) from None
            if path not in self._infos:
                raise not_there(name, line)
            return path

        return read_table(table, find)

    def _visible(self) -> list[str]:
        return sorted(name for name in self._infos if not _is_hidden(name))


def _without_enclosing_folder(infos: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Paths without the folder that was packed with its contents; one named by a class stays."""
    for _ in range(MAX_ENCLOSING):
        visible = [name for name in infos if not _is_hidden(name)]
        tops = {_top(name) for name in visible}
        top = next(iter(tops), "")
        is_class = class_of(top) is not None and f"{top}/{TABLE}" not in infos
        if len(tops) != 1 or visible == [top] or is_class:
            break
        start = f"{top}/"
        infos = {
            name.removeprefix(start): info for name, info in infos.items() if name.startswith(start)
        }
    return infos


def _top(name: str) -> str:
    return name.split("/", 1)[0]


def _is_hidden(name: str) -> bool:
    """Whether nobody put it there: .git, __MACOSX, .DS_Store, Thumbs.db."""
    *folders, file = name.split("/")
    if any(folder.startswith(".") for folder in folders) or is_hidden_file(file):
        return True
    return bool(folders) and folders[0].startswith("__")
