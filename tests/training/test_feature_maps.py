"""The first layer's filters and what they make of an image."""

import numpy as np
import pytest
from scipy import signal

from fmnist.training.feature_maps import FEATURE_MAPS_FILE, load_feature_maps, save_feature_maps


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("network", "filters"), [("cnn", 64), ("robust", 32)])
def test_activations_are_scipys_correlation_with_the_filters(own_run, test_part, network, filters):
    from fmnist.networks.architectures import build_network

    run, image = own_run(), test_part.images[0]
    model = build_network(network)
    save_feature_maps(run.path, model, image)
    found = load_feature_maps(run)
    assert len(found.filters) == len(found.activations) == filters
    whole = signal.correlate2d(image / 255, found.filters[3], mode="same")
    if network == "robust":  # strides of 2: padding of 1 before and 2 behind
        whole = whole[1::2, 1::2]
    np.testing.assert_allclose(found.activations[3], np.maximum(whole, 0), atol=1e-4)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"filters": np.zeros((2, 3, 3), np.float32)},
        {"filters": np.zeros((2, 3), np.float32), "activations": np.zeros((2, 3), np.float32)},
        {"filters": np.zeros((2, 3, 3)), "activations": np.zeros((2, 3, 3))},
        {
            "filters": np.full((2, 3, 3), np.nan, np.float32),
            "activations": np.zeros((2, 3, 3), np.float32),
        },
        {
            "filters": np.zeros((0, 3, 3), np.float32),
            "activations": np.zeros((0, 3, 3), np.float32),
        },
        {"filters": np.array([{}]), "activations": np.array([{}])},
    ],
)
def test_what_is_not_sound_is_nothing(own_run, arrays):
    run = own_run()
    assert load_feature_maps(run) is None
    np.savez(run.path / FEATURE_MAPS_FILE, **arrays)
    assert load_feature_maps(run) is None
    (run.path / FEATURE_MAPS_FILE).write_bytes(b"PK torn")
    assert load_feature_maps(run) is None


def test_those_that_an_earlier_version_wrote_are_read(own_run):
    run = own_run()
    filters = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    np.savez(run.path / "lens.npz", filters=filters, activations=2 * filters)
    assert (load_feature_maps(run).filters == filters).all()
