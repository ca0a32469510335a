"""A program that was read from its text, and what becomes of it: the message, or a function to be executed.

To get at the fields of messages takes most of the time of reading a function. The parser has their contents already, so
that what is only executed needs no message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.mil import wire
from pytest_coreml.reference.format.program import Block, Function, NamedType, Operation, missing_function
from pytest_coreml.reference.format.types import type_from_proto
from pytest_coreml.reference.format.values import constant_from_proto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from pytest_coreml.reference.format.program import Binding
    from pytest_coreml.reference.format.types import ValueType
    from pytest_coreml.reference.format.values import Blobs, Constant

# A name and a serialized `ValueType`
Named: TypeAlias = "tuple[str, bytes]"
# A name, or a serialized `Value`
ParsedBinding: TypeAlias = "str | bytes"
# The type, the inputs, the attributes as serialized `Value` messages, and the outputs
ParsedOperation: TypeAlias = (
    "tuple[str, Mapping[str, tuple[ParsedBinding, ...]], Mapping[str, bytes], tuple[Named, ...]]"
)

_NAME_HEADS: Final = (wire.head(wire.ARGUMENT_BINDINGS), wire.head(wire.BINDING_NAME))


@dataclass(frozen=True)
class ParsedFunction:
    """A function; types and values are serialized messages."""

    opset: str
    inputs: Sequence[Named]
    attributes: Mapping[str, bytes]
    operations: Sequence[ParsedOperation]
    outputs: Sequence[str]

    def message(self) -> bytes:
        """Return the serialized `Function`."""
        operations = [wire.field(wire.BLOCK_OPERATIONS, _operation(operation)) for operation in self.operations]
        outputs = [wire.text_field(wire.BLOCK_OUTPUTS, name) for name in self.outputs]
        block = wire.entry(wire.FUNCTION_BLOCKS, self.opset, b"".join([*operations, *outputs]))
        inputs = _named(wire.FUNCTION_INPUTS, self.inputs)
        opset = wire.text_field(wire.FUNCTION_OPSET, self.opset)
        return inputs + opset + block + _attributes(wire.FUNCTION_ATTRIBUTES, self.attributes)


@dataclass(frozen=True)
class ParsedProgram:
    """A program."""

    attributes: Mapping[str, bytes]
    functions: Mapping[str, ParsedFunction]

    def message(self) -> bytes:
        """Return the serialized `Program`."""
        functions = [
            wire.entry(wire.PROGRAM_FUNCTIONS, name, function.message()) for name, function in self.functions.items()
        ]
        version = wire.number_field(wire.PROGRAM_VERSION, 1)
        return b"".join([version, _attributes(wire.PROGRAM_ATTRIBUTES, self.attributes), *functions])

    def function(self, name: str, blobs: Blobs) -> Function:
        """Return a function. Raises the errors of `read_function`."""
        parsed = self.functions.get(name)
        if parsed is None:
            raise missing_function(name, self.functions)
        reader = _Reader(blobs)
        block = Block((), tuple(map(reader.operation, parsed.operations)), tuple(parsed.outputs))
        return Function(name, parsed.opset, reader.named_types(parsed.inputs), block)


def _operation(parsed: ParsedOperation) -> bytes:
    type_, inputs, attributes, outputs = parsed
    bindings = [
        wire.entry(wire.OPERATION_INPUTS, name, b"".join(map(_binding, bound))) for name, bound in inputs.items()
    ]
    head = _named(wire.OPERATION_OUTPUTS, outputs) + wire.text_field(wire.OPERATION_TYPE, type_)
    return b"".join([head, *bindings, _attributes(wire.OPERATION_ATTRIBUTES, attributes)])


def _named(number: int, named: Iterable[Named]) -> bytes:
    parts = [wire.text_field(wire.NAMED_NAME, name) + wire.field(wire.NAMED_TYPE, type_) for name, type_ in named]
    return b"".join([wire.field(number, part) for part in parts])


def _binding(binding: ParsedBinding) -> bytes:
    if isinstance(binding, str):
        return wire.nested_text(_NAME_HEADS, binding)
    return wire.field(wire.ARGUMENT_BINDINGS, wire.field(wire.BINDING_VALUE, binding))


def _attributes(number: int, attributes: Mapping[str, bytes]) -> bytes:
    return b"".join([wire.entry(number, name, value) for name, value in attributes.items()])


class _Reader:
    """Converts messages to plain data, each message once: the same few types and values repeat often."""

    def __init__(self, blobs: Blobs) -> None:
        from coremltools.proto import MIL_pb2

        self._messages: Any = MIL_pb2
        self._blobs = blobs
        self._types: dict[bytes, ValueType] = {}
        self._constants: dict[bytes, Constant] = {}

    def named_types(self, named: Iterable[Named]) -> tuple[NamedType, ...]:
        return tuple([NamedType(name, self._type(content)) for name, content in named])

    def operation(self, parsed: ParsedOperation) -> Operation:
        type_, inputs, attributes, outputs = parsed
        try:
            return Operation(
                type_,
                {name: tuple(map(self._binding, bound)) for name, bound in inputs.items()},
                {name: self._constant(value) for name, value in attributes.items() if name != "name"},
                self.named_types(outputs),
                (),
            )
        except BadModelError as error:
            name = outputs[0][0] if outputs else "without outputs"
            raise type(error)(f"operation {type_} {name!r}: {error}") from error

    def _binding(self, binding: ParsedBinding) -> Binding:
        return binding if isinstance(binding, str) else self._constant(binding)

    def _constant(self, content: bytes) -> Constant:
        known = self._constants.get(content)
        if known is None:
            message = self._messages.Value.FromString(content)
            known = self._constants[content] = constant_from_proto(message, self._blobs)
        return known

    def _type(self, content: bytes) -> ValueType:
        known = self._types.get(content)
        if known is None:
            known = self._types[content] = type_from_proto(self._messages.ValueType.FromString(content))
        return known
