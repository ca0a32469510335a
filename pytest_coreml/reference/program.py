"""An ML Program as plain, immutable data: functions, blocks, operations, and what is bound to their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.types import ValueType, type_from_proto
from pytest_coreml.reference.values import Blobs, Constant, constant_from_proto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

# What a parameter is bound to: the name of another value, or a constant written in place.
Binding: TypeAlias = "str | Constant"


@dataclass(frozen=True)
class NamedType:
    """A value's name and type, as inputs and outputs are declared."""

    name: str
    type: ValueType


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: parameters are bound in `inputs`, or for older constants and `constexpr_*` in `attributes`.

    `type` has no opset prefix (`conv`); `full_type` is what the file says (`ios18.conv`).
    """

    full_type: str
    inputs: Mapping[str, tuple[Binding, ...]]
    attributes: Mapping[str, Constant]
    outputs: tuple[NamedType, ...]
    blocks: tuple[Block, ...]

    @property
    def type(self) -> str:
        """Give the operator's name without its opset."""
        return self.full_type.rpartition(".")[2]

    @property
    def name(self) -> str:
        """Give the name of the first output, by which people know the operation."""
        return self.outputs[0].name if self.outputs else self.type


@dataclass(frozen=True, eq=False)
class Block:
    """Operations in the order in which they run; `outputs` are names of values."""

    inputs: tuple[NamedType, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Function:
    """A function of a program, with the block of its own opset."""

    name: str
    opset: str
    inputs: tuple[NamedType, ...]
    block: Block


def walk(block: Block) -> Iterator[Operation]:
    """Give every operation of a block and of the blocks inside, in the order of the file."""
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from walk(inner)


def read_function(program: Any, name: str, blobs: Blobs) -> Function:
    """Read the function `name` of a `MILSpec.Program`; `BadModelError` when it is not there or not sound."""
    if name not in program.functions:
        raise BadModelError(f"the model has no function {name!r}; it has {', '.join(sorted(program.functions))}")
    proto = program.functions[name]
    if proto.opset not in proto.block_specializations:
        raise BadModelError(f"the function {name!r} has no block for its opset {proto.opset!r}")
    block = _Reader(blobs).block(proto.block_specializations[proto.opset])
    return Function(name, proto.opset, _named_types(proto.inputs), block)


def _named_types(protos: Any) -> tuple[NamedType, ...]:
    return tuple([NamedType(proto.name, type_from_proto(proto.type)) for proto in protos])


class _Reader:
    """Turns messages into plain data; `blobs` finds the weight files."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def block(self, proto: Any) -> Block:
        operations = tuple([self._operation(operation) for operation in proto.operations])
        return Block(_named_types(proto.inputs), operations, tuple(proto.outputs))

    def _operation(self, proto: Any) -> Operation:
        try:
            return Operation(
                proto.type,
                {name: tuple(map(self._binding, argument.arguments)) for name, argument in proto.inputs.items()},
                {name: self._constant(value) for name, value in proto.attributes.items() if name != "name"},
                _named_types(proto.outputs),
                tuple(map(self.block, proto.blocks)),
            )
        except BadModelError as error:
            name = proto.outputs[0].name if proto.outputs else "without outputs"
            raise type(error)(f"operation {proto.type} {name!r}: {error}") from error

    def _binding(self, proto: Any) -> Binding:
        return proto.name if proto.WhichOneof("binding") == "name" else self._constant(proto.value)

    def _constant(self, proto: Any) -> Constant:
        return constant_from_proto(proto, self._blobs)
