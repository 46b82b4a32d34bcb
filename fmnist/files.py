"""Files that appear whole or not at all, and folders that one changes at a time.

What is read is a regular file of limited size. Event logs tolerate a torn last line; arrays that
are damaged count as missing.
"""

import contextlib
import csv
import errno
import hashlib
import io
import itertools
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from fmnist.errors import FmnistError, RunError

MAX_JSON, MAX_FILE, MAX_LINE = 2**20, 2**28, 2**16  # bytes that are read
MAX_LINES = 200_000

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with what one begins in a spreadsheet
PATIENCE = 10.0  # seconds to wait for another process; each holds a lock for milliseconds


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
    """What a file of JSON holds. Raises OSError as `open_regular` does, ValueError on damage.

    Half a character, which JSON can escape and no page can show, is damage, too.
    """
    try:
        value = json.loads(read_file(path, limit))
        json.dumps(value, ensure_ascii=False).encode()
        return value
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
    line = json_line(value)
    with path.open("ab+", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = b"\n" * (file.read(1) != b"\n") + line
        if file.write(line) < len(line):  # the rest of a disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def json_line(value: dict) -> bytes:
    """The line that `append_json_line` writes. Raises ValueError for a number that is none."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode() + b"\n"


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


def folder_from(variable: str, default: Path) -> Path:
    """The folder that an environment variable names, or else the default; absolute.

    Raises RunError where it begins with the home ("~") of somebody unknown.
    """
    try:
        return Path(os.environ.get(variable) or default).expanduser().resolve()
    except RuntimeError:
        raise RunError(f"{variable} names the home folder of an unknown user.") from None


def write_csv(names: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Rows below their names, for a spreadsheet; a text that it would take for a formula is none.

    It gets an apostrophe in front. Source: OWASP, "CSV injection".
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(
        [f"'{one}" if isinstance(one, str) and one.startswith(FORMULA) else one for one in row]
        for row in rows
    )
    return buffer.getvalue()


def quote_name(value: str) -> str:
    """A name from outside in quotes, cut to 80 characters."""
    return repr(value if len(value) <= 80 else value[:79] + "…")
