"""Values in the text of an ML Program: a type, and in parentheses a literal or a place in a weight file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from pytest_coreml.reference.errors import ReferenceRuntimeError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.mil import wire
from pytest_coreml.reference.format.mil.text_elements import encode_elements
from pytest_coreml.reference.format.mil.text_types import MAX_NESTING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.reference.format.mil.text_types import TextType, TypeReader
    from pytest_coreml.reference.format.mil.tokens import Tokens
    from pytest_coreml.reference.format.types import Shape

_BLOB: Final = "BLOBFILE"
# The field of a `TensorValue` for an element type; all others are stored as bytes.
_FIELDS: Final = {
    DType.FP32: wire.FLOATS,
    DType.INT32: wire.INTS,
    DType.BOOL: wire.BOOLS,
    DType.STRING: wire.STRINGS,
    DType.INT64: wire.LONG_INTS,
    DType.FP64: wire.DOUBLES,
}
_TEXT_HEADS: Final = tuple(map(wire.head, (wire.VALUE_IMMEDIATE, wire.IMMEDIATE_TENSOR, wire.STRINGS, 1)))


class CheckBlob(Protocol):
    """Looks at a blob before anything is executed."""

    def __call__(self, name: str, offset: int, dtype: DType, shape: tuple[int, ...], /) -> None:
        """Raise `BadModelError` when the weight file *name* has no such blob at `offset`."""


class ValueReader:
    """Reads values as serialized `Value` messages.

    Names of weight files get *folder* behind `@model_path`; *check*, if there is one, looks at each blob.
    """

    def __init__(self, tokens: Tokens, types: TypeReader, folder: str, check: CheckBlob | None) -> None:
        """Read from *tokens*."""
        self._tokens = tokens
        self._types = types
        self._folder = folder
        self._check = check
        # By type and literal: a program says the same few small things again and again.
        self._scalars: dict[tuple[str, str], bytes] = {}
        self._constants: dict[tuple[bytes, str], bytes] = {}

    def read(self) -> bytes:
        """Take a value. Raises `BadModelError` when it does not fit its type."""
        tokens = self._tokens
        at = tokens.position
        # The usual form of a scalar: one token for the type, and one for the literal
        key = (tokens.list[at], tokens.list[at + 2]) if at + 3 < len(tokens.list) else ("", "")
        if key in self._scalars and tokens.list[at + 3] == ")" and tokens.list[at + 1] == "(":
            tokens.position += 4
            return self._scalars[key]
        type_ = self._types.read()
        tokens.expect("(")
        if type_.dtype is DType.STRING and not type_.shape:
            content = text_value(type_, tokens.text())
            tokens.expect(")")
            return content
        content = self._blob(type_) if tokens.peek() == _BLOB else _value(type_, self._literal(type_, 0))
        tokens.expect(")")
        if tokens.position == at + 4:
            self._scalars[key] = content
        return content

    def constant(self, type_: TextType, literal: str) -> bytes:
        """Return the value of a literal that is part of the next token. Raises `BadModelError` there."""
        if type_.dtype is DType.STRING and not type_.shape:
            if literal[0] != '"':
                self._tokens.fail("expected a text in quotes")
            return text_value(type_, literal[1:-1])
        known = self._constants.get((type_.content, literal))
        if known is None:
            known = self._constants[type_.content, literal] = self._new_constant(type_, literal)
        return known

    def _new_constant(self, type_: TextType, literal: str) -> bytes:
        dtype, is_list = type_.dtype, literal[0] == "["
        if dtype is None or dtype is DType.STRING or len(type_.shape) != is_list:
            self._tokens.fail("expected a literal that fits its type")
        words = [literal]
        if is_list:
            words = [word.strip() for word in literal[1:-1].split(",")] if literal[1:-1].strip() else []
        if type_.shape not in ((), (None,), (len(words),)):
            self._tokens.fail(f"expected a list of {type_.shape[0]}, found one of {len(words)}")
        try:
            content = encode_elements(words, dtype)
        except (ValueError, OverflowError) as error:
            self._tokens.fail(f"expected elements of type {dtype.value}: {error}")
        tensor = wire.field(wire.IMMEDIATE_TENSOR, wire.field(_FIELDS.get(dtype, wire.BYTES), content))
        return _value(type_, tensor)

    def _blob(self, type_: TextType) -> bytes:
        tokens = self._tokens
        place = tokens.position
        tokens.position += 1
        tokens.expect("(")
        self._key("path")
        name = self._word()
        tokens.expect(",")
        self._key("offset")
        offset = self._offset()
        tokens.expect(")")
        name = name.replace("@model_path", f"@model_path/{self._folder}", 1) if self._folder else name
        if self._check is not None and type_.dtype is not None and None not in type_.shape:
            try:
                self._check(name, offset, type_.dtype, tuple(size for size in type_.shape if size is not None))
            except ReferenceRuntimeError as error:
                tokens.fail_at(place, str(error), type(error))
        content = wire.text_field(wire.BLOB_NAME, name) + wire.number_field(wire.BLOB_OFFSET, offset)
        return wire.field(wire.VALUE_TYPE, type_.content) + wire.field(wire.VALUE_BLOB, content)

    def _key(self, word: str) -> None:
        self._tokens.expect(word)
        self._tokens.expect("=")

    def _word(self) -> str:
        """Take a typed text, as `string("a")`."""
        self._types.read()
        self._tokens.expect("(")
        text = self._tokens.text()
        self._tokens.expect(")")
        return text

    def _offset(self) -> int:
        self._types.read()
        self._tokens.expect("(")
        offset = self._tokens.whole_number("an offset")
        self._tokens.expect(")")
        return offset

    def _literal(self, type_: TextType, depth: int) -> bytes:
        """Take a literal, and return a serialized `ImmediateValue`."""
        if depth > MAX_NESTING:
            self._tokens.fail(f"expected at most {MAX_NESTING} values inside each other")
        reader: Callable[[TextType, int], bytes] = getattr(self, f"_{type_.kind}")
        return reader(type_, depth + 1)

    def _tensor(self, type_: TextType, _: int) -> bytes:
        place, dtype = self._tokens.position, type_.dtype
        assert dtype is not None
        take = self._tokens.text if dtype is DType.STRING else self._plain
        elements = list(self._elements(type_.shape, take))
        try:
            content = encode_elements(elements, dtype)
        except (ValueError, OverflowError) as error:
            self._tokens.fail_at(place, f"expected elements of type {dtype.value}: {error}")
        return wire.field(wire.IMMEDIATE_TENSOR, wire.field(_FIELDS.get(dtype, wire.BYTES), content))

    def _plain(self) -> str:
        token = self._tokens.take()
        if not token or token in "[](){},=":
            self._tokens.position -= bool(token)
            self._tokens.fail("expected an element")
        return token

    def _elements(self, shape: Shape, take: Callable[[], str]) -> Iterator[str]:
        """Yield the elements of nested lists in their order; the lists must be as long as *shape* says."""
        if not shape:
            yield take()
            return
        tokens = self._tokens
        place, size = tokens.position, shape[0]
        token = tokens.peek()
        if len(shape) == 1 and len(token) > 1 and token[0] == "[":
            tokens.position += 1
            found = [word.strip() for word in token[1:-1].split(",")] if token[1:-1].strip() else []
            count = len(found)
            yield from found
        elif token == "[]":
            tokens.position += 1
            count = 0
        else:
            tokens.expect("[")
            count = 1
            yield from self._elements(shape[1:], take)
            while tokens.accept(","):
                count += 1
                yield from self._elements(shape[1:], take)
            tokens.expect("]")
        if size is not None and count != size:
            tokens.fail_at(place, f"expected a list of {size}, found one of {count}")

    def _list(self, type_: TextType, depth: int) -> bytes:
        tokens, (element,) = self._tokens, type_.parts
        place, values = tokens.position, []
        if tokens.peek().startswith("[") and len(tokens.peek()) > 1:
            values = self._flat(element)
        else:
            opening = tokens.take()
            closing = {"[": "]", "(": ")"}.get(opening)
            if closing is None:
                tokens.position -= bool(opening)
                tokens.fail("expected a list")
            while not tokens.accept(closing):
                if values:
                    tokens.expect(",")
                values.append(self._typed(element, depth))
        if type_.shape[0] not in (None, len(values)):
            tokens.fail_at(place, f"expected a list of {type_.shape[0]}, found one of {len(values)}")
        content = b"".join(wire.field(1, value) for value in values)
        return wire.field(wire.IMMEDIATE_LIST, content)

    def _flat(self, element: TextType) -> list[bytes]:
        """Take a list of numbers, which is one token."""
        place, token = self._tokens.position, self._tokens.take()
        words = [word.strip() for word in token[1:-1].split(",")] if token[1:-1].strip() else []
        if element.dtype is None or element.shape or element.dtype is DType.STRING:
            if not words:
                return []
            self._tokens.fail_at(place, "expected another kind of elements in this list")
        field = _FIELDS.get(element.dtype, wire.BYTES)
        try:
            encoded = [encode_elements([word], element.dtype) for word in words]
        except (ValueError, OverflowError) as error:
            self._tokens.fail_at(place, f"expected elements of type {element.dtype.value}: {error}")
        return [_value(element, wire.field(wire.IMMEDIATE_TENSOR, wire.field(field, one))) for one in encoded]

    def _typed(self, type_: TextType, depth: int) -> bytes:
        """Take a literal of *type_*; it may name its type again."""
        return self.read() if self._types.starts_type() else _value(type_, self._literal(type_, depth))

    def _tuple(self, type_: TextType, depth: int) -> bytes:
        tokens = self._tokens
        several = len(type_.parts) > 1
        if several:
            tokens.expect("(")
        values = []
        for index, part in enumerate(type_.parts):
            if index:
                tokens.expect(",")
            values.append(self._typed(part, depth))
        if several:
            tokens.expect(")")
        return wire.field(wire.IMMEDIATE_TUPLE, b"".join(wire.field(1, value) for value in values))

    def _dict(self, type_: TextType, depth: int) -> bytes:
        tokens, (key, value) = self._tokens, type_.parts
        tokens.expect("{")
        pairs: list[bytes] = []
        while not tokens.accept("}"):
            if pairs:
                tokens.expect(",")
            tokens.expect("{")
            content = wire.field(1, self._typed(key, depth))
            tokens.expect(",")
            pairs.append(wire.field(1, content + wire.field(2, self._typed(value, depth))))
            tokens.expect("}")
        return wire.field(wire.IMMEDIATE_DICTIONARY, b"".join(pairs))

    def _state(self, type_: TextType, depth: int) -> bytes:  # noqa: ARG002 - the table of kinds calls all alike
        self._tokens.fail("expected a value, and a state has none in the text")


def _value(type_: TextType, immediate: bytes) -> bytes:
    return wire.field(wire.VALUE_TYPE, type_.content) + wire.field(wire.VALUE_IMMEDIATE, immediate)


def text_value(type_: TextType, text: str) -> bytes:
    """Return a value of one text, without detours: every operation has one, its name."""
    return wire.field(wire.VALUE_TYPE, type_.content) + wire.nested_text(_TEXT_HEADS, text)
