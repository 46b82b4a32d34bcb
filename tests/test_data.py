"""The dataset: the published bytes, whatever the source; the split and the scaling."""

import gzip
import hashlib
import shutil
import struct

import numpy as np
import pytest

from fmnist import data
from fmnist.errors import DatasetError

PUBLISHED = {  # written here once more, so that a slip in the module shows
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_shipped_files_are_the_published_ones(name):
    raw = gzip.decompress((data.BUNDLED_DIR / f"{name}.gz").read_bytes())
    assert hashlib.sha256(raw).hexdigest() == PUBLISHED[name] == data.checksums()[name]


@pytest.mark.parametrize(("part", "size"), [("train", 60_000), ("test", 10_000)])
def test_parts_have_their_shape(part, size):
    loaded = data.load(part)
    assert loaded.images.shape == (size, 28, 28)
    assert loaded.images.dtype == loaded.labels.dtype == np.uint8
    assert np.bincount(loaded.labels).tolist() == [size // 10] * 10
    assert not loaded.images.flags.writeable
    assert not loaded.labels.flags.writeable


def test_arrays_are_those_of_an_independent_reader():
    raw = gzip.decompress((data.BUNDLED_DIR / "t10k-images-idx3-ubyte.gz").read_bytes())
    magic, count, rows, columns = struct.unpack(">IIII", raw[:16])
    assert (magic, count, rows, columns) == (2051, 10_000, 28, 28)
    expected = np.array(list(raw[16 + 784 * 7 : 16 + 784 * 8])).reshape(28, 28)
    np.testing.assert_array_equal(data.load("test").images[7], expected)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """A folder of the user's own with all four files, unpacked where a test wants it."""
    folder = tmp_path / "data"
    shutil.copytree(data.BUNDLED_DIR, folder)
    monkeypatch.setenv("FMNIST_DATA_DIR", str(folder))
    yield folder
    data._load_directory.cache_clear()


def test_own_directory_gives_the_same_arrays(directory):
    assert data.default_source() == "directory"
    np.testing.assert_array_equal(data.load("test").images, data.load("test", "bundled").images)


def test_own_directory_may_hold_unpacked_files(directory):
    packed = directory / "t10k-labels-idx1-ubyte.gz"
    (directory / "t10k-labels-idx1-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    np.testing.assert_array_equal(data.load("test").labels, data.load("test", "bundled").labels)


def test_missing_file_is_named_with_a_remedy(directory):
    (directory / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DatasetError, match=r"t10k-images-idx3-ubyte\.gz is missing.*Debian"):
        data.load("test")


def test_mnist_in_place_of_fashion_is_refused(directory):
    labels = gzip.compress(struct.pack(">II", 2049, 10_000) + bytes(10_000))
    (directory / "t10k-labels-idx1-ubyte.gz").write_bytes(labels)
    with pytest.raises(DatasetError, match="SHA-256 differs"):
        data.load("test")


@pytest.mark.parametrize("content", [b"", b"no gzip at all", b"\x1f\x8b\x08\x00broken"])
def test_damaged_file_is_named(directory, content):
    (directory / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(DatasetError, match="t10k-labels-idx1-ubyte"):
        data.load("test")


def test_truncated_file_is_named(directory):
    path = directory / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="t10k-labels-idx1-ubyte"):
        data.load("test")


def test_directory_source_without_the_variable_says_so():
    with pytest.raises(DatasetError, match="FMNIST_DATA_DIR"):
        data.load("test", "directory")


def test_unknown_source_lists_the_known():
    with pytest.raises(DatasetError, match="bundled, keras or directory"):
        data.load("test", "mnist")


def test_scale_is_one_division_to_one_axis_more():
    images = np.array([[[0, 51], [102, 255]]], np.uint8)
    scaled = data.scale(images)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, np.array([[[[0.0], [0.2]], [[0.4], [1.0]]]], np.float32))


def test_split_is_stratified_fixed_and_whole():
    labels = data.load("train").labels
    train, validation = data.split(labels)
    assert (len(train), len(validation)) == (55_000, 5_000)
    assert np.bincount(labels[validation]).tolist() == [500] * 10
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(60_000))
    # "fixed" for the life of the project: a run's validation accuracy must stay comparable
    digest = hashlib.sha256(validation.astype("<i8").tobytes()).hexdigest()
    assert digest == "be35d82a1a9398c8d96c3abd3226575643d766bc748c715dc190ba4dae5c1524"


def test_fractions_are_nested_and_leave_validation_alone():
    labels = data.load("train").labels
    small, held_out = data.split(labels, 0.1)
    large, also_held_out = data.split(labels, 0.5)
    assert len(small) == 5_500
    assert set(small) <= set(large)
    assert not set(large) & set(held_out)
    np.testing.assert_array_equal(held_out, also_held_out)
    assert np.bincount(labels[small]).tolist() == [550] * 10


@pytest.mark.parametrize("fraction", [0, -1, 1.01])
def test_senseless_fraction_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        data.split(np.zeros(10, np.uint8), fraction)
