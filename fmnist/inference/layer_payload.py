"""The layers of a network for the page: in plain words, and their numbers as one block of bytes.

All layers come as pictures of 8 bits; the chosen one, and what it is computed from, in full.
"""

import json
from collections import Counter

import numpy as np

from fmnist.data import CLASS_NAMES
from fmnist.inference.activations import (
    LayeredNetwork,
    compute_sums,
    find_contributions,
)
from fmnist.inference.graph import GraphLayer

# what the page is told of a layer as it stands in a `GraphLayer`
TOLD = ("kind", "shape", "inputs", "size", "stride", "padding", "relu", "rate")
CONTRIBUTIONS = 12  # inputs of a dense layer's unit that are shown one by one

# kind -> what a layer is called, and what it does
WORDS = {
    "input": (
        "Picture",
        "What the network is given: 28 × 28 pixels, each a number from 0 (black) to 1 (white).",
    ),
    "conv": (
        "Convolution",
        "Slides small windows of weights, the kernels, over all maps of the layer before; "
        "each kernel makes one new map that is strong where its pattern is found.",
    ),
    "depthwise": (
        "Depthwise convolution",
        "Slides one kernel over each map on its own: every map is filtered, none are mixed.",
    ),
    "max_pool": (
        "Max pooling",
        "Keeps the largest value of each small window: the maps shrink, and it matters less where "
        "exactly a pattern was found.",
    ),
    "average_pool": (
        "Average pooling",
        "Replaces each small window by its mean: the maps shrink.",
    ),
    "global_max": (
        "Global max pooling",
        "Keeps one number of each map, its largest: was this pattern found anywhere?",
    ),
    "global_average": (
        "Global average pooling",
        "Keeps one number of each map, its mean: how much of this pattern was found?",
    ),
    "reshape": (
        "Flatten",
        "Writes all maps into one long list, pixel by pixel; no number changes.",
    ),
    "concat": ("Concatenation", "Joins the outputs of the layers before, one after the other."),
    "add": (
        "Addition",
        "Adds the maps from before the block to what the block made of them (a residual "
        "connection): the block only has to learn a correction.",
    ),
    "relu": ("ReLU", "Sets every negative number to 0 and leaves the others as they are."),
    "tanh": ("Tanh", "Squeezes every number into the range from -1 to 1."),
    "sigmoid": ("Sigmoid", "Squeezes every number into the range from 0 to 1."),
    "batch_norm": (
        "Batch normalisation",
        "Multiplies each {channel} by a number and adds another, so that it has about the mean and "
        "the spread that learning has found best; both numbers are fixed once the training ends.",
    ),
    "dense": (
        "Dense",
        "Each unit adds up all numbers of the layer before, each with a weight of its own.",
    ),
    "softmax": (
        "Softmax",
        "Turns the ten scores into probabilities: e to the power of each score (less the highest, "
        "which changes nothing), divided by the sum of all ten.",
    ),
    "dropout": (
        "Dropout",
        "In training it sets {rate:.0%} of the numbers to 0 at random, so that the network does "
        "not rely on any one of them; now it passes everything on.",
    ),
    "views": (
        "Several views",
        "The network looks at {views} versions of the picture (as it is, mirrored or moved) and "
        "adds up what it finds in them; the layers before show the picture as it is.",
    ),
    "other": ("{operation}", "An operation that this view does not take apart."),
}

FOLDED = (
    " Batch normalisation is part of its weights: it multiplies and adds as they do, so both are "
    "done at once."
)

# the same for the specification's network, for the first, the second, ... layer of a kind
SPECIFIED = {
    "conv": (
        "64 kernels of 3 × 3 weights slide over the picture; each answers to one small pattern, "
        "such as an edge in one direction.",
        "32 kernels, each with 3 × 3 weights for each of the 64 maps, combine edges to larger "
        "shapes such as sleeves, straps and soles.",
    ),
    "max_pool": (
        "The largest of each 2 × 2 pixels is kept: a quarter of the numbers, and a garment that is "
        "one pixel further left looks nearly the same.",
        "Once more only the largest of each 2 × 2 pixels: what is left is 7 × 7, roughly where in "
        "the picture each shape was found.",
    ),
    "reshape": (
        "The 32 maps of 7 × 7 become one list of 1,568 numbers, because a dense layer "
        "takes a list, not maps.",
    ),
    "dense": (
        "256 units, each connected with all 1,568 numbers: here shapes from all parts of the "
        "picture come together.",
        "One unit per class adds up evidence for and against it: its score, called logit.",
    ),
}


