"""The 70,000 images of Fashion-MNIST: loaded, checked, split and scaled in one place.

Every source is checked against the SHA-256 of the published IDX files before an array leaves this
module, so "MNIST loaded by mistake" (zalandoresearch/fashion-mnist issues 110 and 131) cannot
happen here.
"""

import functools
import gzip
import hashlib
import logging
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.errors import DatasetError, hide_folders

_log = logging.getLogger(__name__)

SIDE = 28  # pixels of an image's edge
# Label order and spelling of the dataset's README (zalandoresearch/fashion-mnist, "Labels").
CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
TSHIRT, TROUSER, PULLOVER, DRESS, COAT, SANDAL, SHIRT, SNEAKER, BAG, BOOT = range(10)
NOT_CLOTHING = -1  # the label of a picture of one's own that shows none of the ten

SOURCES = {
    "bundled": "the four files that ship with the project",
    "keras": "keras.datasets.fashion_mnist.load_data(), downloaded once by Keras",
    "directory": "the four files in the directory named by FMNIST_DATA_DIR",
}

VALIDATION_SIZE = 5_000
SPLIT_SEED = 20170825  # any constant; this one is the day the dataset was published

BUNDLED_DIR = Path(__file__).parent / "dataset"

# name of the images' file and of the labels' -> SHA-256 of the decompressed IDX file
TRAIN_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
}
TEST_FILES = {
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
FILES = {"train": TRAIN_FILES, "test": TEST_FILES}
PART_SIZES = {"train": 60_000, "test": 10_000}


@dataclass(frozen=True)
class Part:
    """One published part of the dataset, read-only.

    images: (N, 28, 28) uint8, light garment on black
    labels: (N,) uint8, 0..9, an index into `CLASS_NAMES`
    """

    images: np.ndarray
    labels: np.ndarray


def checksums() -> dict[str, str]:
    """File name -> SHA-256 of the decompressed file, for a run's record of what it learnt from."""
    return {name: digest for files in FILES.values() for name, digest in files.items()}


def default_source() -> str:
    """`directory` where FMNIST_DATA_DIR is set, else `bundled`."""
    return "directory" if os.environ.get("FMNIST_DATA_DIR") else "bundled"


def load(part: str, source: str | None = None) -> Part:
    """Return the "train" (60,000) or "test" (10,000) images and labels, checked.

    The arrays are cached for the life of the process and read-only, because every session of the
    web process shares them. Raises DatasetError, naming the file and the remedy.
    """
    if part not in FILES:
        raise ValueError(f"part must be one of {list(FILES)}, got {part!r}")
    source = source or default_source()
    if source not in SOURCES:
        *names, last = SOURCES
        raise DatasetError(
            f"There is no dataset source {source!r}; choose {', '.join(names)} or {last}."
        )
    if source == "keras":
        return _load_keras(part)
    directory = BUNDLED_DIR if source == "bundled" else _user_directory()
    return _load_directory(part, directory)


def scale(images: np.ndarray) -> np.ndarray:
    """(N, 28, 28) uint8 -> (N, 28, 28, 1) float32 in [0, 1]: what every network here is given."""
    return (images.astype(np.float32) / np.float32(255.0))[..., np.newaxis]


def split(labels: np.ndarray, fraction: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Split the training part into indices to train on and to validate on: (T,), (V,) int64.

    Validation is always the same 5,000 images for the 60,000 (as many of each class), whatever
    the fraction; `fraction` in (0, 1] keeps that share of the rest, class by class, and a smaller
    fraction is always contained in a larger one. Both index arrays are sorted.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be in (0, 1], got {fraction}")
    rng = np.random.default_rng(SPLIT_SEED)
    share = VALIDATION_SIZE / PART_SIZES["train"]
    train, validation = [], []
    for class_id in range(len(CLASS_NAMES)):
        members = rng.permutation(np.flatnonzero(labels == class_id))
        held_out = round(len(members) * share)
        kept = max(1, round((len(members) - held_out) * fraction))
        validation.append(members[:held_out])
        train.append(members[held_out : held_out + kept])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def load_train_validation(source: str | None = None, fraction: float = 1.0) -> tuple[Part, Part]:
    """Load the images to train on and the 5,000 to validate on, as `split` says."""
    part = load("train", source)
    train, held_out = split(part.labels, fraction)
    return (
        Part(part.images[train], part.labels[train]),
        Part(part.images[held_out], part.labels[held_out]),
    )


def load_validation(source: str | None = None) -> Part:
    """Load the 5,000 validation images and labels."""
    return load_train_validation(source, 0.01)[1]  # they are the same whatever the fraction


def _user_directory() -> Path:
    value = os.environ.get("FMNIST_DATA_DIR")
    if not value:
        raise DatasetError(
            "The source 'directory' needs FMNIST_DATA_DIR: set it to the folder that holds the "
            "four Fashion-MNIST files, or use --source bundled."
        )
    return Path(value)


@functools.lru_cache(maxsize=4)
def _load_directory(part: str, directory: Path) -> Part:
    return Part(*(_read_idx(directory, name, sha256) for name, sha256 in FILES[part].items()))


def _read_idx(directory: Path, name: str, sha256: str) -> np.ndarray:
    """Read NAME.gz, or NAME where it lies there unpacked, as a read-only array."""
    remedy = (
        "Put the published file there, for example from Debian's package dataset-fashion-mnist, "
        "or use the files that ship with the project (git checkout -- fmnist/dataset)."
    )
    packed, plain = directory / f"{name}.gz", directory / name
    path = packed if packed.exists() or not plain.exists() else plain
    try:
        raw = gzip.decompress(path.read_bytes()) if path == packed else path.read_bytes()
    except FileNotFoundError:
        raise _bad_file(path, f"is missing. {remedy}") from None
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise _bad_file(path, f"cannot be read ({why}). {remedy}") from None
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise _bad_file(path, f"is not the published one: its SHA-256 differs. {remedy}")
    # IDX: two zero bytes, type 8 (uint8), number of axes, then each length as big-endian uint32
    axes = raw[3]
    shape = struct.unpack(f">{axes}I", raw[4 : 4 + 4 * axes])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)  # read-only: bytes


def _bad_file(path: Path, words: str) -> DatasetError:
    """The error of a file by its name; pages show it, and only the log says where it lies."""
    _log.warning("dataset file: %s", path)
    return DatasetError(f"The dataset file {path.name} {words}")


@functools.lru_cache(maxsize=2)
def _load_keras(part: str) -> Part:
    from keras.datasets import fashion_mnist  # imports TensorFlow: never in the web process

    try:
        train, test = fashion_mnist.load_data()
    except Exception as error:  # urllib, socket and ssl errors, or a file cut short
        raise DatasetError(
            f"Keras could not download Fashion-MNIST ({hide_folders(str(error))}). "
            "Without a network, use --source bundled."
        ) from None
    images, labels = train if part == "train" else test
    for array, (name, sha256) in zip((images, labels), FILES[part].items(), strict=True):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        if hashlib.sha256(header + array.tobytes()).hexdigest() != sha256:
            raise DatasetError(
                f"What Keras loaded as {name} is not the published file. Remove the folder "
                "datasets/fashion-mnist in Keras' home (~/.keras) and try again."
            )
        array.flags.writeable = False
    return Part(images, labels)
