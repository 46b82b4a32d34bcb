"""Epochs of renderings: repeatable, new in every epoch, complete, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from fmnist import data
from tests.conftest import ROOT

pytestmark = pytest.mark.slow  # each feed starts processes


@pytest.fixture(scope="module")
def part():
    """90 training images."""
    part = data.load("train")
    return part.images[:90], part.labels[:90]


@pytest.fixture
def feed(part, monkeypatch):
    """A function that makes a feed, closed after the test; an epoch has two chunks, one short."""
    from fmnist.training.stylised_epochs import StylisedEpochs

    monkeypatch.setattr("fmnist.training.stylised_epochs.CHUNK", 64)
    made = []

    def make(images=part[0], labels=part[1], seed=0, epochs=2):
        made.append(StylisedEpochs(images, labels, seed=seed, epochs=epochs))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_an_epoch_has_the_form_of_the_images(feed):
    images, labels = feed().next_epoch()
    assert images.shape == (90, 28, 28)
    assert images.dtype == np.uint8
    assert labels.dtype == np.uint8


def test_seed_decides_and_every_epoch_is_new(feed):
    first, second, other = feed(seed=5), feed(seed=5), feed(seed=6)
    epochs = []
    for _ in range(2):
        epochs.append(first.next_epoch())
        again = second.next_epoch()
        assert np.array_equal(epochs[-1][0], again[0])
        assert np.array_equal(epochs[-1][1], again[1])
    assert not np.array_equal(epochs[0][1], epochs[1][1])  # another order
    assert not np.array_equal(epochs[0][0], epochs[1][0])
    assert not np.array_equal(epochs[0][0], other.next_epoch()[0])


def test_waiting_can_be_ended(feed):
    calls = []

    def give_up():
        calls.append(1)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        feed().next_epoch(give_up)
    assert calls == [1]


def test_every_image_comes_once_an_epoch_with_its_own_label(feed, part, monkeypatch):
    # a class of its own for each image: what comes out says which image went in
    monkeypatch.setattr("fmnist.training.stylised_epochs.CHUNK", 4)
    one = feed(part[0][:10], np.arange(10, dtype=np.uint8), epochs=3)
    for _ in range(3):
        assert sorted(one.next_epoch()[1]) == list(range(10))


def test_close_ends_the_processes(feed):
    one = feed()
    one.next_epoch()
    workers = [p for p in psutil.Process().children(recursive=True) if p.is_running()]
    assert workers
    one.close()
    deadline = time.monotonic() + 300
    while any(p.is_running() and "spawn_main" in " ".join(_words(p)) for p in workers):
        assert time.monotonic() < deadline, "a rendering process outlived its feed"
        time.sleep(0.1)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()  # empty for a process that has ended and waits to be collected
    except psutil.Error:
        return []


def started(script: Path, code: str) -> subprocess.Popen:
    """A Python process of its own session that runs the code, its output to be read here."""
    script.write_text(code)
    return subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


KILLED = """
import os, signal, time
import numpy as np
from fmnist.training.stylised_epochs import StylisedEpochs
if __name__ == "__main__":
    feed = StylisedEpochs(np.zeros((64, 28, 28), np.uint8), np.zeros(64, np.uint8), 0, 2)
    feed.next_epoch()
    print("ready", flush=True)
    time.sleep(60)
"""


def test_processes_end_with_a_killed_training(tmp_path):
    with started(tmp_path / "train.py", KILLED) as training:
        assert training.stdout.readline() == "ready\n"
        rendering = psutil.Process(training.pid).children(recursive=True)
        assert rendering
        training.kill()
    _, left = psutil.wait_procs(rendering, timeout=300)
    assert not left


INTERRUPTED = """
import signal, sys
import numpy as np
from fmnist.training.stylised_epochs import StylisedEpochs
if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)  # as the command: it stops at its own time
    feed = StylisedEpochs(np.zeros((30_000, 28, 28), np.uint8), np.zeros(30_000, np.uint8), 0, 1)
    print(*feed._pool._processes, flush=True)
    images, _ = feed.next_epoch()
    print(len(images), flush=True)
    feed.close()
"""


def test_ctrl_c_of_a_terminal_breaks_no_rendering(tmp_path):
    with started(tmp_path / "train.py", INTERRUPTED) as training:
        rendering = psutil.Process(int(training.stdout.readline().split()[0]))
        while "spawn_main" not in " ".join(rendering.cmdline()):  # raises where it has ended
            time.sleep(0.05)
        for _ in range(10):  # while it starts and while it works
            time.sleep(0.2)
            os.killpg(training.pid, signal.SIGINT)
        out, errors = training.communicate(timeout=300)
    assert out == "30000\n", errors


def test_no_epoch_is_rendered_that_nobody_asks_for(feed):
    one = feed(epochs=1)
    one.next_epoch()
    assert one._chunks == []
