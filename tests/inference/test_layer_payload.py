"""The block of bytes that the page draws a network's layers from."""

import json

import numpy as np
import pytest

from fmnist.inference.activations import LayeredNetwork
from fmnist.inference.graph import OPERATION_KINDS
from fmnist.inference.layer_payload import WORDS, describe_layers, pack_layers
from fmnist.runs.library import find_run


@pytest.fixture(scope="module")
def network():
    return LayeredNetwork(find_run("seed-cnn"))


def unpack(block: bytes):
    """The header, and a function that reads an array it names."""
    start = 4 + int.from_bytes(block[:4], "little")
    header = json.loads(block[4:start])

    def read(place, kind=np.float32):
        return np.frombuffer(block, kind, place[1], start + place[0])

    return header, read


@pytest.mark.parametrize("chosen", [0, 1, 4, 8, 10, 11])
def test_the_page_gets_what_the_layers_computed(network, test_part, chosen):
    outputs = network(test_part.images[3])
    header, read = unpack(pack_layers(network, test_part.images[3], chosen, key="k", opened=2))
    assert (header["key"], header["opened"], header["chosen"]) == ("k", 2, chosen)
    for told, made in zip(header["layers"], outputs, strict=True):
        small = read(told["small"], np.int8) * (told["peak"] / 127)
        np.testing.assert_allclose(small, made.ravel(), atol=told["peak"] / 127)
    names = [
        layer.kind
        for layer, told in zip(network.layers, header["layers"], strict=True)
        if told["classes"]
    ]
    assert names == ["dense", "softmax"]
    layer = network.layers[chosen]
    values = read(header["values"]).reshape(layer.shape)
    after = np.maximum(values, 0) if layer.relu else values
    np.testing.assert_allclose(after, outputs[chosen], atol=1e-5)
    assert (values < 0).any() == (layer.kind in ("conv", "dense"))  # before ReLU
    for place, at in zip(header["from"], layer.inputs, strict=True):
        np.testing.assert_array_equal(read(place), outputs[at].ravel())
    if layer.kind == "conv":
        np.testing.assert_array_equal(read(header["kernel"]), layer.kernel.ravel())
        np.testing.assert_array_equal(read(header["bias"]), layer.bias)
    if layer.kind == "dense":
        best, weights = read(header["best"], np.int32), read(header["kernel"])
        count = len(best) // layer.shape[0]
        assert weights[count] == layer.kernel[1, best[count]]  # of the second unit


def test_all_ten_layers_of_the_specification_are_explained(network):
    told = dict(describe_layers(network.layers, "cnn"))
    assert len(set(told.values())) == 12 - 1  # all but the two dropouts of 30 % say something else
    for title, words in {
        "Convolution 1": "64 kernels of 3 × 3",
        "Max pooling 2": "7 × 7",
        "Dropout 1": "30% of the numbers",
        "Convolution 2": "each of the 64 maps",
        "Flatten": "1,568",
        "Dense 1": "256 units",
        "Dropout 3": "50% of the numbers",
        "Dense 2": "logit",
        "Softmax": "probabilities",
    }.items():
        assert words in told[title]


def test_every_kind_is_explained():
    assert set(OPERATION_KINDS.values()) | {
        "input",
        "batch_norm",
        "dropout",
        "views",
        "other",
    } == set(WORDS)
    told = describe_layers(LayeredNetwork(find_run("accurate")).layers, "accurate")
    assert ("Several views", WORDS["views"][1].format(views=10)) in told
    assert all("{" not in words for pair in told for words in pair)
