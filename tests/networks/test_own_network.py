"""Networks of one's own: what is refused and why, and shapes and sums against Keras."""

import json

import numpy as np
import pytest

from fmnist.errors import SettingsError
from fmnist.networks.layers import (
    KINDS,
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
from fmnist.networks.own_network import (
    MOST_LAYERS,
    PRESETS,
    SPECIFICATION,
    build_layers,
    check_layers,
    read_layers,
    read_option,
    write_builder,
    write_layers,
)

ODD = (  # every kind, and sides that no stride and no pooling divides
    Convolution(5, kernel=4, stride=3, padding="valid", activation="linear"),
    BatchNormalisation(),
    Activation("tanh"),
    AveragePooling(2),
    Convolution(7, kernel=2, stride=2, padding="same", activation="sigmoid"),
    MaxPooling(2),
    GlobalAveragePooling(),
    Dense(6, "tanh"),
    BatchNormalisation(),
    Dropout(0.2),
)
EVEN = (Convolution(3, kernel=11, stride=4), AveragePooling(3), Flatten(), Dropout(0.0))

CONV, POOL, FLAT = {"kind": "conv"}, {"kind": "max_pooling"}, {"kind": "flatten"}
WRONG = {
    "no list": (5, 0, "The layers must be a list, got 5."),
    "empty": (
        [],
        0,
        "Layer 1, the output: its input has the shape 28 x 28 x 1 and must be a list of numbers. "
        "Put flatten or global average pooling before it.",
    ),
    "too small a picture": (
        [POOL, POOL, POOL, {"kind": "conv", "kernel": 5, "padding": "valid"}],
        3,
        "Layer 4, convolution 5 x 5: the maps are only 3 x 3 here. Use a smaller kernel, padding "
        "same, or remove a pooling layer before it.",
    ),
    "too much pooling": (
        [{"kind": "max_pooling", "size": 14}, POOL, {"kind": "average_pooling", "size": 3}],
        2,
        "Layer 3, average pooling 3 x 3: the maps are only 1 x 1 here. Remove it, or a pooling "
        "layer before it.",
    ),
    "no picture": (
        [FLAT, CONV],
        1,
        "Layer 2, convolution 3 x 3: its input is a list of 784 numbers, not maps. Move "
        "it before flatten or global average pooling, or remove it.",
    ),
    "flat twice": (
        [CONV, {"kind": "global_pooling"}, FLAT],
        2,
        "Layer 3, flatten: its input is a list of 32 numbers, not maps. Move it before "
        "flatten or global average pooling, or remove it.",
    ),
    "a picture": (
        [CONV, {"kind": "dense", "units": 10}],
        1,
        "Layer 2, dense 10: its input has the shape 28 x 28 x 32 and must be a list of numbers. "
        "Put flatten or global average pooling before it.",
    ),
    "no row at the end": (
        [CONV, POOL],
        2,
        "Layer 3, the output: its input has the shape 14 x 14 x 32 and must be a list of numbers. "
        "Put flatten or global average pooling before it.",
    ),
    "a wide row at the end": (
        [CONV, POOL, FLAT, {"kind": "dropout"}],
        4,
        "Layer 5, the output: it gets 6,272 numbers, and 4,096 are the most. Put a pooling layer "
        "or a dense layer before it.",
    ),
    "parameters": (
        [{"kind": "conv", "filters": 64}, FLAT, {"kind": "dense", "units": 512}],
        2,
        "Layer 3, dense 512: with it the network has 25,691,264 parameters, and 20,000,000 are the "
        "most. Make this layer smaller, or put a pooling layer before it.",
    ),
    "multiplications": (
        [{"kind": "conv", "filters": 256}, {"kind": "conv", "filters": 512}],
        1,
        "Layer 2, convolution 3 x 3: with it the network has 926,650,368 multiplications for each "
        "image, and 500,000,000 are the most. Make this layer smaller, or put a pooling layer "
        "before it.",
    ),
    "memory": (
        [{"kind": "conv", "filters": 512}, *[{"kind": "activation"}] * 2],
        2,
        "Layer 3, activation relu: with it the network has 602,112,000 numbers for 500 images, and "
        "500,000,000 are the most. Make this layer smaller, or put a pooling layer before it.",
    ),
    "many layers": (
        [*[{"kind": "dropout"}] * MOST_LAYERS, FLAT],
        30,
        "Layer 31: a network has at most 30 layers before its output.",
    ),
    "a number": ([3], 0, 'Layer 1: a layer is an object with its "kind", got 3.'),
    "an odd kind": ([{"kind": ["conv"]}], 0, None),
    "an unknown kind": (
        [FLAT, {"kind": "lstm"}],
        1,
        f"Layer 2: there is no layer 'lstm'; choose one of: {', '.join(KINDS)}.",
    ),
    "an unknown value": (
        [{"kind": "dropout", "units": 3}],
        0,
        "Layer 1, dropout: there is no 'units'; it has rate.",
    ),
    "none to choose": (
        [{"kind": "flatten", "units": 3}],
        0,
        "Layer 1, flatten: there is no 'units' and nothing else to choose.",
    ),
    "filters": (
        [{"kind": "conv", "filters": 0}],
        0,
        "Layer 1, convolution: filters must be a whole number from 1 to 512, got 0.",
    ),
    "text": ([{"kind": "dense", "units": "7" * 9_999}], 0, None),
    "true": (
        [{"kind": "dense", "units": True}],
        0,
        "Layer 1, dense: units must be a whole number from 1 to 4096, got True.",
    ),
    "no share": (
        [{"kind": "dropout", "rate": float("nan")}],
        0,
        "Layer 1, dropout: rate must be a number from 0 to 0.9, got nan.",
    ),
    "padding": (
        [{"kind": "conv", "padding": "full"}],
        0,
        "Layer 1, convolution: there is no padding 'full'; choose one of: same, valid.",
    ),
}


@pytest.mark.parametrize(("values", "at", "sentence"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_where_it_is_to_blame(values, at, sentence):
    found = check_layers(values)
    assert found.at == at
    assert len(found.fault) < 300
    assert sentence in (None, found.fault)
    assert len(found.steps) == len(found.layers) == (at if isinstance(values, list) else 0)
    with pytest.raises(SettingsError) as caught:
        read_layers(values, 64)
    assert str(caught.value) == found.fault


@pytest.mark.parametrize("layers", [ODD, EVEN, *(preset.layers for preset in PRESETS.values())])
def test_what_is_written_is_read_as_those_layers(layers):
    assert read_layers(json.loads(write_layers(layers)), 64) == layers


def test_batches_must_fit_into_memory():
    assert read_layers(SPECIFICATION, 4_096) == SPECIFICATION
    wide = (Convolution(256), MaxPooling(7), GlobalAveragePooling())
    assert read_layers(wide, 64) == wide
    with pytest.raises(
        SettingsError, match=r"batches of 4,096 images .* use batches of at most 2,"
    ):
        read_layers(wide, 4_096)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" []", "The list of layers is empty; give at least one."),
        ("[3", "The layers are not JSON; write a list of layers."),
        ("[" * 100_000, "The layers are not JSON"),
        (f"[{'9' * 5_000}]", "The layers are not JSON"),
        ("{file}", "The layers must be a list, got {'layers': 1}."),
        ("{folder}", r"The file of layers '.*' cannot be read \("),
        ("{folder}/none.json", r"cannot be read \(No such file"),
        ("{large}", r"The file of layers '.*' cannot be read \("),
    ],
)
def test_files_of_anything_are_refused(tmp_path, text, words):
    (tmp_path / "layers.json").write_text('{"layers": 1}')
    (tmp_path / "large.json").write_text("[" + " " * 2**16 + "]")
    text = text.replace("{file}", str(tmp_path / "layers.json"))
    text = text.replace("{large}", str(tmp_path / "large.json"))
    with pytest.raises(SettingsError, match=words.replace("{'", r"\{'").replace("1}", r"1\}")):
        read_option(text.replace("{folder}", str(tmp_path)))


