"""Which epochs' networks are kept; what is in them is compared in tests/inference/test_graph.py."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fmnist.errors import RunError
from fmnist.inference import epoch_network
from fmnist.inference.epoch_network import (
    EpochNetwork,
    epoch_file,
    keep_every,
    list_kept_epochs,
    write_layers,
)
from fmnist.inference.graph import GraphLayer
from fmnist.training import epoch_weights

PICTURE = GraphLayer("input", "", (), (), (28, 28, 1))


def doubling(**changes) -> GraphLayer:
    """A convolution that doubles the picture."""
    two = np.full((1, 1, 1, 1), 2, np.float32)
    return GraphLayer(
        **{**vars(GraphLayer("conv", "", (0,), (), (28, 28, 1), kernel=two)), **changes}
    )


def test_a_long_training_keeps_some_epochs_and_the_newest(own_run, monkeypatch):
    run = own_run()
    monkeypatch.setattr(epoch_weights, "read_keras_layers", lambda _: (PICTURE, doubling()))
    network = SimpleNamespace(count_params=lambda: 2**21)  # 8 MB, ten of which are too much
    for epoch in range(11):
        epoch_weights.save_epoch_weights(run.path, network, epoch, epochs=10)
        assert list_kept_epochs(run) == sorted({*range(0, epoch + 1, 3), epoch})
    assert keep_every(epochs=10, weights=423_338) == 1
    assert keep_every(epochs=1_000, weights=10) == 17  # about 60
    assert keep_every(epochs=1, weights=10**7) == 0


def test_nothing_is_kept_of_what_is_too_large_or_not_known(own_run, monkeypatch):
    run = own_run()
    monkeypatch.setattr(epoch_weights, "read_keras_layers", lambda _: (PICTURE,))
    large = SimpleNamespace(count_params=lambda: 2**24)
    epoch_weights.save_epoch_weights(run.path, large, 0, epochs=1)
    monkeypatch.setattr(epoch_weights, "read_keras_layers", lambda _: None)
    small = SimpleNamespace(count_params=lambda: 10)
    epoch_weights.save_epoch_weights(run.path, small, 0, epochs=1)
    assert list_kept_epochs(run) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (28, 28, 10**6)},
        {"shape": (28, 28, 2)},
        {"kind": "reshape", "kernel": None},
        {"inputs": (1,)},
        {"inputs": (-1,)},
        {"padding": (10**9, 0)},
        {"stride": (0, 1)},
        {"kind": "unheard-of", "kernel": None},
        {"kernel": np.full((1, 1, 1, 1), np.nan, np.float32)},
        {"kernel": np.zeros((1, 1, 1, 1))},
        {"kernel": np.zeros((1, 1, 1, 7), np.float32)},
    ],
    ids=str,
)
def test_what_is_not_sound_is_one_sentence(own_run, changes):
    run = own_run()
    write_layers(epoch_file(run.path, 1), (PICTURE, doubling()))
    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    made = EpochNetwork(run, 1)(pixels)
    np.testing.assert_allclose(made[1][:, :, 0], 2 * (pixels / 255), rtol=1e-6)
    write_layers(epoch_file(run.path, 1), (PICTURE, doubling(**changes)))
    with pytest.raises(RunError, match="choose another epoch"):
        EpochNetwork(run, 1)


WIDE = GraphLayer("conv", "", (0,), (), (28, 28, 600), kernel=np.zeros((600, 1, 1, 1), np.float32))
LOOKS_AT_ALL = doubling(
    inputs=(1,), size=(28, 28), padding=(14, 14), kernel=np.zeros((1, 28, 28, 600), np.float32)
)
SHORT = GraphLayer("reshape", "", (0,), (), (784,))


@pytest.mark.parametrize(
    "layers",
    [
        (WIDE, LOOKS_AT_ALL),
        (WIDE, *[replace(WIDE, kind="relu", inputs=(1,), kernel=None)] * 250),
        (SHORT, *[replace(SHORT, kind="tanh", inputs=(1,))] * 250),
    ],
    ids=["windows", "outputs", "layers"],
)
def test_a_network_that_would_take_too_much_is_not_computed(own_run, monkeypatch, layers):
    run = own_run()
    monkeypatch.setattr(epoch_network, "compute_outputs", lambda *_: pytest.fail("it is"))
    write_layers(epoch_file(run.path, 1), (PICTURE, *layers))
    with pytest.raises(RunError, match="choose another epoch"):
        EpochNetwork(run, 1)
