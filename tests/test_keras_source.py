"""The specification's own loader, in a process of its own, since it imports TensorFlow."""

import os
import shutil
import subprocess
import sys

import pytest

from fmnist import data
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

COMPARE = """
import numpy as np
from fmnist.data import load
for part in ("train", "test"):
    keras, bundled = load(part, "keras"), load(part, "bundled")
    assert np.array_equal(keras.images, bundled.images)
    assert np.array_equal(keras.labels, bundled.labels)
print("equal")
"""
FAIL = """
from fmnist.data import load
from fmnist.errors import DatasetError
try:
    load("test", "keras")
except DatasetError as error:
    print(error)
"""


def run(code, home, **environment):
    """Run code with Keras' home in `home` and no network."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_HOME": str(home), "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def test_keras_gives_the_same_arrays(tmp_path):
    # what Keras would have downloaded: the same four files, under its own folder
    shutil.copytree(data.BUNDLED_DIR, tmp_path / "datasets" / "fashion-mnist")
    assert run(COMPARE, tmp_path).strip() == "equal"


def test_without_a_network_the_remedy_is_named(tmp_path):
    assert "--source bundled" in run(FAIL, tmp_path)
