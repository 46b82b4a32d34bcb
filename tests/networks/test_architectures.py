"""The networks: the specification's layer by layer, as Keras describes it, and what all share."""

import json
import sys
import zipfile

import numpy as np
import pytest

from fmnist.errors import RunError
from fmnist.networks.architectures import set_up_keras
from tests.conftest import SEED

# class name -> the settings that the specification gives (activation: ReLU after convolutions)
CONV = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "activation": "relu"}
POOL = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
LAYERS = [
    ("Conv2D", {"filters": 64, **CONV}),
    ("MaxPooling2D", POOL),
    ("Dropout", {"rate": 0.3}),
    ("Conv2D", {"filters": 32, **CONV}),
    ("MaxPooling2D", POOL),
    ("Dropout", {"rate": 0.3}),
    ("Flatten", {}),
    ("Dense", {"units": 256, "activation": "relu"}),
    ("Dropout", {"rate": 0.5}),
    ("Dense", {"units": 10, "activation": "softmax"}),
]


def check(layers: list[dict]) -> None:
    """Compare Keras' own serialized layers, input first, with the specification."""
    assert layers[0]["class_name"] == "InputLayer"
    assert layers[0]["config"]["batch_shape"] == [None, 28, 28, 1]
    assert [layer["class_name"] for layer in layers[1:]] == [name for name, _ in LAYERS]
    for layer, (name, settings) in zip(layers[1:], LAYERS, strict=True):
        found = {key: layer["config"][key] for key in settings}
        found = {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
        assert found == settings, name


@pytest.mark.slow
def test_cnn_is_the_specification_exactly():
    from fmnist.networks.architectures import NETWORKS

    model = NETWORKS["cnn"].builder()
    assert model.count_params() == 423_338
    check(json.loads(model.to_json())["config"]["layers"])
    assert model.get_layer("features").units == 256


@pytest.mark.slow
def test_every_network_takes_images_and_gives_features_and_probabilities():
    from fmnist.networks.architectures import NETWORKS

    for name in NETWORKS:
        model = NETWORKS[name].builder()
        assert model.name == name
        assert model.input_shape == (None, 28, 28, 1)
        assert model.output_shape == (None, 10)
        assert len(model.get_layer("features").output.shape) == 2
        assert not model.compiled


@pytest.mark.slow
def test_a_network_with_more_layers_begins_as_the_one_that_it_extends():
    from fmnist.networks.architectures import NETWORKS, set_initial_weights

    pictures = np.random.default_rng(0).random((4, 28, 28, 1), dtype=np.float32)
    names = ("accurate", "deep", "deep")
    former, extended, again = (NETWORKS[name].builder() for name in names)
    drawn = np.random.default_rng(1)
    for variable in former.weights:
        kernel = len(variable.shape) > 1  # there are variances among the vectors
        variable.assign(
            drawn.uniform(-0.1 if kernel else 0.5, 0.1 if kernel else 1, variable.shape)
        )
    assert extended.count_params() == 295_546
    set_initial_weights(extended, former.get_weights())
    expected = former.predict_on_batch(pictures)
    assert expected.max() < 0.9
    np.testing.assert_allclose(extended.predict_on_batch(pictures), expected, rtol=1e-5)
    changed = [weight + 0.1 for weight in extended.get_weights()]
    set_initial_weights(again, changed)  # of its own kind: all of them
    for given, taken in zip(changed, again.get_weights(), strict=True):
        np.testing.assert_array_equal(given, taken)
    with pytest.raises(RunError, match="of other layers than 'deep' has"):
        set_initial_weights(again, former.get_weights()[:-1])


def test_shipped_network_is_the_specification_too():
    with zipfile.ZipFile(SEED / "model.keras") as archive:
        check(json.loads(archive.read("config.json"))["config"]["layers"])
    assert json.loads((SEED / "run.json").read_text())["parameters"] == 423_338


def test_keras_is_imported_without_what_it_only_offers_to_use(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text(
        "try:\n    import pandas\nexcept ImportError:\n    pandas = None\n"
        "import sklearn\n"  # was imported before, so that it costs nothing
        "from unittest.mock import Mock\nconfig = Mock()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import sklearn  # noqa: F401

    for name in ("keras", "matplotlib", "pandas"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    set_up_keras()
    assert sys.modules["keras"].__file__ == str(tmp_path / "keras.py")
    assert sys.modules["keras"].pandas is None
    assert not {"matplotlib", "pandas"} & set(sys.modules)  # neither there nor forbidden
