"""What people read of an error: one sentence, and no folder of the server's."""

import errno
import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest

from fmnist import data
from fmnist.errors import DatasetError, RunError, TrainingFailed, explain_refusal, hide_folders
from fmnist.files import save_arrays
from fmnist.images.worn.pose import load_pose_network
from fmnist.inference.classifier import Classifier
from fmnist.inference.second_networks.photo_network import PhotoNetwork
from fmnist.jobs import launch
from fmnist.runs.checkpoint import CHECKPOINT_FILE, load_checkpoint, peek_checkpoint
from fmnist.runs.progress_text import read_last_words
from fmnist.runs.run import read_run


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[Errno 21] Is a directory: '/srv/fm nist/runs/a'", "[Errno 21] Is a directory: 'a'"),
        ("Could not open /srv/runs/a/model.tflite.", "Could not open model.tflite."),
        ('  File "/srv/x/fmnist/files.py", line 7', '  File "files.py", line 7'),
        (r"No such file: 'C:\Users\Ada B\runs\a.npz'", "No such file: 'a.npz'"),
        ("'/srv/a' -> '/srv/b'", "'a' -> 'b'"),
        ("3/4 of it, and/or https://keras.io/api: 1 / 2", None),
        ("runs/a is not there", None),
    ],
)
def test_folders_are_hidden_and_nothing_else(text, shown):
    assert hide_folders(text) == (shown or text)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/srv/x"), "because the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "because the disk is full"),
        (
            OSError("write failed (errno = 28, 'No space left on device')"),
            "because the disk is full",
        ),
        (RuntimeError("/srv/x; No space left on device"), "because the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), r"\(Permission denied\)"),
        (OSError(errno.EROFS, "Read-only file system", "/srv/x"), r"\(Read-only file system\)"),
        (OSError(errno.EFBIG, "File too large", "/srv/x"), r"\(File too large\)"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/srv/x"), None),
        (ValueError("no number"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_what_the_disk_refuses_is_one_sentence(error, said):
    sentence = explain_refusal(error, "The run 'x'")
    if said is None:
        assert sentence == ""
    else:
        assert sentence.startswith("The run 'x' cannot be ")
        with pytest.raises(RunError, match=said):
            raise RunError(sentence)
        assert "/srv" not in sentence


def test_a_dataset_file_is_named_and_only_the_log_says_where(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("FMNIST_DATA_DIR", str(tmp_path))
    file = tmp_path / "t10k-images-idx3-ubyte.gz"
    for make in (lambda: None, file.mkdir, lambda: file.rmdir() or file.write_bytes(b"x")):
        make()
        caplog.clear()
        with (
            caplog.at_level(logging.WARNING),
            pytest.raises(DatasetError, match="The dataset file t10k-images") as failed,
        ):
            data.load("test", "directory")
        assert str(tmp_path) not in str(failed.value)
        assert str(file) in caplog.text


def test_networks_and_checkpoints_are_named_without_their_folder(tmp_path):
    file = tmp_path / "network"
    for content in (None, b"torn"):
        if content:
            file.write_bytes(content)
        for load in (
            lambda: Classifier(file),
            lambda: load_pose_network(file),
            lambda: PhotoNetwork(file)(np.zeros((1, 224, 224, 3), np.uint8)),
        ):
            with pytest.raises(RunError, match="cannot be loaded") as failed:
                load()
            assert str(tmp_path) not in str(failed.value)
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"torn")
    with pytest.raises(RunError, match="damaged") as failed:
        peek_checkpoint(tmp_path)
    assert str(tmp_path) not in str(failed.value)


def test_a_checkpoint_that_is_damaged_inside_is_one_sentence(tmp_path):
    about = json.dumps({"epoch": 3, "seconds": 1.0, "last": {}}).encode()
    values = np.full(1000, 0.25, np.float32)
    save_arrays(tmp_path / CHECKPOINT_FILE, about=np.frombuffer(about, np.uint8), v0=values)
    data = bytearray((tmp_path / CHECKPOINT_FILE).read_bytes())
    data[data.index(values.tobytes()) + 7] ^= 1
    (tmp_path / CHECKPOINT_FILE).write_bytes(data)
    assert peek_checkpoint(tmp_path).epoch == 3
    variables = [SimpleNamespace(shape=values.shape)]
    optimizer = SimpleNamespace(built=True, variables=[])
    model = SimpleNamespace(variables=variables, metrics_variables=[], optimizer=optimizer)
    with pytest.raises(RunError, match=r"damaged \(Bad CRC-32"):
        load_checkpoint(tmp_path, model)


def test_the_last_lines_of_a_log_are_shown_without_folders(own_run):
    run = own_run("mine")
    (run.path / "log.txt").write_text(f'Traceback\n  File "{run.path}/x.py", line 3\nKilled')
    assert read_last_words(run) == 'Traceback\n  File "x.py", line 3\nKilled'


def test_a_run_of_folders_says_so_without_them(own_run):
    run = own_run("mine")
    (run.path / "run.json").unlink()
    (run.path / "run.json").mkdir()
    assert read_run(run.path).reason == "run.json cannot be read (Is a directory)."


def test_what_a_process_said_before_it_began_is_told_without_folders(monkeypatch, runs_dir, caplog):
    class Ended:
        def poll(self):
            return 1

    said = f"Traceback\nOSError: [Errno 5] Input/output error: '{runs_dir}/x'"
    with caplog.at_level(logging.WARNING):
        error = launch._not_begun(Ended(), said)
    assert isinstance(error, TrainingFailed)
    assert str(error) == "OSError: [Errno 5] Input/output error: 'x'"
    assert str(runs_dir) in caplog.text
