"""The structure of a model in the dataclasses of coremltools, nested blocks included."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.reference.format.pipeline import pipeline_message
from pytest_coreml.reference.networks.layer_tree import networks_in

if TYPE_CHECKING:
    from collections.abc import Callable


class Proxies(NamedTuple):
    """Functions that make the proxies for queries: of an operation of an ML Program, of a layer of a network."""

    operation: Callable[[], Any]
    layer: Callable[[], Any]


def model_structure(spec: Any, proxies: Proxies) -> Any:
    """Return the `MLModelStructure` of a `Model` message.

    All parts are None for models that are neither programs, networks nor pipelines.
    """
    from coremltools.models import compute_plan as cp

    kind = spec.WhichOneof("Type") or ""
    if kind == "mlProgram":
        return cp.MLModelStructure(None, _program(spec.mlProgram, proxies.operation), None)
    if kind.startswith("neuralNetwork"):
        return cp.MLModelStructure(_network(getattr(spec, kind), proxies.layer), None, None)
    pipeline = pipeline_message(spec)
    if pipeline is None:
        return cp.MLModelStructure(None, None, None)
    names = pipeline.names if all(pipeline.names) else []
    names = [*names, *(f"model_{index}" for index in range(len(pipeline.models)))]
    sub_models = [(name, model_structure(part, proxies)) for name, part in zip(names, pipeline.models, strict=False)]
    return cp.MLModelStructure(None, None, cp.MLModelStructurePipeline(sub_models))


def _network(network: Any, make_proxy: Callable[[], Any]) -> Any:
    """Return the structure of a network, whose layers have one more attribute than coremltools': `networks`.

    These are the networks inside a branch or a loop, in the order of the specification.
    """
    from coremltools.models import compute_plan as cp

    layers = [
        _layer_class()(
            layer.name,
            layer.WhichOneof("layer") or "",
            list(layer.input),
            list(layer.output),
            make_proxy(),
            [_network(inner, make_proxy) for inner in networks_in(layer)],
        )
        for layer in network.layers
    ]
    return cp.MLModelStructureNeuralNetwork(layers)


@cache
def _layer_class() -> Any:
    from coremltools.models.compute_plan import MLModelStructureNeuralNetworkLayer

    @dataclass(frozen=True)
    class Layer(MLModelStructureNeuralNetworkLayer):  # type: ignore[misc]  # coremltools has no types
        networks: list[Any] = field(default_factory=list)

    return Layer


def _program(program: Any, make_proxy: Callable[[], Any]) -> Any:
    from coremltools.models import compute_plan as cp

    functions = {
        name: cp.MLModelStructureProgramFunction(
            _named(function.inputs), _block(function.block_specializations[function.opset], make_proxy)
        )
        for name, function in program.functions.items()
    }
    return cp.MLModelStructureProgram(functions)


def _named(protos: Any) -> list[Any]:
    from coremltools.models import compute_plan as cp

    return [cp.MLModelStructureProgramNamedValueType(p.name, cp.MLModelStructureProgramValueType()) for p in protos]


def _block(proto: Any, make_proxy: Callable[[], Any]) -> Any:
    from coremltools.models import compute_plan as cp

    operations = [_operation(operation, make_proxy) for operation in proto.operations]
    return cp.MLModelStructureProgramBlock(_named(proto.inputs), operations, list(proto.outputs))


def _operation(proto: Any, make_proxy: Callable[[], Any]) -> Any:
    from coremltools.models import compute_plan as cp

    inputs = {name: cp.MLModelStructureProgramArgument(_bindings(arg)) for name, arg in proto.inputs.items()}
    blocks = [_block(block, make_proxy) for block in proto.blocks]
    return cp.MLModelStructureProgramOperation(inputs, proto.type, _named(proto.outputs), blocks, make_proxy())


def _bindings(proto: Any) -> list[Any]:
    from coremltools.models import compute_plan as cp

    return [
        cp.MLModelStructureProgramBinding(b.name, None)
        if b.WhichOneof("binding") == "name"
        else cp.MLModelStructureProgramBinding(None, cp.MLModelStructureProgramValue())
        for b in proto.arguments
    ]
