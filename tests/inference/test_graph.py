"""What the layers are and compute: against sums by hand, and layer by layer against Keras."""

import itertools

import numpy as np
import pytest

from fmnist.data import scale
from fmnist.errors import RunError
from fmnist.files import sha256_of
from fmnist.inference.activations import LayeredNetwork, compute_sums, find_contributions
from fmnist.inference.epoch_network import EpochNetwork
from fmnist.inference.graph import read_graph
from fmnist.networks.architectures import CUSTOM, NETWORKS
from fmnist.networks.layers import (
    Activation,
    AveragePooling,
    BatchNormalisation,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    MaxPooling,
)
from fmnist.runs.library import find_run
from fmnist.runs.run import SHIPPED_DIR, read_run, write_run_info
from fmnist.settings import TrainSettings

RUNS = ("seed-cnn", "robust", "accurate")
CNN = "input conv max_pool dropout conv max_pool dropout reshape dense dropout dense softmax"
RESIDUAL = "conv conv add global_max global_average concat"


@pytest.fixture(scope="module", params=RUNS)
def network(request):
    return LayeredNetwork(find_run(request.param))


@pytest.fixture(scope="module")
def outputs(network, test_part):
    return network(test_part.images[7])


def kinds(layers) -> str:
    return " ".join(layer.kind for layer in layers)


def test_the_layers_of_the_shipped_networks():
    cnn, robust, accurate = (LayeredNetwork(find_run(name)).layers for name in RUNS)
    assert kinds(cnn) == CNN
    assert [layer.shape for layer in cnn[1:3]] == [(28, 28, 64), (14, 14, 64)]
    assert [layer.rate for layer in cnn if layer.kind == "dropout"] == [0.3, 0.3, 0.5]
    parts = f"input conv conv conv conv add conv {RESIDUAL} dropout dense softmax"
    assert kinds(robust) == parts
    assert robust[5].inputs == (2, 4)  # around two convolutions
    assert (robust[6].stride, robust[6].padding) == (
        (2, 2),
        (0, 0),
    )  # 14 -> 7: one zero, at the end
    full = "conv conv conv conv add conv conv add conv add"  # five of 28x28 beside the stem
    assert kinds(accurate) == f"input {full} conv conv conv add conv {RESIDUAL} views dense softmax"
    assert [layer.shape for layer in accurate].count((28, 28, 16)) == 5 + 2
    (views,) = [layer for layer in accurate if layer.kind == "views"]
    assert len(views.tensors) == 1 + 10  # the sum, and five places as they are and mirrored
    assert accurate[1].inputs == (0,)  # the picture as it is
    assert not any(layer.folded for layer in cnn)
    for layer in (*robust, *accurate):
        assert layer.folded == (layer.kind == "conv")


def value_by_hand(layer, inputs, place) -> float:
    """One number of a layer, from its window and kernel: what the page shows."""
    (made,) = inputs
    if layer.kind == "dense":
        return float(made @ layer.kernel[place[0]] + layer.bias[place[0]])
    y, x, channel = place
    top = y * layer.stride[0] - layer.padding[0]
    left = x * layer.stride[1] - layer.padding[1]
    total, largest = float(layer.bias[channel]) if layer.bias is not None else 0.0, -np.inf
    for row, column in itertools.product(range(layer.size[0]), range(layer.size[1])):
        if 0 <= top + row < made.shape[0] and 0 <= left + column < made.shape[1]:
            pixel = made[top + row, left + column]
            if layer.kind == "max_pool":
                largest = max(largest, pixel[channel])
            else:
                total += float(pixel @ layer.kernel[channel, row, column])
    return largest if layer.kind == "max_pool" else total


def test_each_number_is_the_sum_of_its_window(network, outputs):
    rng, looked_at = np.random.default_rng(0), 0
    for layer, made in zip(network.layers, outputs, strict=True):
        if layer.kind not in ("conv", "max_pool", "dense") or made.ndim != len(layer.shape):
            continue
        inputs = [outputs[at] for at in layer.inputs]
        inputs = [each[0] if each.ndim == 2 else each for each in inputs]
        corners = [tuple(0 for _ in made.shape), tuple(side - 1 for side in made.shape)]
        for place in [*corners, *(tuple(rng.integers(made.shape)) for _ in range(10))]:
            value = value_by_hand(layer, inputs, place)
            assert made[place] == pytest.approx(max(0, value) if layer.relu else value, abs=1e-4)
            looked_at += 1
    assert looked_at >= 6 * 12


