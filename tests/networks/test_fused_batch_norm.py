"""Batch normalisation in one operation, against Keras' own."""

import numpy as np
import pytest

from fmnist.networks.architectures import NETWORKS
from fmnist.networks.fused_batch_norm import fuse_batch_norm
from fmnist.settings import TrainSettings
from fmnist.training.steps import build_training_model, compile_model, strip_training_layers

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(3)
IMAGES = RNG.random((64, 28, 28, 1), dtype=np.float32)
LABELS = RNG.integers(0, 10, 64)
SETTINGS = TrainSettings(network="quick", optimizer="sgd", learning_rate=0.1)


def weights(model) -> dict[str, np.ndarray]:
    """By place and name, since the two networks' layers are numbered on."""
    return {f"{at} {weight.name}": np.asarray(weight) for at, weight in enumerate(model.weights)}


def test_a_step_is_that_of_keras_own_layers():
    import keras

    keras.utils.set_random_seed(0)
    own = NETWORKS["quick"].builder()
    other = fuse_batch_norm(own)
    before = weights(own)
    for model in (own, other):
        compile_model(model, SETTINGS)
    assert np.array_equal(own.predict_on_batch(IMAGES), other.predict_on_batch(IMAGES))
    losses = [model.train_on_batch(IMAGES, LABELS)[0] for model in (own, other)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)

    one, two = weights(own), weights(other)
    assert list(one) == list(two)
    counts = iter([64 * 6 * 6, 64 * 4 * 4])  # values of a channel, layer by layer
    for name, expected in one.items():
        if "moving_variance" in name:  # TensorFlow's is the unbiased estimate
            count = next(counts)
            batch = (expected - 0.99 * before[name]) / 0.01
            expected = 0.99 * before[name] + 0.01 * batch * count / (count - 1)
        np.testing.assert_allclose(two[name], expected, rtol=1e-4, atol=1e-5, err_msg=name)
    learnt = [name for name in one if not np.allclose(one[name], before[name], atol=1e-7)]
    assert learnt == list(one)[1:]  # all of it was put to the test but the layer not to be learnt


@pytest.mark.parametrize("name", NETWORKS)
def test_what_learns_has_the_weights_of_what_is_kept(name, monkeypatch):
    settings = TrainSettings(network=name)
    model = build_training_model(settings)
    traced, step = [], model.train_step
    monkeypatch.setattr(model, "train_step", lambda data: traced.append(data) or step(data))
    model.train_on_batch(IMAGES, LABELS)
    assert len(traced) == 1  # each time takes half a second and more
    kept = strip_training_layers(model, settings)
    np.testing.assert_allclose(
        kept.predict_on_batch(IMAGES), model.predict_on_batch(IMAGES), atol=1e-6
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    assert ("Fused" in kinds) is NETWORKS[name].batch_norm
    assert "BatchNormalization" not in kinds
    assert all("keras" in type(layer).__module__ for layer in kept.layers)
