"""A network as a list of layers, read from its .tflite file: what each computes, and from what.

LiteRT runs operations; people think in layers. Of a network with several views of the picture
(`networks.architectures.with_tta`) the way of one view is followed, and the others meet it where
they are added up. `training_layers` puts back what a network has only while it learns.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fmnist.errors import RunError

ADDING = ("ADD", "MUL", "DIV")
PLAIN, RELU = 0, 1  # fused activations, as the file format counts them
OPERATION_KINDS = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise",
    "MAX_POOL_2D": "max_pool",
    "AVERAGE_POOL_2D": "average_pool",
    "REDUCE_MAX": "global_max",
    "MEAN": "global_average",
    "RESHAPE": "reshape",
    "CONCATENATION": "concat",
    "ADD": "add",
    "RELU": "relu",
    "TANH": "tanh",
    "LOGISTIC": "sigmoid",
    "FULLY_CONNECTED": "dense",
    "SOFTMAX": "softmax",
}


@dataclass(frozen=True)
class GraphLayer:
    """One layer of a network as it computes, of which a layer that learns may be several or none.

    kind: "input", a value of OPERATION_KINDS, "batch_norm", "dropout", "views" (the features of
        several views, added up) or "other"
    operation: LiteRT's name of it
    inputs: the positions of the layers that it computes from
    tensors: which of LiteRT's tensors it writes; those of all views where it adds these up
    shape: of its output, without the batch
    size, stride, padding: of its window (height, width); padding: zeros above and on the left
    relu: whether it ends with ReLU, max(0, x)
    kernel: conv (F, kh, kw, C), depthwise (kh, kw, C), dense (units, N), batch_norm (C,), by which
        it multiplies, float32; None without
    bias: (F,), (C,) or (units,) float32; None without
    rate: dropout's share of values, or what the sum of the views is multiplied by
    folded: whether kernel and bias do a layer of batch normalisation's work, too
    """

    kind: str
    operation: str
    inputs: tuple[int, ...]
    tensors: tuple[int, ...]
    shape: tuple[int, ...]
    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    relu: bool = False
    kernel: np.ndarray | None = None
    bias: np.ndarray | None = None
    rate: float = 1.0
    folded: bool = False


@dataclass(frozen=True)
class _Operation:
    name: str
    options: object
    inputs: tuple[int, ...]
    output: int


def read_graph(path: Path) -> tuple[GraphLayer, ...]:
    """The layers from the picture to the probabilities, in their order; the picture is the first.

    Raises RunError for what is no such network.
    """
    try:
        return _Graph(path.read_bytes()).layers
    except (OSError, ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration,
            TypeError, ValueError, struct.error):  # fmt: skip
        raise RunError("The layers of this network cannot be read; choose another model.") from None


class _Graph:
    """The operations of a .tflite file, walked from the probabilities back to the picture."""

    def __init__(self, data: bytes):
        from ai_edge_litert import schema_py_generated as schema

        names = {
            number: name
            for name, number in vars(schema.BuiltinOperator).items()
            if isinstance(number, int)
        }
        model = schema.ModelT.InitFromPackedBuf(data)
        graph = model.subgraphs[0]
        self._buffers, self._tensors = model.buffers, graph.tensors
        self._made_by: dict[int, _Operation] = {}
        for one in graph.operators:
            name = names[model.operatorCodes[one.opcodeIndex].builtinCode]
            inputs = tuple(int(index) for index in one.inputs if index >= 0)
            for output in one.outputs:
                made = _Operation(name, one.builtinOptions, inputs, int(output))
                self._made_by[int(output)] = made
        self._picture = int(graph.inputs[0])
        self._known: dict[int, int] = {}
        self._layers: list[GraphLayer] = []
        ten = [int(i) for i in graph.outputs if self._shape(int(i)) == (10,)]
        # the features may be ten numbers, too
        by_softmax = (i for i in ten if self._made_by[i].name == "SOFTMAX")
        softmax = next(by_softmax, ten[0])
        self._walk_back(softmax)
        self.layers = tuple(self._layers)

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(side) for side in self._tensors[tensor].shape[1:])

    def _constant(self, tensor: int) -> np.ndarray | None:
        """The weights in a tensor; None for what is computed, and for what is no float32."""
        found = self._tensors[tensor]
        held = self._buffers[found.buffer].data
        if held is None or not len(held) or found.type != 0:  # 0: float32
            return None
        return np.frombuffer(bytes(held), np.float32).reshape(found.shape)

    def _computed(self, operation: _Operation) -> list[int]:
        """The inputs of an operation that depend on the picture."""
        if operation.name == "RESHAPE":
            return [operation.inputs[0]]  # the other is a shape
        return [i for i in operation.inputs if i == self._picture or i in self._made_by]

    def _walk_back(self, tensor: int) -> int:
        """Add the layer that makes a tensor, after those that it needs; returns its position."""
        if tensor in self._known:
            return self._known[tensor]
        operation = self._made_by.get(tensor)
        if operation is None:
            layer = GraphLayer("input", "", (), (tensor,), self._shape(tensor))
        else:
            views, factor = self._find_views(operation)
            if views:
                seen = min(views, key=lambda view: len(list(self._behind(view))))
                self._walk_back(seen)
                views = [seen, *(view for view in views if view != seen)]
                layer = GraphLayer(
                    *("views", operation.name, (self._known[seen],), (tensor, *views)),
                    shape=self._shape(tensor),
                    rate=factor,
                )
            else:
                layer = self._read_batch_norm(operation) or self._describe(
                    operation, tuple(self._walk_back(i) for i in self._computed(operation))
                )
        self._layers.append(layer)
        self._known[tensor] = len(self._layers) - 1
        return self._known[tensor]

    def _behind(self, tensor: int) -> Iterator[_Operation]:
        """All operations that a tensor depends on."""
        waiting, met = [tensor], set()
        while waiting:
            operation = self._made_by.get(waiting.pop())
            if operation is not None and operation.output not in met:
                met.add(operation.output)
                yield operation
                waiting += operation.inputs

    def _find_views(self, operation: _Operation) -> tuple[list[int], float]:
        """The vectors that an operation adds up, and its factor, where the same weights made them.

        No vectors for anything else, such as the sum that ends a residual block.
        """
        factor, vectors, waiting = 1.0, [], [operation.output]
        while waiting:
            tensor = waiting.pop()
            made = self._made_by.get(tensor)
            if made is None or made.name not in ADDING or len(self._shape(tensor)) != 1:
                vectors.append(tensor)
                continue
            computed, constant = self._computed(made), self._find_constant(made)
            if made.name == "ADD" and len(computed) > 1:
                waiting += computed
            elif made.name == "ADD" or constant is None or constant.size != 1:
                vectors.append(tensor)  # batch normalisation of units, for example
            else:
                by = float(constant.item())
                factor *= by if made.name == "MUL" else 1 / by
                waiting += computed
        weights = [
            {i for one in self._behind(vector) for i in one.inputs if self._constant(i) is not None}
            for vector in vectors
        ]
        same = len(vectors) > 1 and weights[0] and all(each == weights[0] for each in weights)
        return (vectors, factor) if same else ([], factor)

    def _find_constant(self, operation: _Operation) -> np.ndarray | None:
        """What an operation with one input that depends on the picture adds or multiplies by."""
        computed = self._computed(operation)
        others = (self._constant(i) for i in operation.inputs if i not in computed)
        return next((other for other in others if other is not None), None)

    def _read_batch_norm(self, operation: _Operation) -> GraphLayer | None:
        """A product and a sum with a number for each channel, or one of them, as one layer."""
        made: _Operation | None = operation
        found: dict[str, np.ndarray] = {}
        for name in ("ADD", "MUL"):  # what comes last is met first
            if made is None or made.name != name:
                continue
            constant, computed = self._find_constant(made), self._computed(made)
            ends = getattr(made.options, "fusedActivationFunction", PLAIN)
            if constant is None or len(computed) != 1:
                break
            if ends != PLAIN and (ends != RELU or made is not operation):
                break
            if constant.size != self._shape(made.output)[-1]:
                break
            found[name], source = constant.ravel(), computed[0]
            made = self._made_by.get(source)
        if not found:
            return None
        layer = self._describe(operation, (self._walk_back(source),))
        one = np.ones_like(next(iter(found.values())))
        relu = getattr(operation.options, "fusedActivationFunction", PLAIN) == RELU
        return replace(
            layer, kind="batch_norm", relu=relu, kernel=found.get("MUL", one), bias=found.get("ADD")
        )

    def _describe(self, operation: _Operation, inputs: tuple[int, ...]) -> GraphLayer:
        options, shape = operation.options, self._shape(operation.output)
        layer = GraphLayer("other", operation.name, inputs, (operation.output,), shape)
        kind = OPERATION_KINDS.get(operation.name, "other")
        if getattr(options, "fusedActivationFunction", PLAIN) not in (PLAIN, RELU):
            return layer
        if kind in ("global_max", "global_average"):
            before = self._layers[inputs[0]].shape
            if len(before) != 3 or shape != before[2:]:
                return layer
            return replace(layer, kind=kind, size=(before[0], before[1]))
        if kind in ("add", "concat") and len(inputs) < 2:
            return layer
        relu = getattr(options, "fusedActivationFunction", PLAIN) == RELU or kind == "relu"
        layer = replace(layer, kind=kind, relu=relu)
        if kind in ("conv", "depthwise", "dense"):
            kernel = self._constant(operation.inputs[1])
            bias = self._constant(operation.inputs[2]) if len(operation.inputs) > 2 else None
            factors = ("dilationWFactor", "dilationHFactor", "depthMultiplier")
            if kernel is None or any(getattr(options, name, 1) > 1 for name in factors):
                return replace(layer, kind="other", relu=False)
            kernel = kernel[0] if kind == "depthwise" else kernel
            layer = replace(layer, kernel=kernel, bias=bias)
        if kind in ("conv", "depthwise", "max_pool", "average_pool"):
            return self._with_window(layer, options)
        return layer

    def _with_window(self, layer: GraphLayer, options: Any) -> GraphLayer:
        if layer.kernel is None:
            size = options.filterHeight, options.filterWidth
        else:
            size = layer.kernel.shape[-3:-1]
        stride, before = (options.strideH, options.strideW), self._layers[layer.inputs[0]]
        return place_window(layer, before, size, stride, same=options.padding == 0)


def place_window(
    layer: GraphLayer, before: GraphLayer, size: Sequence[int], stride: Sequence[int], same: bool
) -> GraphLayer:
    """The layer with the place of its window. "same" padding puts the odd zero at the end."""
    padding = [0, 0]
    for axis in (0, 1) if same else ():
        reach = (layer.shape[axis] - 1) * stride[axis] + size[axis]
        padding[axis] = max(0, reach - before.shape[axis]) // 2
    (high, wide), (down, right), (top, left) = size, stride, padding
    return replace(layer, size=(int(high), int(wide)), stride=(down, right), padding=(top, left))
