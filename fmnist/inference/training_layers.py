"""What a network has only while it learns, put back among the layers that it computes with."""

from dataclasses import replace

from fmnist.inference.graph import GraphLayer
from fmnist.networks.layers import Dropout
from fmnist.networks.own_network import SPECIFICATION, Layers
from fmnist.settings import TrainSettings

# kinds of `networks.layers` that are called otherwise here
GRAPH_KINDS = {
    "max_pooling": "max_pool",
    "average_pooling": "average_pool",
    "global_pooling": "global_average",
    "flatten": "reshape",
}


def training_layers(
    layers: tuple[GraphLayer, ...], settings: TrainSettings
) -> tuple[GraphLayer, ...]:
    """The layers with what they had while they learnt, and a file for inference has not.

    That is dropout, and batch normalisation where it has become a part of other layers' weights
    (`folded`). settings: those of the run
    """
    own = settings.layers or (SPECIFICATION if settings.network == "cnn" else ())
    folded, dropouts = _follow(layers, own) if own else _find_built_in(layers, settings)
    found: list[GraphLayer] = []
    place: dict[int, int] = {}  # of a layer, and then of its dropout, among those found
    for at, layer in enumerate(layers):
        inputs = tuple(place[source] for source in layer.inputs)
        found.append(replace(layer, inputs=inputs, folded=at in folded))
        if at in dropouts:
            last, rate = (len(found) - 1,), dropouts[at]
            found.append(GraphLayer("dropout", "", last, layer.tensors[:1], layer.shape, rate=rate))
        place[at] = len(found) - 1
    return tuple(found)


def _follow(layers: tuple[GraphLayer, ...], own: Layers) -> tuple[set[int], dict[int, float]]:
    """Which of a sequence's layers batch normalisation went into, and the dropout behind others."""
    at, before, folded, dropouts = 0, "", set(), {}
    for layer in own:
        if at + 1 < len(layers) and layers[at + 1].kind == "views":
            at += 1
        if isinstance(layer, Dropout):
            dropouts[at] = layer.rate
            continue
        after = getattr(layer, "activation", "")
        for kind in (GRAPH_KINDS.get(layer.kind, layer.kind), after):
            if kind == layers[min(at + 1, len(layers) - 1)].kind:
                at += 1
            elif kind == "batch_norm":  # into what it follows, or where that bends, what follows
                folded.add(at if before == "linear" else at + 1)
        before = after
    return folded, dropouts


def _find_built_in(
    layers: tuple[GraphLayer, ...], settings: TrainSettings
) -> tuple[set[int], dict[int, float]]:
    """The same for a network of `NETWORKS` whose every convolution is normalised."""
    convolutions = {at for at, layer in enumerate(layers) if layer.kind == "conv"}
    rate = getattr(settings.architecture.builder, "keywords", {}).get("dropout", 0.0)
    features = [at for at, layer in enumerate(layers) if layer.kind in ("concat", "views")]
    dropouts = {features[-1]: rate} if rate and features else {}
    return (convolutions if settings.architecture.batch_norm else set()), dropouts
