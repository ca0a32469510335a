"""An ML Program as plain, immutable data: functions, blocks, operations, and the bindings of their parameters."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.types import ValueType, type_from_proto
from pytest_coreml.reference.format.values import Blobs, Constant, constant_from_proto

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

# What a parameter is bound to: the name of another value, or a constant written in place.
Binding: TypeAlias = "str | Constant"


@dataclass(frozen=True)
class NamedType:
    """The name and type of a declared input or output."""

    name: str
    type: ValueType


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: parameters are bound in `inputs`, or for older constants and `constexpr_*` in `attributes`.

    `type` has no opset prefix (`conv`); `full_type` is as in the file (`ios18.conv`).
    """

    full_type: str
    inputs: Mapping[str, tuple[Binding, ...]]
    attributes: Mapping[str, Constant]
    outputs: tuple[NamedType, ...]
    blocks: tuple[Block, ...]

    @functools.cached_property
    def type(self) -> str:
        """The operator's name without its opset."""
        return self.full_type.rpartition(".")[2]

    @property
    def name(self) -> str:
        """The name of the first output, which identifies the operation in messages."""
        return self.outputs[0].name if self.outputs else self.type


@dataclass(frozen=True, eq=False)
class Block:
    """Operations in the order in which they run; `outputs` are names of values."""

    inputs: tuple[NamedType, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Function:
    """A function of a program, with the block for its opset."""

    name: str
    opset: str
    inputs: tuple[NamedType, ...]
    block: Block


def walk(block: Block) -> Iterator[Operation]:
    """Yield every operation of a block and of its inner blocks, in the order of the file."""
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from walk(inner)


def read_function(program: Any, name: str, blobs: Blobs) -> Function:
    """Read the function *name* of a `MILSpec.Program`; raise `BadModelError` if it is missing or invalid."""
    if name not in program.functions:
        raise missing_function(name, program.functions)
    proto = program.functions[name]
    if proto.opset not in proto.block_specializations:
        raise BadModelError(f"the function {name!r} has no block for its opset {proto.opset!r}")
    reader = _Reader(blobs)
    block = reader.block(proto.block_specializations[proto.opset])
    return Function(name, proto.opset, reader.named_types(proto.inputs), block)


def missing_function(name: str, names: Iterable[str]) -> BadModelError:
    """Return the error for a function that is not among the *names* of a program."""
    return BadModelError(f"the model has no function {name!r}; it has {', '.join(sorted(names))}")


class _Reader:
    """Convert messages to plain data; `blobs` finds the weight files.

    Access to the fields of messages takes most of the reading time, and a few types and constants repeat often. So
    each is read once, and cached by its bytes.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._types: dict[bytes, ValueType] = {}
        self._constants: dict[bytes, Constant] = {}

    def named_types(self, protos: Any) -> tuple[NamedType, ...]:
        return tuple([NamedType(proto.name, self._type(proto.type)) for proto in protos])

    def block(self, proto: Any) -> Block:
        operations = tuple([self._operation(operation) for operation in proto.operations])
        return Block(self.named_types(proto.inputs), operations, tuple(proto.outputs))

    def _operation(self, proto: Any) -> Operation:
        inputs, attributes = proto.inputs, proto.attributes
        try:
            return Operation(
                proto.type,
                {name: tuple(map(self._binding, inputs[name].arguments)) for name in inputs},
                {name: self._constant(attributes[name]) for name in attributes if name != "name"},
                self.named_types(proto.outputs),
                tuple(map(self.block, proto.blocks)),
            )
        except BadModelError as error:
            name = proto.outputs[0].name if proto.outputs else "without outputs"
            raise type(error)(f"operation {proto.type} {name!r}: {error}") from error

    def _binding(self, proto: Any) -> Binding:
        return proto.name if proto.WhichOneof("binding") == "name" else self._constant(proto.value)

    def _constant(self, proto: Any) -> Constant:
        key = proto.SerializeToString()
        if key not in self._constants:
            self._constants[key] = constant_from_proto(proto, self._blobs)
        return self._constants[key]

    def _type(self, proto: Any) -> ValueType:
        key = proto.SerializeToString()
        if key not in self._types:
            self._types[key] = type_from_proto(proto)
        return self._types[key]
