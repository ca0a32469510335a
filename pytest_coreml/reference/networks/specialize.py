"""Lowers a network for one set of input shapes: most layers need to know how large their inputs are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.types import TensorType
from pytest_coreml.reference.graph import Value
from pytest_coreml.reference.lowering.ports import LoweredFunction, Port
from pytest_coreml.reference.networks.fusion import fused
from pytest_coreml.reference.networks.layer_context import LayerContext
from pytest_coreml.reference.networks.layers import handlers
from pytest_coreml.reference.networks.network import NetworkLowering
from pytest_coreml.reference.networks.preprocessing import preprocessed
from pytest_coreml.reference.networks.tensors import Blob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.reference.format.types import Shape


def lower_network(
    network: Any, shapes: Mapping[str, Shape], colors: Mapping[str, int], outputs: Sequence[str]
) -> LoweredFunction:
    """Lower a network whose inputs have these blob shapes, so that it gives the blobs named by *outputs*.

    *colors*: the colour space of each input that is an image, 0 for arrays. Raises `UnsupportedModelError` for
    everything that cannot be lowered, and `BadModelError` for what does not fit together.
    """
    layers = fused(network.layers, outputs)
    lowering = NetworkLowering(handlers(), layers, outputs)
    inputs = tuple([_bind_input(lowering, network, name, shape, colors[name]) for name, shape in shapes.items()])
    lowering.lower_top(layers)
    ports = tuple([_output(lowering, name) for name in outputs])
    builder = lowering.builder
    builder.drop_unused()
    return LoweredFunction(builder.proto.SerializeToString(), builder.arrays, inputs, ports, ())


def _bind_input(lowering: NetworkLowering, network: Any, name: str, shape: Shape, color: int) -> Port:
    """Declare an input of the graph: as an image where it has five dimensions."""
    blob = Blob(shape)
    steps = [step for step in network.preprocessing if step.featureName in ("", name)]
    is_image = len(shape) in (4, 5)
    sizes = (math.prod(size or 1 for size in shape[:-3]), *shape[-3:]) if is_image else shape
    tensor = lowering.graph.input(name, DType.FP32, sizes)
    value = preprocessed(lowering.graph, tensor, steps, color)
    blob.forms["image" if is_image else "whole"] = [(lowering.builder.root, value)]
    lowering.names[name] = blob
    return Port(name, tensor.value, TensorType(DType.FP32, sizes))


def _output(lowering: NetworkLowering, name: str) -> Port:
    blob = lowering.names.get(name)
    if blob is None:
        raise BadModelError(f"no layer computes the output {name!r} of the model")
    context = LayerContext(_NO_LAYER, lowering)
    tensor = context.floats(context.whole(blob))
    value = lowering.builder.root.output(Value(tensor.value), DType.FP32)
    return Port(name, value, TensorType(DType.FP32, tensor.shape))


class _Output:
    """Stands for a layer where a blob leaves the network."""

    name = "output"
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    copy = None

    def WhichOneof(self, oneof: str) -> str:  # noqa: N802, ARG002 - the name of protobuf
        """Return a type of layer."""
        return "copy"


_NO_LAYER = _Output()
