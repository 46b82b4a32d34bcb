"""A folder of labelled pictures, in one of the layouts of `labels`.

The folder may have come from anybody, so nothing outside of it is read. No picture is opened here.
"""

import os
import posixpath
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from fmnist.collections.labels import (
    NO_ROWS,
    SUFFIXES,
    TABLE,
    class_of,
    composed,
    is_hidden,
    is_table,
    leads_out,
    not_there,
    read_table,
    unknown_subfolders,
)
from fmnist.collections.scoring import LabelledImage
from fmnist.errors import LabelsError
from fmnist.images.options import AUTO, PreprocessingOptions
from fmnist.inference.answer import Answer, answer_file
from fmnist.inference.second_networks.networks import NONE, SecondNetworks


def list_labelled_images(
    folder: Path,
    options: PreprocessingOptions = AUTO,
    second: SecondNetworks = NONE,
) -> list[LabelledImage]:
    """The labelled pictures of a folder, at least one, in the table's order or sorted by path.

    Where it has a `labels.csv`, that counts. Names are relative to the folder. Pictures in a
    subfolder that names no class, or beside those that do, have no label. Raises LabelsError where
    there is no such folder, it has no pictures, a line of the table is wrong, no subfolder names a
    class or one names two, or a file lies outside of the folder.
    """
    try:
        if not folder.is_dir():
            raise LabelsError(f"There is no folder {str(folder)!r}.")
        root = folder.resolve()
        table = next((place for place in root.iterdir() if is_table(place.name)), None)
        listed = partial(_from_table, table) if table and table.is_file() else _from_subfolders
        if table and not table.resolve().is_relative_to(root):
            raise LabelsError(f"The file {table.name!r} leads out of the folder.")
        answer = partial(answer_file, options=options, second=second)
        pictures = list(listed(root, answer))
    except OSError as error:
        place = str(error.filename or folder)
        raise LabelsError(f"{place!r} cannot be read ({error.strerror}).") from None
    if not any("/" in picture.name or picture.label_id is not None for picture in pictures):
        if listed is not _from_subfolders:
            raise LabelsError(f"{TABLE} {NO_ROWS}")
        raise LabelsError(
            f"The folder {str(folder)!r} has no labelled pictures; list them in a {TABLE} with the "
            "columns path and label_id, or put them in one subfolder per class."
        )
    if all(picture.label_id is None for picture in pictures):
        raise LabelsError(
            "Nothing can be scored. "
            + unknown_subfolders(one.name.split("/")[0] for one in pictures if "/" in one.name)
        )
    return pictures


def _from_subfolders(root: Path, answer: Callable[..., Answer]) -> Iterator[LabelledImage]:
    for place in sorted(root.iterdir()):
        if place.is_dir() and is_hidden(f"{place.name}/"):
            continue
        label = class_of(place.name) if place.is_dir() else None
        beside = [place] if place.name.lower().endswith(SUFFIXES) and place.is_file() else []
        for path in sorted(_files(place)) if place.is_dir() else beside:
            name = path.relative_to(root).as_posix()
            if is_hidden(name):
                continue
            if not path.resolve().is_relative_to(root):
                raise LabelsError(f"{name!r} leads out of the folder; put a copy in its place.")
            yield LabelledImage(name, label, "", partial(answer, path))


def _files(place: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:  # by default os.walk leaves out what it may not read
        raise error

    for directory, below, names in os.walk(place, onerror=fail):
        below[:] = [name for name in below if not is_hidden(f"x/{name}/")]
        for name in names:
            path = Path(directory, name)
            if path.is_file():  # a named pipe would wait for ever
                yield path


def _from_table(table: Path, root: Path, answer: Callable[..., Answer]) -> Iterator[LabelledImage]:
    @cache  # of what is listed only where a path is not written as the disk has it
    def names() -> dict[str, str]:
        found = (path.relative_to(root).as_posix() for path in _files(root))
        return {composed(name): name for name in found}

    def look(name: str, line: int) -> Path | None:
        try:
            path = (root / name).resolve()
            outside = Path(name).is_absolute() or not path.is_relative_to(root)
            missing = not outside and not path.is_file()
        except (OSError, RuntimeError, ValueError):  # too long, a ring of links, a zero byte
            return None
        if outside:
            raise leads_out(name, line)
        return None if missing else path

    def find(name: str, line: int) -> Path:
        slashed = name.replace("\\", "/")  # as Windows writes it
        found = look(name, line) or (look(slashed, line) if slashed != name else None)
        if found is None and not slashed.isascii():
            written = composed(posixpath.normpath(slashed))
            found = look(names().get(written, ""), line)
        if found is None:
            raise not_there(name, line)
        return found

    for path, row in read_table(table.read_bytes(), find):
        yield LabelledImage(row.path, row.label_id, row.kind, partial(answer, path))
