"""Files that appear whole or not at all, folders that one changes at a time, and safe zip files.

What is read is a regular file of limited size. Event logs tolerate a torn last line; arrays that
are damaged count as missing; the directory of a zip file from anybody is looked at before anything
is unpacked.
"""

import contextlib
import errno
import hashlib
import io
import itertools
import json
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from fmnist.errors import BadArchive, FmnistError

MAX_JSON, MAX_FILE, MAX_LINE = 2**20, 2**28, 2**16  # bytes that are read
MAX_LINES = 200_000

PATIENCE = 10.0  # seconds to wait for another process; each holds a lock for milliseconds

MAX_ZIP_BYTES = 100 * 2**20  # as the server takes; thirty phone photos as they are
MAX_MEMBERS = 2_000  # folders and what an operating system adds count too
MAX_UNPACKED = 400 * 2**20  # of all members together
MAX_RATIO = 100  # unpacked to packed; photos have 1, flat drawings as BMP 50
SMALL = 10 * 2**20  # unpacked size that no ratio is asked of
MAX_NAME = 500  # characters of a path
DIRECTORY_ENTRY = b"PK\x01\x02"
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


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to disk, then put it in place.

    The temporary name keeps the suffix, because Keras insists on one. A reader sees the old file
    or the new one, never half of it; a failed write leaves nothing behind.
    """
    handle, name = tempfile.mkstemp(prefix=".part-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o644)  # mkstemp makes it private; a run may be read by others
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def open_regular(path: Path, limit: float = MAX_FILE) -> io.BufferedReader:
    """Open a file to read its bytes.

    Raises OSError where it cannot be read, has more than `limit` bytes, or is no regular file: a
    named pipe would keep its reader waiting for ever, and a device never ends.
    """

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=at_once)  # noqa: SIM115, for the caller closes it
    try:
        check_regular(os.fstat(file.fileno()), limit)
    except OSError:
        file.close()
        raise
    return file


def check_regular(status: os.stat_result, limit: float = MAX_FILE) -> None:
    """Raise OSError where a file is no regular one or has more than `limit` bytes."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"more than {limit / 2**20:,.0f} MB")


def read_file(path: Path, limit: int = MAX_FILE) -> bytes:
    """A file's bytes, at most `limit` of them. Raises OSError as `open_regular` does."""
    with open_regular(path, limit) as file:
        return file.read(os.fstat(file.fileno()).st_size)  # and no more, where it grows


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """What a file of JSON holds. Raises OSError as `open_regular` does, ValueError on damage."""
    try:
        return json.loads(read_file(path, limit))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def sweep_parts(place: Path, *suffixes: str) -> None:
    """Remove what killed processes have left of `replace_file`: of these suffixes, or of all."""
    for part in place.glob(".part-*"):
        if not suffixes or part.suffix in suffixes:
            with contextlib.suppress(OSError):
                part.unlink()


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    replace_file(path, lambda part: part.write_text(text, encoding="utf-8"))


def append_json_line(path: Path, value: dict) -> None:
    """Append one JSON object as one line, in a single write; a torn last line is ended first."""
    line = json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"
    with path.open("ab+", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = "\n" * (file.read(1) != b"\n") + line
        if file.write(line.encode()) < len(line.encode()):  # the rest of a disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_json_lines(path: Path) -> list[dict]:
    """The JSON objects of a file of lines; none where it is missing or cannot be read."""
    try:
        return parse_json_lines(read_file(path))
    except OSError:
        return []


def parse_json_lines(data: bytes) -> list[dict]:
    """The JSON objects of lines; of damaged files no more than anything here writes."""
    values = []
    for line in itertools.islice(io.BytesIO(data), MAX_LINES):
        if len(line) > MAX_LINE or not line.startswith(b"{"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            values.append(value)
    return values


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises OSError as `open_regular` does."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of an .npz file, all without `names`. Raises OSError, or ValueError on damage.

    A zip file's checksums show damage, as .npy would not.
    """
    with open_regular(path) as file:  # opened here, because NumPy leaves a damaged file open
        try:
            with np.load(file, allow_pickle=False) as stored:
                return {name: stored[name] for name in names or stored.files}
        except Exception as error:  # of zipfile, zlib, KeyError, AttributeError ...
            raise ValueError(str(error)) from None


def load_arrays(
    path: Path, **expected: tuple[tuple[int, ...], type]
) -> tuple[np.ndarray, ...] | None:
    """The arrays of `expected` names, each of its (shape, dtype); None without all of them.

    None too where one holds NaN or infinity: then the file is not what was written.
    """
    try:
        found = tuple(read_arrays(path, *expected).values())
    except (OSError, ValueError):
        return None
    for array, (shape, dtype) in zip(found, expected.values(), strict=True):
        if array.shape != shape or array.dtype != dtype or not np.isfinite(array).all():
            return None
    return found


def save_arrays(path: Path, **arrays: Any) -> None:
    """Keep arrays by name, all or none. Raises OSError where the folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda part: np.savez(part, **arrays))


@contextlib.contextmanager
def locked_folder(
    place: Path, error: type[FmnistError], what: str, name: str = ".lock"
) -> Iterator[Path]:
    """The folder, made where it is missing, held against other threads and processes.

    Where others do not let go, or the disk refuses something within, `error` is raised with a
    sentence about `what` ("The notes"). `name` is that of the lock's file.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(place / name, timeout=PATIENCE):
            sweep_parts(place)
            yield place
    except filelock.Timeout:
        raise error(f"{what} are being changed by others; try again.") from None
    except OSError as problem:
        raise error(
            f"{what} cannot be changed on this computer's disk ({problem.strerror})."
        ) from None


def open_zip(data: bytes) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """A zip file's directory: its files by their path. Nothing is unpacked.

    Raises BadArchive with one sentence where it is too large, damaged, encrypted, a bomb by its
    own account, or leads out of itself. What is read of it later needs a limit all the same.
    """
    if len(data) > MAX_ZIP_BYTES:
        raise BadArchive(
            f"The zip file has {len(data) / 2**20:.0f} MB and at most {MAX_ZIP_BYTES // 2**20} MB "
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


def quote_name(value: str) -> str:
    """A name from outside in quotes, cut to 80 characters."""
    return repr(value if len(value) <= 80 else value[:79] + "…")
