"""Reads the text of an ML Program: functions, operations, and what is bound to their parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.format.mil import wire
from pytest_coreml.reference.format.mil.text_types import TypeReader
from pytest_coreml.reference.format.mil.text_values import ValueReader
from pytest_coreml.reference.format.mil.tokens import CONSTANT, END, LETTERS, Tokens

if TYPE_CHECKING:
    from pytest_coreml.reference.format.mil.text_types import TextType
    from pytest_coreml.reference.format.mil.text_values import CheckBlob

NEWEST: Final = (1, 3)
# The opsets of the text and of the proto
OPSETS: Final = {"ios15": "CoreML5", "ios16": "CoreML6", "ios17": "CoreML7", "ios18": "CoreML8", "ios26": "CoreML9"}
_VERSION: Final = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)
_NAME_HEADS: Final = (wire.head(wire.ARGUMENT_BINDINGS), wire.head(wire.BINDING_NAME))
_ENDS: Final = (",", ")")
_TYPE_CONSTANT: Final = wire.text_field(wire.OPERATION_TYPE, "const")


def parse_program(text: str, path: str, folder: str = "", check: CheckBlob | None = None) -> bytes:
    """Read a text as a serialized `MILSpec.Program`; messages call it *path*.

    Names of weight files get *folder* behind `@model_path`. *check* is called for each blob that the text names.
    Raises `BadModelError` with line, column and what was expected, and `UnsupportedModelError` for a newer text.
    """
    tokens = Tokens(text, path)
    types = TypeReader(tokens)
    return _Parser(tokens, types, ValueReader(tokens, types, folder, check)).program()


class _Parser:
    def __init__(self, tokens: Tokens, types: TypeReader, values: ValueReader) -> None:
        self._tokens = tokens
        self._types = types
        self._values = values

    def program(self) -> bytes:
        tokens = self._tokens
        tokens.expect("program")
        tokens.expect("(")
        self._version()
        tokens.expect(")")
        parts = [wire.number_field(wire.PROGRAM_VERSION, 1), self._attributes(wire.PROGRAM_ATTRIBUTES)]
        tokens.expect("{")
        seen: set[str] = set()
        while not tokens.accept("}"):
            parts.append(self._function(seen))
        if tokens.peek() is not END:
            tokens.fail("expected the end of the text")
        return b"".join(parts)

    def _version(self) -> None:
        tokens = self._tokens
        found = _VERSION.fullmatch(tokens.peek())
        if found is None:
            tokens.fail("expected the version of the text, as 1.0")
        version = int(found[1]), int(found[2])
        if version > NEWEST:
            newest = ".".join(map(str, NEWEST))
            tokens.fail(f"expected a text of version {newest} or older", UnsupportedModelError)
        if version[0] != NEWEST[0]:
            tokens.fail("expected a text of version 1")
        tokens.position += 1

    def _function(self, seen: set[str]) -> bytes:
        tokens = self._tokens
        tokens.expect("func")
        name = tokens.name("the name of a function")
        if name in seen:
            tokens.position -= 1
            tokens.fail("expected a function of another name")
        seen.add(name)
        tokens.expect("<")
        opset = self._opset()
        tokens.expect(">")
        inputs = self._inputs()
        attributes = self._attributes(wire.FUNCTION_ATTRIBUTES)
        block = wire.entry(wire.FUNCTION_BLOCKS, opset, self._block())
        content = inputs + wire.text_field(wire.FUNCTION_OPSET, opset) + block + attributes
        return wire.entry(wire.PROGRAM_FUNCTIONS, name, content)

    def _opset(self) -> str:
        word = self._tokens.peek()
        if word not in OPSETS:
            self._tokens.fail(f"expected an opset: {', '.join(OPSETS)}", UnsupportedModelError)
        self._tokens.position += 1
        return OPSETS[word]

    def _inputs(self) -> bytes:
        tokens = self._tokens
        inputs: list[bytes] = []
        tokens.expect("(")
        while not tokens.accept(")"):
            if inputs:
                tokens.expect(",")
            inputs.append(self._declaration(wire.FUNCTION_INPUTS))
        return b"".join(inputs)

    def _declaration(self, field: int) -> bytes:
        """Take a type and a name."""
        type_ = self._types.read()
        return self._named(field, type_, self._tokens.name("a name"))

    def _named(self, field: int, type_: TextType, name: str) -> bytes:
        return wire.field(field, wire.text_field(wire.NAMED_NAME, name) + wire.field(wire.NAMED_TYPE, type_.content))

    def _block(self) -> bytes:
        tokens = self._tokens
        tokens.expect("{")
        parts = []
        while not tokens.accept("}"):
            parts.append(wire.field(wire.BLOCK_OPERATIONS, self._operation()))
        tokens.expect("->")
        tokens.expect("(")
        names: list[str] = []
        while not tokens.accept(")"):
            if names:
                tokens.expect(",")
            names.append(tokens.name("the name of an output"))
        tokens.expect(";")
        parts.extend(wire.text_field(wire.BLOCK_OUTPUTS, name) for name in names)
        return b"".join(parts)

    def _operation(self) -> bytes:
        tokens = self._tokens
        constant = CONSTANT.fullmatch(tokens.peek()) if tokens.peek().endswith("];") else None
        return self._any_operation() if constant is None else self._constant(constant)

    def _constant(self, found: re.Match[str]) -> bytes:
        """Take a constant that is one token."""
        type_, name, name_type, text, value_type, literal = found.groups()
        output = self._named(wire.OPERATION_OUTPUTS, self._types.named(type_), name)
        value = self._values.constant(self._types.named(name_type), f'"{text}"')
        attributes = wire.entry(wire.OPERATION_ATTRIBUTES, "name", value)
        value = self._values.constant(self._types.named(value_type), literal)
        self._tokens.position += 1
        return output + _TYPE_CONSTANT + attributes + wire.entry(wire.OPERATION_ATTRIBUTES, "val", value)

    def _any_operation(self) -> bytes:
        tokens, parts = self._tokens, []
        if self._types.starts_declaration():
            parts.append(self._declaration(wire.OPERATION_OUTPUTS))
            while tokens.accept(","):
                parts.append(self._declaration(wire.OPERATION_OUTPUTS))
            tokens.expect("=")
        type_ = tokens.name("the name of an operation")
        if tokens.accept("<"):
            type_ = f"{tokens.name('an opset')}.{type_}"
            tokens.expect(">")
        parts.append(wire.text_field(wire.OPERATION_TYPE, type_))
        parts.append(self._bindings())
        parts.append(self._attributes(wire.OPERATION_ATTRIBUTES))
        if tokens.peek() == "{":
            tokens.fail(
                f"the operation {type_} has blocks inside, whose text form is not known here; run the .mlpackage that "
                "the model was compiled from",
                UnsupportedModelError,
            )
        tokens.expect(";")
        return b"".join(parts)

    def _bindings(self) -> bytes:
        tokens, words = self._tokens, self._tokens.list
        bindings: list[bytes] = []
        tokens.expect("(")
        while not tokens.accept(")"):
            if bindings:
                tokens.expect(",")
            name = tokens.name("the name of a parameter")
            tokens.expect("=")
            at = tokens.position
            if words[at + 1] in _ENDS and words[at][:1] in LETTERS and words[at][-1] != ">":
                # A name and nothing else, as nearly always
                argument = wire.nested_text(_NAME_HEADS, words[at])
                tokens.position = at + 1
            else:
                argument = self._argument()
            bindings.append(wire.entry(wire.OPERATION_INPUTS, name, argument))
        return b"".join(bindings)

    def _argument(self) -> bytes:
        tokens = self._tokens
        if not tokens.accept("("):
            return self._binding()
        bindings: list[bytes] = []
        while not tokens.accept(")"):
            if bindings:
                tokens.expect(",")
            bindings.append(self._binding())
        return b"".join(bindings)

    def _binding(self) -> bytes:
        if self._types.starts_type():
            content = wire.field(wire.BINDING_VALUE, self._values.read())
            return wire.field(wire.ARGUMENT_BINDINGS, content)
        return wire.nested_text(_NAME_HEADS, self._tokens.name("a name or a value"))

    def _attributes(self, field: int) -> bytes:
        tokens = self._tokens
        attributes: list[bytes] = []
        if tokens.accept("[]") or not tokens.accept("["):
            return b""
        while not tokens.accept("]"):
            if attributes:
                tokens.expect(",")
            name = tokens.name("the name of an attribute")
            tokens.expect("=")
            attributes.append(wire.entry(field, name, self._values.read()))
        return b"".join(attributes)
