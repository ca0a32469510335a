"""Reads the text of an ML Program: functions, operations, and what is bound to their parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.format.mil.parsed_program import ParsedFunction, ParsedProgram
from pytest_coreml.reference.format.mil.text_types import TypeReader
from pytest_coreml.reference.format.mil.text_values import ValueReader
from pytest_coreml.reference.format.mil.tokens import CONSTANT, END, LETTERS, Tokens

if TYPE_CHECKING:
    from pytest_coreml.reference.format.mil.parsed_program import Named, ParsedBinding, ParsedOperation
    from pytest_coreml.reference.format.mil.text_values import CheckBlob

NEWEST: Final = (1, 3)
# The opsets of the text and of the proto
OPSETS: Final = {"ios15": "CoreML5", "ios16": "CoreML6", "ios17": "CoreML7", "ios18": "CoreML8", "ios26": "CoreML9"}
_VERSION: Final = re.compile(r"(\d{1,9})\.(\d{1,9})", re.ASCII)
_ENDS: Final = (",", ")")


def parse_program(text: str, path: str, folder: str = "", check: CheckBlob | None = None) -> ParsedProgram:
    """Read a text; messages call it *path*.

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

    def program(self) -> ParsedProgram:
        tokens = self._tokens
        tokens.expect("program")
        tokens.expect("(")
        self._version()
        tokens.expect(")")
        attributes = self._attributes()
        tokens.expect("{")
        functions: dict[str, ParsedFunction] = {}
        while not tokens.accept("}"):
            tokens.expect("func")
            name = tokens.name("the name of a function")
            if name in functions:
                tokens.position -= 1
                tokens.fail("expected a function of another name")
            functions[name] = self._function()
        if tokens.peek() is not END:
            tokens.fail("expected the end of the text")
        return ParsedProgram(attributes, functions)

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

    def _function(self) -> ParsedFunction:
        """Take what follows the name of a function."""
        tokens = self._tokens
        tokens.expect("<")
        opset = self._opset()
        tokens.expect(">")
        inputs = self._inputs()
        attributes = self._attributes()
        tokens.expect("{")
        operations = []
        while not tokens.accept("}"):
            operations.append(self._operation())
        return ParsedFunction(opset, inputs, attributes, operations, self._outputs())

    def _opset(self) -> str:
        word = self._tokens.peek()
        if word not in OPSETS:
            self._tokens.fail(f"expected an opset: {', '.join(OPSETS)}", UnsupportedModelError)
        self._tokens.position += 1
        return OPSETS[word]

    def _inputs(self) -> list[Named]:
        tokens = self._tokens
        inputs: list[Named] = []
        tokens.expect("(")
        while not tokens.accept(")"):
            if inputs:
                tokens.expect(",")
            inputs.append(self._declaration())
        return inputs

    def _declaration(self) -> Named:
        """Take a type and a name."""
        type_ = self._types.read()
        return self._tokens.name("a name"), type_.content

    def _outputs(self) -> list[str]:
        """Take the names of outputs behind a block."""
        tokens = self._tokens
        tokens.expect("->")
        tokens.expect("(")
        names: list[str] = []
        while not tokens.accept(")"):
            if names:
                tokens.expect(",")
            names.append(tokens.name("the name of an output"))
        tokens.expect(";")
        return names

    def _operation(self) -> ParsedOperation:
        token = self._tokens.peek()
        constant = CONSTANT.fullmatch(token) if token.endswith("];") else None
        return self._any_operation() if constant is None else self._constant(constant)

    def _constant(self, found: re.Match[str]) -> ParsedOperation:
        """Take a constant that is one token."""
        type_, name, name_type, text, value_type, literal = found.groups()
        named, constant = self._types.named, self._values.constant
        outputs = ((name, named(type_).content),)
        attributes = {"name": constant(named(name_type), f'"{text}"'), "val": constant(named(value_type), literal)}
        self._tokens.position += 1
        return "const", {}, attributes, outputs

    def _any_operation(self) -> ParsedOperation:
        tokens = self._tokens
        outputs: list[Named] = []
        if self._types.starts_declaration():
            outputs.append(self._declaration())
            while tokens.accept(","):
                outputs.append(self._declaration())
            tokens.expect("=")
        type_ = tokens.name("the name of an operation")
        if tokens.accept("<"):
            type_ = f"{tokens.name('an opset')}.{type_}"
            tokens.expect(">")
        inputs, attributes = self._bindings(), self._attributes()
        if tokens.peek() == "{":
            tokens.fail(
                f"the operation {type_} has blocks inside, whose text form is not known here; run the .mlpackage that "
                "the model was compiled from",
                UnsupportedModelError,
            )
        tokens.expect(";")
        return type_, inputs, attributes, tuple(outputs)

    def _bindings(self) -> dict[str, tuple[ParsedBinding, ...]]:
        tokens, words = self._tokens, self._tokens.list
        bindings: dict[str, tuple[ParsedBinding, ...]] = {}
        tokens.expect("(")
        while not tokens.accept(")"):
            if bindings:
                tokens.expect(",")
            name = tokens.name("the name of a parameter")
            tokens.expect("=")
            at = tokens.position
            if words[at + 1] in _ENDS and words[at][:1] in LETTERS and words[at][-1] != ">":
                # A name and nothing else, as nearly always
                bindings[name] = (words[at],)
                tokens.position = at + 1
            else:
                bindings[name] = self._argument()
        return bindings

    def _argument(self) -> tuple[ParsedBinding, ...]:
        tokens = self._tokens
        if not tokens.accept("("):
            return (self._binding(),)
        bindings: list[ParsedBinding] = []
        while not tokens.accept(")"):
            if bindings:
                tokens.expect(",")
            bindings.append(self._binding())
        return tuple(bindings)

    def _binding(self) -> ParsedBinding:
        return self._values.read() if self._types.starts_type() else self._tokens.name("a name or a value")

    def _attributes(self) -> dict[str, bytes]:
        tokens = self._tokens
        attributes: dict[str, bytes] = {}
        if tokens.accept("[]") or not tokens.accept("["):
            return attributes
        while not tokens.accept("]"):
            if attributes:
                tokens.expect(",")
            name = tokens.name("the name of an attribute")
            tokens.expect("=")
            attributes[name] = self._values.read()
        return attributes
