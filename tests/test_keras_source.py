"""The specification's own loader, in a process of its own, since it imports TensorFlow."""

import os

import pytest

from tests.conftest import run_python

COMPARE = """
import shutil, sys
import numpy as np
from fmnist.data import BUNDLED_DIR, load
from fmnist.errors import DatasetError
try:
    load("test", "keras")
except DatasetError as error:
    print(error)
# what Keras would have downloaded: the same four files, under its own folder
shutil.copytree(BUNDLED_DIR, sys.argv[1], dirs_exist_ok=True)
for part in ("train", "test"):
    keras, bundled = load(part, "keras"), load(part, "bundled")
    assert np.array_equal(keras.images, bundled.images)
    assert np.array_equal(keras.labels, bundled.labels)
print("equal")
"""


@pytest.mark.slow
def test_keras_gives_the_same_arrays_and_without_a_network_the_remedy_is_named(tmp_path):
    away = {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    folder = tmp_path / "datasets" / "fashion-mnist"
    done = run_python("-c", COMPARE, folder, env={**os.environ, **away}, check=True)
    refused, equal = done.stdout.splitlines()[-2:]
    assert "--source bundled" in refused
    assert equal == "equal"
