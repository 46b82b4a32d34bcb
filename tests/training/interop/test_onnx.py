"""ONNX files, answered by ONNX Runtime, against the stored answers of LiteRT."""

import subprocess
import sys

import numpy as np
import pytest

from fmnist.runs.library import find_run
from fmnist.runs.predictions import load_predictions
from tests.conftest import ROOT

IMAGES = 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed-cnn", pytest.param("accurate", marks=pytest.mark.long)])
def test_a_run_answers_the_same_as_onnx(name, tmp_path, test_part):
    import onnxruntime

    file = tmp_path / "network.onnx"
    words = [sys.executable, "-m", "fmnist", "export", name, "--onnx", str(file)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    images = test_part.images[:IMAGES, :, :, np.newaxis].astype(np.float32) / 255
    (probabilities,) = session.run(None, {image.name: images})
    stored = load_predictions(find_run(name))[:IMAGES]
    np.testing.assert_allclose(probabilities, stored, atol=1e-5)