def test_sums_become_the_output_by_relu(network, outputs):
    negative = 0
    for layer, made in zip(network.layers, outputs, strict=True):
        inputs = [outputs[at] for at in layer.inputs]
        sums = compute_sums(layer, [each[0] if each.ndim == 2 else each for each in inputs])
        if sums is not None:
            after = np.maximum(sums, 0) if layer.relu else sums
            np.testing.assert_allclose(after, made, atol=1e-5)
            negative += int((sums < 0).sum())
    assert negative > 1000  # so that ReLU had something to do


def test_the_last_layer_is_the_answer(network, outputs, test_part):
    from fmnist.inference.classifier import load_classifier

    run = find_run("seed-cnn")
    if network.layers[1].shape == (28, 28, 64):
        stored = load_classifier(run)(test_part.images[7:8])[0][0]
        np.testing.assert_allclose(outputs[-1], stored, atol=1e-6)
    assert outputs[-1].sum() == pytest.approx(1)


def test_views_are_added_up():
    network = LayeredNetwork(find_run("accurate"))
    at = next(at for at, layer in enumerate(network.layers) if layer.kind == "views")
    made = network(np.tri(28, dtype=np.uint8) * 200)[at]
    np.testing.assert_allclose(made[0], made[1:].sum(axis=0), rtol=1e-5)
    assert np.ptp(made[1:], axis=0).max() > 0.1  # they differ


def test_the_largest_contributions_are_found(outputs, network):
    at = max(at for at, layer in enumerate(network.layers) if layer.kind == "dense")
    layer, made = network.layers[at], outputs[network.layers[at].inputs[0]]
    made = made[0] if made.ndim == 2 else made
    indices, weights = find_contributions(layer, made, 5)
    for unit in range(10):
        products = layer.kernel[unit] * made
        largest = np.sort(np.abs(products))[::-1][:5]
        np.testing.assert_allclose(np.abs(products[indices[unit]]), largest)
        np.testing.assert_array_equal(weights[unit], layer.kernel[unit][indices[unit]])


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100], ids=["empty", "nonsense"])
def test_what_is_no_network_is_refused(tmp_path, content):
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(RunError, match="choose another model"):
        read_graph(tmp_path / "model.tflite")


# Keras 3.15 reads a variable through an __array__ that NumPy 2.4 calls outdated
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed-cnn", "robust"])
def test_every_layer_agrees_with_keras(name, test_part):
    import keras

    model = keras.models.load_model(SHIPPED_DIR / name / "model.keras", compile=False)
    last = model.layers[-1]
    last.activation = keras.activations.linear  # its softmax is a layer of its own here
    every = [layer.output for layer in model.layers if layer.name != "image"]
    several = keras.Model(model.inputs, [*model.inputs, *every])
    made = [np.array(each)[0] for each in several.predict_on_batch(scale(test_part.images[7:8]))]
    powers = np.exp(made[-1] - made[-1].max())
    made.append(powers / powers.sum())
    network = LayeredNetwork(find_run(name))
    after = 0
    for layer, output in zip(network.layers, network(test_part.images[7]), strict=True):
        # the next of Keras' layers that makes the same: some of them are one for LiteRT
        differences = [
            np.abs(each - output).max() if each.shape == output.shape else np.inf
            for each in made[after:]
        ]
        best = int(np.argmin(differences))
        assert differences[best] < 1e-4, layer
        if layer.kind not in ("global_max", "global_average"):  # beside one another
            after += best
    assert after == len(made) - 1


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, while it converts
@pytest.mark.slow
def test_layers_of_any_network(tmp_path):
    from fmnist.networks.architectures import set_up_keras

    set_up_keras()
    from keras import Input, Model, layers

    from fmnist.networks.architectures import with_tta
    from fmnist.training.export import export_litert

    image = Input((28, 28, 1), name="image")
    x = layers.Conv2D(6, 3, strides=2, padding="valid", activation="relu")(image)  # (13, 13, 6)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layers.AveragePooling2D(2)(x)  # (6, 6, 6)
    x = layers.Conv2D(4, 3, activation="swish")(x)  # (4, 4, 4)
    features = layers.Flatten(name="features")(x)
    model = Model(image, layers.Dense(10, activation="softmax", name="probabilities")(features))
    export_litert(with_tta(model, mirrored=True, shift=0), tmp_path / "model.tflite")
    found = read_graph(tmp_path / "model.tflite")
    assert kinds(found).startswith("input conv depthwise average_pool conv ")
    assert kinds(found).endswith(" reshape views dense softmax")
    assert {layer.kind for layer in found} >= {"other"}  # swish
    assert found[-3].rate * (len(found[-3].tensors) - 1) in (1, 2)  # a mean, or a sum


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, while it converts
@pytest.mark.slow
def test_layers_behind_batch_normalisation_of_units_and_of_ten_features(tmp_path):
    from fmnist.networks.architectures import set_up_keras

    set_up_keras()
    from keras import Input, Model, layers

    from fmnist.training.export import export_litert

    image = Input((28, 28, 1), name="image")
    x = layers.Dense(16, activation="relu")(layers.Flatten()(image))
    normalised = layers.BatchNormalization(name="features")(x)
    ten = layers.Dense(10, name="features")(layers.Flatten()(image))
    for features in (normalised, ten):
        last = layers.Dense(10, activation="softmax", name="probabilities")(features)
        export_litert(Model(image, last), tmp_path / "model.tflite")
        found = kinds(read_graph(tmp_path / "model.tflite"))
        assert found.startswith("input reshape dense")
        assert found.endswith("dense softmax")


