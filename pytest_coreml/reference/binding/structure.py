"""The structure of a model in the dataclasses of coremltools, nested blocks included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.format.pipeline import pipeline_message

if TYPE_CHECKING:
    from collections.abc import Callable


def model_structure(spec: Any, make_proxy: Callable[[], Any]) -> Any:
    """Return the `MLModelStructure` of a `Model` message; *make_proxy* makes the proxies for queries.

    All parts are None for models that are neither programs nor pipelines.
    """
    from coremltools.models import compute_plan as cp

    if spec.WhichOneof("Type") == "mlProgram":
        return cp.MLModelStructure(None, _program(spec.mlProgram, make_proxy), None)
    pipeline = pipeline_message(spec)
    if pipeline is None:
        return cp.MLModelStructure(None, None, None)
    names = pipeline.names if all(pipeline.names) else []
    names = [*names, *(f"model_{index}" for index in range(len(pipeline.models)))]
    sub_models = [(name, model_structure(part, make_proxy)) for name, part in zip(names, pipeline.models, strict=False)]
    return cp.MLModelStructure(None, None, cp.MLModelStructurePipeline(sub_models))


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
