"""A first layer computed from the images: what comes out of it, by the definition of whitening."""

import numpy as np
import pytest

from fmnist.data import load, scale
from fmnist.networks.architectures import NETWORKS
from fmnist.networks.whitening import whiten_first_layer
from fmnist.settings import TrainSettings
from fmnist.training.steps import build_training_model

pytestmark = pytest.mark.slow

WHITENED = [name for name, network in NETWORKS.items() if network.whitens]


@pytest.mark.parametrize("name", WHITENED)
def test_its_outputs_have_unit_power_and_go_together_in_nothing(name):
    import keras

    images = load("train").images[:2000]
    model = NETWORKS[name].builder()
    whiten_first_layer(model, images)
    layer = model.get_layer("whitening")
    assert layer is model.layers[1]
    assert (layer.padding, layer.use_bias) == ("valid", False)
    before_relu = keras.Model(model.inputs, layer.output).predict(scale(images), verbose=0)
    values = before_relu.reshape(-1, before_relu.shape[-1])
    half = values.shape[1] // 2
    moments = values.T @ values / len(values)
    # the power of the patches in their directions, by another way than eigenvalues
    patches = np.lib.stride_tricks.sliding_window_view(images / 255, layer.kernel_size, (1, 2))
    rows = patches[:, ::2, ::2].reshape(-1, patches.shape[-1] ** 2)
    singular = np.linalg.svd(rows, full_matrices=False, compute_uv=False)
    power = singular[:half] ** 2 / len(rows)
    one = np.diag(power / (power + 5e-4))  # unit power, but for what keeps noise from growing
    np.testing.assert_allclose(moments, np.block([[one, -one], [-one, one]]), atol=1e-3)
    # those of the most power first, which the shortest filters bring to one
    lengths = np.sqrt((layer.get_weights()[0] ** 2).sum(axis=(0, 1, 2)))[:half]
    assert (np.diff(lengths) > 0).all()
    assert 1 / lengths**2 == pytest.approx(power + 5e-4, rel=1e-3)


@pytest.mark.parametrize("name", WHITENED)
def test_it_is_left_as_it_is_while_the_others_learn(name):
    images = load("train").images[:64]
    model = build_training_model(TrainSettings(network=name))
    whiten_first_layer(model, images)
    before = model.get_weights()
    model.train_on_batch(scale(images), np.zeros(64, np.uint8))
    changed = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False] + [True] * (len(before) - 1)
