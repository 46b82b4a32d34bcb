"""Folders of which nothing may be expected: pipes, devices, gigabytes, no permission."""

import contextlib
import ctypes
import io
import os
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from fmnist.analysis import validation_predictions
from fmnist.collections import corrections, notes
from fmnist.errors import CorrectionsError, NotesError, RunError
from fmnist.files import read_file, read_json_lines, sha256_of
from fmnist.inference.epoch_network import EpochNetwork, epoch_file
from fmnist.jobs import lock, queue
from fmnist.runs import control, predictions
from fmnist.runs.about import About, load_about
from fmnist.runs.checkpoint import peek_checkpoint
from fmnist.runs.history import TrainingProgress, follow_progress, read_events
from fmnist.runs.library import find_run, list_runs
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import READ, check_run_file, read_run
from fmnist.runs.transfer import pack_run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no named pipes on Windows")


@pytest.fixture(autouse=True)
def _no_reader_waits():
    """End a test that waits for a pipe to be written into, which nobody does."""

    def give_up(number, frame):
        raise AssertionError("a reader waits for ever")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put_gigabytes(path):
    """A file of 8 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(2**33)


ODD = {
    "pipe": os.mkfifo if hasattr(os, "mkfifo") else None,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": os.mkdir,
    "gigabytes": put_gigabytes,
}


def put(odd, path):
    path.unlink(missing_ok=True)
    ODD[odd](path)


@contextlib.contextmanager
def permissions_count():
    """Let permissions count for root, too, who may otherwise read everything."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # capset(2), of this thread
    had, less = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, had) == 0
    less[:] = had
    less[0] &= ~0b110  # without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(header, less) == 0
    try:
        yield
    finally:
        assert libc.capset(header, had) == 0


@pytest.fixture
def forbidden():
    """A function that takes all permissions but `mode` from a path, within `permissions_count`."""
    changed = []

    def forbid(path, mode=0):
        changed.append(path)
        path.chmod(mode)

    yield forbid
    for path in reversed(changed):
        path.chmod(0o755)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["run.json", *READ])
def test_a_run_with_such_a_file_is_damaged_and_says_which(own_run, name, odd):
    run = own_run("odd")
    put(odd, run.path / name)
    listed = {run.name: run for run in list_runs()}
    if (name, odd) == ("log.txt", "gigabytes"):  # of which only the end is read
        assert listed["odd"].state == "finished"
        assert len(read_last_words(run)) <= 2**16
        return
    assert listed["odd"].state == "damaged"
    assert listed["odd"].reason.startswith(f"{name} cannot be read (")
    assert str(run.path) not in listed["odd"].reason
    with pytest.raises(RunError, match="damaged"):
        find_run("odd")
    assert listed["robust"].usable


@pytest.mark.parametrize("odd", ODD)
def test_a_run_that_becomes_such_a_one_is_read_all_the_same(own_run, odd):
    run = own_run("odd")
    for name in READ:
        put(odd, run.path / name)
    assert load_about(run) == About()
    assert follow_progress(run) == TrainingProgress()
    assert read_events(run) == []
    assert len(read_last_words(run)) <= 2**16
    assert control.requested_rate(run.path) is None
    put(odd, epoch_file(run.path, 1))
    with pytest.raises(RunError, match="choose another epoch"):
        EpochNetwork(run, 1)
    assert predictions.load_epoch(run, 1) is None
    assert len(predictions.load_image_epochs(run, 3)) == 0
    assert len(predictions.load_predicted_classes(run)) == 0
    assert len(validation_predictions.load_newest(run, 2)) == 0
    assert len(validation_predictions.load_selected(run, 2, np.arange(10), 2).epochs) == 0
    assert len(pack_run(run)) < 10_000
    with pytest.raises(RunError, match="checkpoint"):
        peek_checkpoint(run.path)
    for name in run.files:
        with pytest.raises(RunError, match=f"cannot be read: {name}"):
            check_run_file(run, name)


def test_a_folder_without_permission_is_listed_as_damaged(own_run, runs_dir, forbidden):
    run = own_run("closed")
    own_run("open")
    forbidden(run.path)
    with permissions_count():
        listed = {run.name: run for run in list_runs()}
        assert listed["closed"].reason == "run.json cannot be read (Permission denied)."
        assert listed["open"].usable
        forbidden(runs_dir, 0o400)  # whose names are known and nothing else
        assert all(run.shipped for run in list_runs())
        assert read_run(run.path).state == "damaged"
        with pytest.raises(RunError, match="no run 'open'"):
            find_run("open")


@pytest.mark.parametrize("odd", ODD)
def test_who_trains_and_waits_is_nobody(odd):
    for ending in (".json", queue.FILE):
        put(odd, lock.machine_file(ending))
    assert lock.active_run() is None
    assert lock.find_holder() == ("", None)
    assert queue.list_queue() == []


@pytest.mark.parametrize("odd", ODD)
def test_notes_and_corrections_say_so(odd):
    notes.tag([1], "odd")
    row = corrections.keep(png(), 3, "upload", "mine")
    place = corrections.directory("mine")
    put(odd, place / row.path)
    with pytest.raises(CorrectionsError, match="cannot be read"):
        corrections.picture_of(row, "mine")
    put(odd, place / "labels.csv")
    with pytest.raises(CorrectionsError, match="cannot be read"):
        corrections.kept("mine")
    for name in ("tags.json", "votes.jsonl"):
        put(odd, notes.directory() / name)
    with pytest.raises(NotesError, match="cannot be read"):
        notes.tags()
    assert notes.votes() == []


def test_a_closed_set_does_not_hide_the_others(forbidden):
    for name in ("closed", "open"):
        corrections.keep(png(), 3, "upload", name)
    forbidden(corrections.directory("closed"))
    with permissions_count():
        assert corrections.list_sets() == ["open"]


def png() -> bytes:
    data = io.BytesIO()
    Image.new("L", (40, 40), 200).save(data, "PNG")
    return data.getvalue()


def test_a_file_of_lines_is_read_within_limits(tmp_path):
    file = tmp_path / "lines"
    file.write_bytes(b'{"a":1}\n' + b"1\n" * 300_000 + b'{"b":1}\n')
    assert read_json_lines(file) == [{"a": 1}]
    file.write_bytes(b'{"a":"' + b"x" * 70_000 + b'"}\n{"b":1}\n')
    assert read_json_lines(file) == [{"b": 1}]


def test_what_is_too_large_is_said(tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(5))
    assert read_file(file, 5) == bytes(5)
    with pytest.raises(OSError, match="more than 0 MB"):
        read_file(file, 4)
    put_gigabytes(file)
    with pytest.raises(OSError, match="more than 256 MB"):
        sha256_of(file)