def test_a_file_may_begin_with_the_mark_of_its_encoding(tmp_path):
    file = tmp_path / "layers.json"
    file.write_text(write_layers(SPECIFICATION), encoding="utf-8-sig")
    assert read_layers(read_option(str(file)), 64) == SPECIFICATION


def counted(model) -> list[tuple]:
    """Each layer as Keras has it: its class, output shape, parameters and multiplications."""
    found = []
    for layer in model.layers:
        shape, weights = tuple(layer.output.shape[1:]), layer.weights
        kernel = int(np.prod(layer.kernel.shape)) if hasattr(layer, "kernel") else 0
        sums = kernel * int(np.prod(shape[:-1])) if len(shape) == 3 else kernel
        if type(layer).__name__ == "BatchNormalization":
            sums = int(np.prod(shape))
        parameters = sum(int(np.prod(weight.shape)) for weight in weights)
        found.append((type(layer).__name__, shape, parameters, sums))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("layers", [ODD, EVEN, *(preset.layers for preset in PRESETS.values())])
def test_shapes_and_sums_are_those_of_keras(layers):
    model, checked = build_layers(layers), check_layers(layers)
    names = [*(layer.keras for layer in layers), "Dense"]
    mine = [
        (name, step.shape, step.parameters, step.multiplications)
        for name, step in zip(names, checked.steps, strict=True)
    ]
    assert mine == counted(model)
    assert checked.parameters == model.count_params()
    assert model.output_shape == (None, 10)
    assert len(model.get_layer("features").output.shape) == 2
    module: dict = {}
    exec(write_builder(layers), module)
    again = module["build_network"]()
    assert [layer.get_config() | {"name": ""} for layer in again.layers] == [
        layer.get_config() | {"name": ""} for layer in model.layers
    ]
    assert again.get_layer("features").output.shape == model.get_layer("features").output.shape


@pytest.mark.slow
def test_the_specifications_layers_are_the_network_cnn():
    from fmnist.networks.architectures import NETWORKS

    cnn, own = NETWORKS["cnn"].builder(), build_layers(SPECIFICATION)
    assert counted(own) == counted(cnn)
    for mine, theirs in zip(own.layers, cnn.layers, strict=True):
        assert mine.get_config() | {"name": ""} == theirs.get_config() | {"name": ""}
    assert own.get_layer("features").units == 256
