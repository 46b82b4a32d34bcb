"""Shared fixtures: a private place for runs and for the machine-wide lock, and a tiny run."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner

from fmnist.cli.main import main
from fmnist.data import load
from fmnist.files import sha256_of
from fmnist.jobs import lock
from fmnist.processes import this_process
from fmnist.runs.forecast import Forecast
from fmnist.runs.library import create_run
from fmnist.runs.predictions import IMAGES, TEST_EPOCHS_FILE, count_epochs, load_epoch
from fmnist.runs.run import SHIPPED_DIR, read_run, write_run_info
from fmnist.settings import TrainSettings, arguments
from tests.browser.browsing import chromium, page, server

__all__ = ["chromium", "page", "server"]  # fixtures of the browser tests

ROOT = Path(__file__).parents[1]
SEED = SHIPPED_DIR / "seed-cnn"
# everything that has a state which must not be lost: moments, dropout, schedule, augmentation
TRAINED = TrainSettings(
    network="quick",  # the soonest done
    epochs=3,
    fraction=0.02,
    schedule="one-cycle",
    weight_decay=0.05,
    mirror=True,
    shift=1,
    erasing=0.5,
    label_smoothing=0.1,
    deterministic=True,
)
TRAINED_FORECAST = Forecast(
    minutes=3.0, low=0.4, high=0.9, seconds=100.0, epochs=3, network="quick"
)


def pytest_configure(config) -> None:
    """With several processes (`-n`), each computes on one core and does not wait for the others.

    Set before they are started, for NumPy reads it when it is imported.
    """
    if config.getoption("numprocesses", None):
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, "1")


def pytest_make_parametrize_id(val) -> str | None:
    """A short name for a long value: names go to every process, and into its environment."""
    if isinstance(val, str | bytes) and len(val) > 200:
        return f"{val[:20]!r} and {len(val) - 20} more"
    return None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config, items) -> None:
    """With several processes (`-n`), one browser at a time, and the longest tests first.

    What takes long to make, such as the one `trained` run, is made in one process. The tests
    marked "long" are left out unless `-m` names them; `-m` would overrule one in pyproject.toml.
    What needs a server is slow.
    """
    if "long" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if "server" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("browser", "slow"))))
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
        for fixture in ("trained", "installed", "answered", "answers"):
            if fixture in item.fixturenames:
                item.add_marker(pytest.mark.xdist_group(fixture))


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_interrupts():
    """Ctrl-C means what it means in a terminal, for the tests and whatever they start.

    A shell without job control ignores it for what it starts in the background; every child
    inherits that, and Python then installs no handler of its own.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _page_tests_do_not_wait():
    """Leave out of each AppTest what takes longer than the page and does nothing for it.

    It would look through all installed packages for components anew, and compile each page anew;
    and where a test has imported Keras, which the web process never does, clear Keras' session
    after each run of a page: seconds.
    """
    compiled = ScriptCache()
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        for module in (app_test, local_script_runner):
            patch.setattr(module, "ScriptCache", lambda: compiled)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def runs_dir(tmp_path_factory, monkeypatch) -> Iterator[Path]:
    """The folder of own runs; it and the training lock are a test's own, never the user's.

    Emptied after the test, for the copied models of 2,900 tests would fill a small disk; not
    removed, for the next test would get the same place, and what is remembered by path with it.
    """
    place = tmp_path_factory.mktemp("place")
    (place / "runs").mkdir()
    (place / "tmp").mkdir()
    monkeypatch.setenv("FMNIST_RUNS", str(place / "runs"))
    monkeypatch.setenv("TMPDIR", str(place / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)  # it remembers the first TMPDIR it saw
    monkeypatch.delenv("FMNIST_DATA_DIR", raising=False)
    for name in ("FMNIST_CORRECTIONS", "FMNIST_NOTES"):  # they lie beside the runs
        monkeypatch.delenv(name, raising=False)
    yield place / "runs"
    for folder in place.iterdir():
        shutil.rmtree(folder, ignore_errors=True)  # what still writes, or is a file, stays


@pytest.fixture
def command(capsys):
    """A function that runs `python -m fmnist` in this process and returns how it ended.

    For what needs no TensorFlow, whose import is not wanted in a process of tests.
    """

    def run(*arguments) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # wrong usage
            status = ended.code
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run


def run_python(*arguments, timeout=300, **options) -> subprocess.CompletedProcess[str]:
    """How a new interpreter ended that was given arguments: "-m" and a module, "-c" and code."""
    command = [sys.executable, *map(str, arguments)]
    how = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": timeout, "check": False}
    return subprocess.run(command, **{**how, **options})


def load_epoch_predictions(run, file=TEST_EPOCHS_FILE) -> np.ndarray:
    """All whole epochs that a run has kept: (E, N, 10) uint8, 255 for a probability of 1."""
    epochs = [load_epoch(run, epoch + 1, file) for epoch in range(count_epochs(run, file))]
    return np.stack(epochs) if epochs else np.empty((0, IMAGES[file], 10), np.uint8)


def hold(path):
    """Let this process hold the machine, for the run at `path` or another purpose."""
    holder = {"path": str(path), "process": this_process()}
    lock.machine_file(".json").write_text(json.dumps(holder))


def ended_process() -> dict:
    """What identifies a process that has ended and whose id is used again: by this one."""
    return {**this_process(), "boot": "an earlier one", "ticks": 1}


@pytest.fixture(scope="session")
def test_part():
    """The 10,000 test images and labels."""
    return load("test")


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> subprocess.CompletedProcess[str]:
    """`python -m fmnist train` with TRAINED, whole and undisturbed; `runs` holds the run tiny.

    Its event files for TensorBoard lie in `tensorboard`.
    It takes half a minute, so the slow tests that only look at a trained run share it. The user's
    keras.json asks for what these networks cannot be trained with, which must not matter.
    """
    place, tensorboard = map(tmp_path_factory.mktemp, ("trained", "tensorboard"))
    other = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.5}
    home = tmp_path_factory.mktemp("keras_home")
    (home / "keras.json").write_text(json.dumps({**other, "backend": "jax"}))
    command = [sys.executable, "-m", "fmnist", "train", "--name", "tiny"]
    done = subprocess.run(
        [
            *(*command, "--forecast", str(TRAINED_FORECAST)),
            *("--tensorboard", str(tensorboard), *arguments(TRAINED)),
        ],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"},
            "FMNIST_RUNS": str(place),
            "TMPDIR": str(place),
            "KERAS_HOME": str(home),
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    done.runs, done.tensorboard = place, tensorboard
    return done


@pytest.fixture
def own_run(runs_dir):
    """A function that makes an own run from the shipped one's files, with other answers at will."""

    def make(name="mine", probabilities=None, **info):
        path = create_run(name, TrainSettings())
        for file in ("model.keras", "model.tflite", "test.npz", "history.jsonl"):
            shutil.copy(SEED / file, path)
        if probabilities is not None:
            np.savez(path / "test.npz", probabilities=probabilities.astype(np.float32))
        files = {
            file: sha256_of(path / file) for file in ("model.keras", "model.tflite", "test.npz")
        }
        fields = {"state": "finished", "process": None, "files": files, "epochs_done": 10}
        write_run_info(path, **{**fields, "scores": {"test_accuracy": 0.9}, **info})
        return read_run(path)

    return make
