"""Arrays kept in a file because they took long to compute; what is damaged is computed again."""

from pathlib import Path

import numpy as np

from fmnist import storage

__all__ = ["read", "write"]


def read(path: Path, **expected: tuple[tuple[int, ...], type]) -> tuple[np.ndarray, ...] | None:
    """The arrays of `expected` names, each of its (shape, dtype); None without all of them.

    None too where one holds NaN or infinity: then the file is not what was written.
    """
    try:
        # .npz, because a zip file's checksums show damage; opened here, because NumPy leaves a
        # damaged file open
        with path.open("rb") as file:
            kept = np.load(file, allow_pickle=False)
            found = tuple(kept[name] for name in expected)
    except Exception:  # zipfile, zlib, KeyError, ValueError, OSError: all mean to compute it
        return None
    for array, (shape, dtype) in zip(found, expected.values(), strict=True):
        if array.shape != shape or array.dtype != dtype or not np.isfinite(array).all():
            return None
    return found


def write(path: Path, **arrays: np.ndarray) -> None:
    """Keep arrays by name, all or none. Raises OSError where the folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    storage.replace_file(path, lambda part: np.savez(part, **arrays))
