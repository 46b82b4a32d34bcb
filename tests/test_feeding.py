"""Batches of renderings: repeatable, new in every epoch, complete, and no process left behind."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from fmnist import data
from tests.conftest import ROOT

pytestmark = pytest.mark.slow  # each feed starts processes, and the module imports Keras


@pytest.fixture(scope="module")
def part():
    """700 training images, so that an epoch has two chunks and a short last batch."""
    part = data.load("train")
    return part.images[:700], part.labels[:700]


@pytest.fixture
def feed(part):
    """A function that makes a feed, closed after the test."""
    from fmnist.feeding import RenderedImages

    made = []

    def make(images=part[0], labels=part[1], seed=0):
        made.append(RenderedImages(images, labels, batch_size=64, seed=seed))
        return made[-1]

    yield make
    for one in made:
        one.close()


def epoch(feed) -> tuple[np.ndarray, np.ndarray]:
    """All batches of the running epoch in order."""
    images, labels = zip(*(feed[at] for at in range(len(feed))), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_batches_are_what_a_network_takes(feed):
    one = feed()
    assert len(one) == 11
    sizes = [len(one[at][0]) for at in range(11)]
    assert sizes == [64] * 10 + [60]
    images, labels = one[0]
    assert images.shape == (64, 28, 28, 1)
    assert images.dtype == np.float32
    assert 0 <= images.min() <= images.max() <= 1
    assert labels.dtype == np.uint8


def test_seed_decides_and_every_epoch_is_new(feed):
    first, second, other = feed(seed=5), feed(seed=5), feed(seed=6)
    epochs = []
    for _ in range(2):
        epochs.append(epoch(first))
        again = epoch(second)
        assert np.array_equal(epochs[-1][0], again[0])
        assert np.array_equal(epochs[-1][1], again[1])
        first.on_epoch_end()
        second.on_epoch_end()
    assert not np.array_equal(epochs[0][1], epochs[1][1])  # another order
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    assert not np.array_equal(epochs[0][0], epoch(other)[0])


def test_every_image_comes_once_an_epoch_with_its_own_label(feed, part):
    # a class of its own for each image: what comes out says which image went in
    images, names = part[0], np.arange(700, dtype=np.uint16)
    one = feed(images, names)
    for _ in range(3):
        assert sorted(epoch(one)[1]) == list(range(700))
        one.on_epoch_end()


def test_close_ends_the_processes(feed):
    one = feed()
    one[0]
    workers = [p for p in psutil.Process().children(recursive=True) if p.is_running()]
    assert workers
    one.close()
    deadline = time.monotonic() + 30
    while any(p.is_running() and "spawn_main" in " ".join(_words(p)) for p in workers):
        assert time.monotonic() < deadline, "a rendering process outlived its feed"
        time.sleep(0.1)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()  # empty for a process that has ended and waits to be collected
    except psutil.Error:
        return []


KILLED = """
import os, signal, time
import numpy as np
from fmnist.feeding import RenderedImages
if __name__ == "__main__":
    feed = RenderedImages(np.zeros((64, 28, 28), np.uint8), np.zeros(64, np.uint8), 64, 0)
    feed[0]
    print("ready", flush=True)
    time.sleep(60)
"""


def test_processes_end_with_a_killed_training(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    training = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with training:
        assert training.stdout.readline() == "ready\n"
        rendering = psutil.Process(training.pid).children(recursive=True)
        assert rendering
        training.kill()
    _, left = psutil.wait_procs(rendering, timeout=15)
    assert not left
