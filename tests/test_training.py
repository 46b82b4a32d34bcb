"""Pieces of a training that need no process of their own; whole ones are in test_jobs."""

import numpy as np
import pytest

from fmnist import runs
from fmnist.training import _mean_weights

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
