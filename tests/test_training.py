"""Pieces of a training that need no process of their own; whole ones are in test_jobs."""

from unittest.mock import MagicMock

import numpy as np
import pytest

from fmnist import runs
from fmnist.settings import TrainSettings
from fmnist.training import _mean_weights, _Training

pytestmark = pytest.mark.slow  # imports TensorFlow


# Keras 3.15 reads a variable through an __array__ that NumPy 2.4 calls outdated
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_mean_of_two_networks_is_taken_layer_by_layer(tmp_path):
    import keras

    file = runs.find("robust").path / "model.keras"
    model = keras.models.load_model(file, compile=False)
    weights = model.get_weights()
    model.set_weights([2 * layer for layer in weights])
    model.save(tmp_path / "doubled.keras")
    mean = _mean_weights([file, tmp_path / "doubled.keras"])
    assert len(mean) == len(weights)
    for found, layer in zip(mean, weights, strict=True):
        assert found.dtype == layer.dtype
        np.testing.assert_allclose(found, 1.5 * layer, rtol=1e-6)
    for found, layer in zip(_mean_weights([file]), weights, strict=True):
        np.testing.assert_array_equal(found, layer)


class Right:
    """A network that is certain, and right about the first three of every four images."""

    def predict_on_batch(self, x):
        right = (x[:, 0, 0, 0] * 255).round().astype(int)  # the image says its class there
        said = np.where(np.arange(len(x)) % 4 < 3, right, (right + 1) % 10)
        return np.eye(10, dtype=np.float32)[said]


@pytest.mark.parametrize(
    ("again", "last", "expected"),
    [
        (False, {"epoch": 3, "val_accuracy": 0.5, "val_loss": 1.0}, {"accuracy": 0.5, "loss": 1.0}),
        # two of eight are wrong with a probability of 0, which Keras takes for 1e-7
        (True, {"epoch": 3, "val_accuracy": 0.5}, {"accuracy": 0.75, "loss": 4.02952}),
        (True, {}, {}),  # stopped before the first epoch's end
        (False, {}, {}),
    ],
)
def test_shifted_looks_are_judged_once_more_at_the_end(tmp_path, again, last, expected):
    settings = TrainSettings(shift=1, shifted_looks=again)
    one = _Training(tmp_path, settings, None, MagicMock())
    labels = np.arange(8)
    images = np.zeros((8, 28, 28), np.uint8)
    images[:, 0, 0] = labels
    one._held_out, one._last = (images, labels), last
    assert one._judged(Right()) == expected