def describe_layers(layers: tuple[GraphLayer, ...], network: str = "") -> list[tuple[str, str]]:
    """The title of each layer and a sentence about it; network: its name in `NETWORKS`."""
    counts = Counter(layer.kind for layer in layers)
    met: Counter[str] = Counter()
    found = []
    for layer in layers:
        at = met[layer.kind]
        met[layer.kind] += 1
        title, sentence = WORDS[layer.kind]
        special = SPECIFIED.get(layer.kind, ()) if network == "cnn" else ()
        sentence = special[at] if at < len(special) else sentence
        sentence += FOLDED * layer.folded
        facts = {
            "channel": "map" if len(layer.shape) == 3 else "number",
            "rate": layer.rate,
            "views": len(layer.tensors) - 1,
            "operation": layer.operation.replace("_", " ").capitalize(),
        }
        number = f" {at + 1}" if counts[layer.kind] > 1 else ""
        found.append((title.format(**facts) + number, sentence.format(**facts)))
    return found


def pack_layers(
    network: LayeredNetwork, pixels: np.ndarray, chosen: int, key: str = "", **more: object
) -> bytes:
    """Everything that the page draws of (28, 28) uint8, for `pages/parts/shared/inside`.

    The length of a header in 4 bytes, the header as JSON, and arrays that it names by their first
    byte and their number of elements: int8 of every layer, where 127 is its `peak`, and of the
    `chosen` one float32 and int32. key: the network's; `more` goes into the header.
    """
    block = _Block()
    outputs = network(pixels)
    described = describe_layers(network.layers, network.name)
    # the last layer that can learn gives a score to each class
    scores = [at for at, layer in enumerate(network.layers) if layer.kind == "dense"][-1:]
    layers: list[dict] = []
    for layer, made, (title, text) in zip(network.layers, outputs, described, strict=True):
        made = made[0] if layer.kind == "views" else made
        peak = float(np.abs(made).max()) or 1.0
        weights = [each.size for each in (layer.kernel, layer.bias) if each is not None]
        layers.append(
            {
                **{name: getattr(layer, name) for name in TOLD},
                "title": title,
                "text": text,
                "weights": sum(weights),
                "peak": peak,
                "classes": len(layers) >= (scores or [len(network.layers) - 1])[0],
                "small": block.add(np.round(made * (127 / peak)).astype(np.int8)),
            }
        )
    detail = _pack_chosen(network.layers[chosen], chosen, outputs, block)
    return block.pack(
        {"key": key, "classes": CLASS_NAMES, "layers": layers, "chosen": chosen, **detail, **more}
    )


def _pack_chosen(
    layer: GraphLayer, chosen: int, outputs: list[np.ndarray], block: "_Block"
) -> dict:
    inputs = [outputs[at] for at in layer.inputs]
    inputs = [made[0] if made.ndim == 2 else made for made in inputs]  # of a sum of views
    before = compute_sums(layer, inputs) if layer.relu else None
    made = outputs[chosen]
    output = made[0] if layer.kind == "views" else made
    detail = {
        "values": block.add(output if before is None else before),
        "from": [block.add(each) for each in inputs],
        "bias": None if layer.bias is None else block.add(layer.bias),
    }
    if layer.kind == "dense":
        best, weights = find_contributions(layer, inputs[0], CONTRIBUTIONS)
        return detail | {"best": block.add(best), "kernel": block.add(weights)}
    if layer.kernel is not None:
        return detail | {"kernel": block.add(layer.kernel)}
    if layer.kind == "views":
        return detail | {"views": block.add(made[1:])}
    return detail


class _Block:
    """Arrays behind one another, each at a multiple of four bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, values: np.ndarray) -> tuple[int, int]:
        """The place of the first byte, counted from the end of the header, and the length."""
        at, data = self._length, np.ascontiguousarray(values).tobytes()
        data += bytes(-len(data) % 4)
        self._parts.append(data)
        self._length += len(data)
        return at, values.size

    def pack(self, header: dict) -> bytes:
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        return b"".join((len(text).to_bytes(4, "little"), text, *self._parts))
