"""Files that appear whole or not at all, and event logs that tolerate a torn last line."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["append_line", "read_lines", "replace_file", "sha256_of", "write_json"]


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


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    replace_file(path, lambda part: part.write_text(text, encoding="utf-8"))


def append_line(path: Path, value: dict) -> None:
    """Append one JSON object as one line, in a single write; a torn last line is ended first."""
    line = json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"
    with path.open("ab+", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = "\n" * (file.read(1) != b"\n") + line
        file.write(line.encode())


def read_lines(path: Path) -> list[dict]:
    """Return the JSON objects of a file of lines; lines that are no object are left out.

    A file that is missing or cannot be read is an empty list: a training that has just begun has
    no history yet.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    values = []
    for line in raw.split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            values.append(value)
    return values


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
