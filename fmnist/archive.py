"""A zip file of pictures, labelled in one of the layouts of `fmnist.labels` or not at all.

The file may have come from anybody. It is never unpacked to disk; its directory is looked at
before `zipfile` parses it; a member is unpacked when it is read, and never beyond its limit. What
a header says is used to refuse early and believed for nothing else.
"""

import io
import re
import zipfile
from dataclasses import dataclass

from fmnist.decoding import MAX_BYTES
from fmnist.errors import BadArchive, BadImage
from fmnist.labels import (
    TABLE,
    class_of,
    class_of_subfolder,
    is_hidden_file,
    leads_out,
    not_there,
    read_table,
    shown,
)

__all__ = ["MAX_PACKED", "METHODS", "Archive", "Member", "open_zip"]

MAX_PACKED = 100 * 2**20  # as the server takes; thirty phone photos as they are
MAX_MEMBERS = 2_000  # folders and what an operating system adds count too
MAX_UNPACKED = 400 * 2**20  # of all members together
MAX_RATIO = 100  # unpacked to packed; photos have 1, flat drawings as BMP 50
SMALL = 10 * 2**20  # unpacked size that no ratio is asked of
MAX_NAME = 500  # characters of a path
MAX_ENCLOSING = 5  # folders around everything that are taken off
DIRECTORY_ENTRY = b"PK\x01\x02"
# bzip2 and LZMA unpack four kilobytes to tens of megabytes before a limit can be looked at
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
ENCRYPTED, UTF8 = 0x1, 0x800  # bits of a member's flags


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
        if info.compress_type not in METHODS:
            raise BadImage("The file is packed in a way that is not read; use plain zip (deflate).")
        try:
            with self._file.open(info) as member:
                data = member.read(MAX_BYTES + 1)
        except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError ...
            raise BadImage(
                f"The file is damaged inside the zip file ({type(error).__name__}); pack it again."
            ) from None
        if len(data) > MAX_BYTES:
            raise BadImage(
                f"The file is larger than {MAX_BYTES // 2**20} MB; save the picture smaller."
            )
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

    def _rows(self, table: bytes):
        def find(name: str, line: int) -> str:
            try:
                path = _path(name)
            except BadArchive:
                raise leads_out(name, line) from None
            if path not in self._infos:
                raise not_there(name, line)
            return path

        return read_table(table, find)

    def _visible(self) -> list[str]:
        return sorted(name for name in self._infos if not _is_hidden(name))


def open_zip(data: bytes) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """A zip file's directory: its files by their path. Nothing is unpacked.

    Raises BadArchive with one sentence where it is too large, damaged, encrypted, a bomb by its
    own account, or leads out of itself. What is read of it later needs a limit all the same.
    """
    if len(data) > MAX_PACKED:
        raise BadArchive(
            f"The zip file has {len(data) / 2**20:.0f} MB and at most {MAX_PACKED // 2**20} MB "
            "are taken; make several of it."
        )
    # every entry takes memory as soon as zipfile parses it, whatever number the header gives
    if data.count(DIRECTORY_ENTRY) > MAX_MEMBERS:
        raise BadArchive(f"The zip file has more than {MAX_MEMBERS:,} files; make several of it.")
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
        infos = _by_name(file.infolist())
    except BadArchive:
        raise
    except Exception as error:  # zipfile raises BadZipFile, UnicodeDecodeError, struct.error ..
        raise BadArchive(
            f"The zip file is damaged or cut short ({type(error).__name__}); pack it again."
        ) from None
    _check_sizes(list(infos.values()), len(data))
    return file, infos


def _by_name(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Files by their path; folders are left out."""
    found = {}
    for info in infos:
        decoded = _decoded(info)
        name = _path(decoded)
        if not name or decoded.endswith(("/", "\\")):
            continue
        if name in found:
            raise BadArchive(f"The zip file has {shown(name)} twice; pack it again.")
        if info.flag_bits & ENCRYPTED:
            raise BadArchive(
                f"{shown(name)} in the zip file is encrypted; pack it without a password."
            )
        found[name] = info
    return found


def _decoded(info: zipfile.ZipInfo) -> str:
    """A member's name; many programs write UTF-8 without saying so, where zip means cp437."""
    if info.flag_bits & UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _path(name: str) -> str:
    """A path without "." and doubled slashes. Raises BadArchive where it leads out."""
    if len(name) > MAX_NAME:
        raise BadArchive(f"The zip file has the path {shown(name)}, which is too long.")
    name = name.replace("\\", "/")  # some Windows programs pack it so
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        raise BadArchive(
            f"The zip file has the path {shown(name)}, which leads out of it; pack the folder "
            "with its pictures again."
        )
    return "/".join(parts)


def _check_sizes(infos: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuse what says of itself that it is a bomb; `Archive.read` stops those that lie."""
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED or unpacked > max(SMALL, MAX_RATIO * packed):
        raise BadArchive(
            f"The zip file would unpack to {unpacked / 2**20:,.0f} MB, {unpacked / packed:,.0f} "
            f"times its size; at most {MAX_UNPACKED // 2**20} MB and {MAX_RATIO} times are taken."
        )


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
