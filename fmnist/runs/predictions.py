"""A run's predicted probabilities: at its end, and after each of its epochs.

`test.npz` holds those of the finished network on the 10,000 test images. `epochs.u8` (test images)
and `validation.u8` hold one epoch after another, and for each image its ten probabilities, each as
one byte: 100,000 bytes an epoch of the test images, 50,000 of the 5,000 validation images. Nothing
is chosen by the test images' answers; they are kept to be looked at afterwards.
"""

from pathlib import Path

import numpy as np

from fmnist.data import CLASS_NAMES, PART_SIZES, VALIDATION_SIZE
from fmnist.errors import RunError, hide_folders
from fmnist.files import open_regular, read_arrays
from fmnist.runs.run import Run, check_run_file
from fmnist.settings import LIMITS

TEST_EPOCHS_FILE, VALIDATION_EPOCHS_FILE = "epochs.u8", "validation.u8"
IMAGES = {TEST_EPOCHS_FILE: PART_SIZES["test"], VALIDATION_EPOCHS_FILE: VALIDATION_SIZE}


def load_predictions(run: Run) -> np.ndarray:
    """The run's probabilities on the test images: (10000, 10) float32.

    Raises RunError where the file is missing, damaged or not made of probabilities.
    """
    if not run.usable:
        raise RunError(f"The run {run.name!r} has no answers on the test set yet.")
    check_run_file(run, "test.npz")
    try:
        (probabilities,) = read_arrays(run.path / "test.npz", "probabilities").values()
    except (OSError, ValueError) as error:
        words = hide_folders(str(error))
        raise RunError(f"The run {run.name!r} is damaged: test.npz ({words}).") from None
    shape = (PART_SIZES["test"], 10)
    if probabilities.shape != shape or probabilities.dtype != np.float32:
        raise RunError(f"The run {run.name!r} is damaged: test.npz does not hold {shape} float32.")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or probabilities.min() < 0:
        raise RunError(f"The run {run.name!r} is damaged: test.npz holds no probabilities.")
    return probabilities


def save_epoch_predictions(
    path: Path, epoch: int, probabilities: np.ndarray, file: str = TEST_EPOCHS_FILE
) -> None:
    """Keep the probabilities (N, 10), 0..1, after epoch `epoch` (1, 2, ...) of the run at `path`.

    What is there of this epoch and later ones is replaced: a training that goes on after a
    checkpoint has forgotten it. Raises ValueError where N is not the file's number of images.
    """
    shape = IMAGES[file], len(CLASS_NAMES)
    if probabilities.shape != shape:
        raise ValueError(f"expected {shape}, got {probabilities.shape} instead")
    size, place = _size(file), path / file
    place.touch()
    with place.open("r+b") as out:
        out.truncate((epoch - 1) * size)
        out.seek((epoch - 1) * size)
        out.write(np.rint(probabilities * 255).astype(np.uint8).tobytes())


def count_epochs(run: Run, file: str = TEST_EPOCHS_FILE) -> int:
    """How many whole epochs a run has kept, as many as a run can have; 0 where there is no file."""
    try:
        return min((run.path / file).stat().st_size // _size(file), int(LIMITS["epochs"][1]))
    except OSError:
        return 0


def load_epoch(run: Run, epoch: int, file: str = TEST_EPOCHS_FILE) -> np.ndarray | None:
    """The probabilities after one epoch (1, 2, ...): (N, 10) uint8; None where there are none.

    Reads that epoch alone: a run of a hundred epochs has 10 MB.
    """
    size = _size(file)
    try:
        with open_regular(run.path / file) as kept:
            kept.seek((epoch - 1) * size)
            data = kept.read(size)
    except (OSError, ValueError):  # no such file, an epoch below 1
        return None
    if len(data) < size:
        return None
    return np.frombuffer(data, np.uint8).reshape(IMAGES[file], len(CLASS_NAMES))


def load_image_epochs(run: Run, index: int) -> np.ndarray:
    """The probabilities of test image `index` after each epoch: (E, 10) uint8; E may be 0.

    Reads ten bytes an epoch. Raises IndexError where there is no such image.
    """
    file = TEST_EPOCHS_FILE
    if not 0 <= index < IMAGES[file]:
        raise IndexError(f"there is no image {index} among {IMAGES[file]}")
    width, found = len(CLASS_NAMES), []
    try:
        with open_regular(run.path / file) as kept:
            for epoch in range(count_epochs(run, file)):
                kept.seek(epoch * _size(file) + index * width)
                found.append(kept.read(width))
    except OSError:
        found = []
    whole = [data for data in found if len(data) == width]
    return np.frombuffer(b"".join(whole), np.uint8).reshape(len(whole), width)


def load_predicted_classes(run: Run) -> np.ndarray:
    """The predicted classes of the test images after each epoch: (E, 10000) uint8; E may be 0.

    Goes through the file epoch by epoch and never holds more than one.
    """
    found = []
    for epoch in range(1, count_epochs(run) + 1):
        kept = load_epoch(run, epoch)
        if kept is None:  # it has become shorter meanwhile
            break
        found.append(kept.argmax(axis=1).astype(np.uint8))
    return np.stack(found) if found else np.zeros((0, PART_SIZES["test"]), np.uint8)


def _size(file: str) -> int:
    return IMAGES[file] * len(CLASS_NAMES)  # bytes an epoch
