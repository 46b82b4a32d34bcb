"""Opening a zip file from anybody: its directory is looked at before anything is unpacked.

Names are read as the program that packed them wrote them: UTF-8, or a code page.
"""

import contextlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable

from fmnist.errors import BadArchive
from fmnist.files import quote_name

MAX_ZIP_BYTES = 100 * 2**20  # as the server takes; thirty phone photos as they are
MAX_MEMBERS = 2_000  # folders and what an operating system adds count too
MAX_UNPACKED = 400 * 2**20  # of all members together
MAX_RATIO = 100  # unpacked to packed; photos have 1, flat drawings as BMP 50
SMALL = 10 * 2**20  # unpacked size that no ratio is asked of
MAX_NAME = 500  # characters of a path
ZIP, DIRECTORY_ENTRY = b"PK\x03\x04", b"PK\x01\x02"  # how a file and its directory begin
# bzip2 and LZMA unpack four kilobytes to tens of megabytes before a limit can be looked at
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED, UTF8 = 0x1, 0x800  # bits of a member's flags
UNICODE_PATH = 0x7075  # of its extra fields
CODE_PAGES = {  # of two bytes a character, with the letters that names are made of
    "cp932": "[々\u3040-\u30ff\u4e00-\u9fff\uff01-\uff5e]",
    "euc-kr": "[가-힣]",
    "gbk": "[\u4e00-\u9fff]",
    "big5": "[\u4e00-\u9fff]",
}


def open_zip(data: bytes) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """A zip file's directory: its files by their path. Nothing is unpacked.

    Raises BadArchive with one sentence where it is too large, damaged, encrypted, a bomb by its
    own account, or leads out of itself. What is read of it later needs a limit all the same.
    """
    if len(data) > MAX_ZIP_BYTES:
        raise BadArchive(
            f"The zip file has {len(data) / 2**20:.0f} MB and at most {MAX_ZIP_BYTES // 2**20} MB "
            "are taken; split it up."
        )
    # every entry takes memory as soon as zipfile parses it, whatever number the header gives
    if data.count(DIRECTORY_ENTRY) > MAX_MEMBERS:
        raise BadArchive(f"The zip file has more than {MAX_MEMBERS:,} files; split it up.")
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
    encoding = _guess_encoding(infos)
    for info in infos:
        decoded = _in_unicode(info) or info.orig_filename.encode("cp437").decode(encoding)
        decoded = decoded.split("\0")[0]
        name = clean_member_path(decoded)
        if not name or decoded.endswith(("/", "\\")):
            continue
        if name in found:
            raise BadArchive(f"The zip file has {quote_name(name)} twice; pack it again.")
        if info.flag_bits & ENCRYPTED:
            raise BadArchive(
                f"{quote_name(name)} in the zip file is encrypted; pack it without a password."
            )
        found[name] = info
    return found


def names_are_utf8(infos: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether no member's name had to be guessed."""
    return all(_in_unicode(info) is not None for info in infos)


def _in_unicode(info: zipfile.ZipInfo) -> str | None:
    """A member's name; None where it is in some code page.

    Many programs write UTF-8 without saying so, where zip means cp437. WinRAR and others add it in
    a field of its own (APPNOTE 6.3.10, 4.6.9).
    """
    if info.flag_bits & UTF8:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    at, extra = 0, info.extra
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        if kind == UNICODE_PATH and field[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return field[5:].decode("utf-8", errors="replace")
        at += 4 + size
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _guess_encoding(infos: list[zipfile.ZipInfo]) -> str:
    """The code page of a zip file's names that are not in Unicode.

    One of two bytes a character, where all names are of its letters and have several in a row, or
    one whose second byte is a backslash; otherwise the one that zip means.
    """
    raw = [info.orig_filename.encode("cp437") for info in infos if _in_unicode(info) is None]
    for encoding, letters in CODE_PAGES.items():
        with contextlib.suppress(UnicodeDecodeError):
            names = [name.decode(encoding) for name in raw]
            several = all(re.search(r"[^\0-\x7f]{2}", name) for name in names)
            fits = all(re.fullmatch(rf"([\0-\x7f]|{letters})*", name) for name in names)
            if fits and (several or any(re.search(rb"[\x81-\xfe]\\", name) for name in raw)):
                return encoding
    return "cp437"


def clean_member_path(name: str) -> str:
    """A path without "." and doubled slashes. Raises BadArchive where it leads out."""
    if len(name) > MAX_NAME:
        raise BadArchive(f"The zip file has the path {quote_name(name)}, which is too long.")
    name = name.replace("\\", "/")  # some Windows programs pack it so
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        raise BadArchive(
            f"The zip file has the path {quote_name(name)}, which leads out of it; pack the folder "
            "with its pictures again."
        )
    return "/".join(parts)


def _check_sizes(infos: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuse what says of itself that it is a bomb; the limits on reading stop those that lie."""
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED or unpacked > max(SMALL, MAX_RATIO * packed):
        raise BadArchive(
            f"The zip file would unpack to {unpacked / 2**20:,.0f} MB, {unpacked / packed:,.0f} "
            f"times its size; at most {MAX_UNPACKED // 2**20} MB and {MAX_RATIO} times are taken."
        )
