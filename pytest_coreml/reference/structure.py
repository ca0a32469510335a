"""The structure of a program in the dataclasses of coremltools, nested blocks included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def program_structure(program: Any, make_proxy: Callable[[], Any]) -> Any:
    """Give the `MLModelStructure` of a `MILSpec.Program`; `make_proxy` makes the stand-ins for queries."""
    from coremltools.models import compute_plan as cp

    functions = {
        name: cp.MLModelStructureProgramFunction(
            _named(function.inputs), _block(function.block_specializations[function.opset], make_proxy)
        )
        for name, function in program.functions.items()
    }
    return cp.MLModelStructure(None, cp.MLModelStructureProgram(functions), None)


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