OWN = {  # layers -> kinds of the network, "*" where batch normalisation is part of the weights
    (Convolution(4), BatchNormalisation(), MaxPooling(2), Dropout(0.2), Flatten()): (
        "input conv batch_norm max_pool dropout reshape dense softmax"
    ),
    (Convolution(4, activation="linear"), BatchNormalisation(), Activation(), Flatten()): (
        "input conv* reshape dense softmax"
    ),
    (
        *(BatchNormalisation(), Convolution(3, stride=2, activation="tanh"), AveragePooling(2)),
        *(GlobalAveragePooling(), Dropout(0.1)),
    ): ("input batch_norm conv tanh average_pool global_average dropout dense softmax"),
    (Flatten(), Dense(16), BatchNormalisation(), Dense(9, "sigmoid"), Dropout(0.5)): (
        "input reshape dense dense* sigmoid dropout dense softmax"
    ),
}


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, while it converts
def same_numbers(one, two) -> bool:
    return one.shape == two.shape and np.allclose(one, two, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_what_a_training_keeps_is_what_the_finished_network_computes(own_run, test_part):
    from fmnist.networks.architectures import set_up_keras

    set_up_keras()
    from fmnist.training.epoch_weights import save_epoch_weights
    from fmnist.training.export import export_litert

    rng = np.random.default_rng(0)
    wanted = {
        TrainSettings(network="custom", layers=layers): found for layers, found in OWN.items()
    }
    for settings in (
        *wanted,
        *(TrainSettings(network=name) for name in NETWORKS if name != CUSTOM),
    ):
        model = settings.architecture.builder()
        model.set_weights([one + rng.uniform(0.1, 0.5, one.shape) for one in model.get_weights()])
        run = own_run(settings.network + str(rng.integers(10**9)), settings=settings.to_dict())
        export_litert(model, run.path / "model.tflite")
        write_run_info(run.path, files={"model.tflite": sha256_of(run.path / "model.tflite")})
        run = read_run(run.path)
        save_epoch_weights(run.path, model, 1, epochs=1)
        finished, learning = LayeredNetwork(run), EpochNetwork(run, 1)
        assert sorted(kinds(finished.layers).split()) == sorted(kinds(learning.layers).split())
        made, same = (network(test_part.images[7]) for network in (finished, learning))
        np.testing.assert_allclose(made[-1], same[-1], rtol=1e-3, atol=1e-4)
        if settings.network == "deep":  # its second branch has another place among the layers
            assert all(any(same_numbers(one, two) for two in same) for one in made)
            continue
        assert kinds(finished.layers) == kinds(learning.layers)
        assert all(
            (one.inputs, one.shape, one.relu, one.rate, one.folded)
            == (two.inputs, two.shape, two.relu, two.rate, two.folded)
            for one, two in zip(finished.layers, learning.layers, strict=True)
        )
        if settings in wanted:
            told = " ".join(layer.kind + "*" * layer.folded for layer in finished.layers)
            assert told == wanted[settings]
        for one, two in zip(made, same, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
