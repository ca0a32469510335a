"""Types in the text of an ML Program: `tensor<fp16, [1, ?]>`, `list<string, 2>`, and scalars such as `fp16`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.errors import UnsupportedModelError
from pytest_coreml.reference.format.dtypes import PROTO_DTYPES, DType
from pytest_coreml.reference.format.mil import wire

if TYPE_CHECKING:
    from pytest_coreml.reference.format.mil.tokens import Tokens
    from pytest_coreml.reference.format.types import Shape

MAX_NESTING: Final = 15

_DTYPES: Final = {dtype.value: dtype for dtype in DType}
_NUMBERS: Final = {dtype: number for number, dtype in PROTO_DTYPES.items()}
# Of MIL.proto, with no meaning here
_UNKNOWN_DTYPES: Final = ("bf16", "fp8e4m3fn", "fp8e5m2")
_GENERIC: Final = ("tensor", "tensor_buffer", "list", "tuple", "dict", "state")
_UNKNOWN_DIMENSION: Final = wire.field(wire.DIMENSION_UNKNOWN, b"")


@dataclass(frozen=True)
class TextType:
    """A type; *kind* is `tensor`, `list`, `tuple`, `dict` or `state`, *content* a serialized `ValueType`.

    `parts` are the types of a list's elements, of a tuple's members, or of a dictionary's keys and values.
    """

    kind: str
    content: bytes
    dtype: DType | None = None
    shape: Shape = ()
    parts: tuple[TextType, ...] = ()


class TypeReader:
    """Reads types; each text of a tensor type once."""

    def __init__(self, tokens: Tokens) -> None:
        """Read from *tokens*."""
        self._tokens = tokens
        self._known: dict[str, TextType] = {}

    def named(self, word: str) -> TextType:
        """Return the type that is one word. Raises `BadModelError` at the next token."""
        known = self._known.get(word)
        if known is None:
            if not (word.startswith("tensor<") or word in _DTYPES or word in _UNKNOWN_DTYPES):
                self._tokens.fail("expected a type")
            known = self._tensor(word) if word.startswith("tensor<") else _tensor_type(self._dtype(word), ())
            self._known[word] = known
        return known

    def starts_type(self) -> bool:
        """Return whether a type comes next. A name may be a word of a type, too: then no `<` is behind it."""
        token = self._tokens.peek()
        if token in self._known or token.startswith("tensor<"):
            return True
        behind = self._tokens.list[self._tokens.position + 1]
        return (token in _GENERIC and behind == "<") or (token in (*_DTYPES, *_UNKNOWN_DTYPES) and behind == "(")

    def starts_declaration(self) -> bool:
        """Return whether a type and a name come next."""
        token = self._tokens.peek()
        if token in self._known or token.startswith("tensor<"):
            return True
        behind = self._tokens.list[self._tokens.position + 1]
        is_scalar = token in _DTYPES or token in _UNKNOWN_DTYPES
        return (token in _GENERIC and behind == "<") or (is_scalar and behind not in ("(", "<"))

    def read(self, depth: int = 0) -> TextType:
        """Take a type. Raises `BadModelError` when there is none, or when types are nested too deeply."""
        tokens = self._tokens
        token = tokens.peek()
        known = self._known.get(token)
        if known is not None:
            tokens.position += 1
            return known
        if depth > MAX_NESTING:
            tokens.fail(f"expected at most {MAX_NESTING} types inside each other")
        if token.startswith("tensor<"):
            return self._keep(token, self._tensor(token))
        if token in _DTYPES or token in _UNKNOWN_DTYPES:
            return self._keep(token, _tensor_type(self._dtype(token), ()))
        if token not in _GENERIC:
            tokens.fail("expected a type")
        tokens.position += 1
        tokens.expect("<")
        readers = {
            "tensor": self._spaced_tensor,
            "tensor_buffer": self._buffer,
            "list": self._list,
            "tuple": self._tuple,
            "dict": self._dict,
            "state": self._state,
        }
        made = readers[token](depth + 1)
        tokens.expect(">")
        return made

    def _keep(self, token: str, made: TextType) -> TextType:
        self._known[token] = made
        self._tokens.position += 1
        return made

    def _dtype(self, word: str) -> DType:
        if word not in _DTYPES:
            self._tokens.fail(f"expected an element type known here, not {word}", UnsupportedModelError)
        return _DTYPES[word]

    def _tensor(self, token: str) -> TextType:
        word, _, sizes = token.removeprefix("tensor<").removesuffix(">").partition(",")
        return _tensor_type(self._dtype(word), self.shape(sizes.strip()))

    def _spaced_tensor(self, _: int) -> TextType:
        """Read `fp16, [1, 4]` of a tensor type that is not written as one token."""
        dtype = self._dtype(self._tokens.take())
        self._tokens.expect(",")
        shape = self.shape(self._tokens.peek())
        self._tokens.take()
        return _tensor_type(dtype, shape)

    def shape(self, text: str) -> Shape:
        """Return the sizes in `[1, ?]`. Raises `BadModelError` at the next token."""
        inner = text[1:-1].strip()
        if len(text) < 2 or text[0] != "[" or text[-1] != "]":
            self._tokens.fail("expected a shape, as [1, ?]")
        return tuple([self._size(word.strip()) for word in inner.split(",")]) if inner else ()

    def _size(self, word: str) -> int | None:
        if word == "?":
            return None
        if not (word.isascii() and word.isdigit() and len(word) <= 20 and int(word) < 1 << 64):
            self._tokens.fail(f"expected sizes of 64 bits or '?', not {word!r}")
        return int(word)

    def _buffer(self, _: int) -> TextType:
        """Read `fp16, shape=[1, 4], strides=[4, 1], …`: a tensor; where its elements lie does not matter here."""
        tokens = self._tokens
        dtype, shape = self._dtype(tokens.take()), None
        while tokens.accept(","):
            key = tokens.name("a property of the buffer")
            tokens.expect("=")
            if key == "shape":
                shape = self.shape(tokens.peek())
            tokens.take()
        if shape is None:
            tokens.fail("expected the shape of the buffer")
        return _tensor_type(dtype, shape)

    def _list(self, depth: int) -> TextType:
        element = self.read(depth)
        self._tokens.expect(",")
        length = None if self._tokens.accept("?") else self._tokens.whole_number("the length of a list")
        content = wire.field(wire.LIST_TYPE, element.content) + wire.field(wire.LIST_LENGTH, _dimension(length))
        return TextType("list", wire.field(wire.TYPE_LIST, content), shape=(length,), parts=(element,))

    def _tuple(self, depth: int) -> TextType:
        parts = [self.read(depth)]
        while self._tokens.accept(","):
            parts.append(self.read(depth))
        content = b"".join(wire.field(wire.TUPLE_TYPES, part.content) for part in parts)
        return TextType("tuple", wire.field(wire.TYPE_TUPLE, content), parts=tuple(parts))

    def _dict(self, depth: int) -> TextType:
        key = self.read(depth)
        self._tokens.expect(",")
        value = self.read(depth)
        content = wire.field(wire.DICTIONARY_KEY, key.content) + wire.field(wire.DICTIONARY_VALUE, value.content)
        return TextType("dict", wire.field(wire.TYPE_DICTIONARY, content), parts=(key, value))

    def _state(self, depth: int) -> TextType:
        wrapped = self.read(depth)
        content = wire.field(wire.STATE_WRAPPED, wrapped.content)
        return TextType("state", wire.field(wire.TYPE_STATE, content), parts=(wrapped,))


def _tensor_type(dtype: DType, shape: Shape) -> TextType:
    content = wire.number_field(wire.TENSOR_DTYPE, _NUMBERS[dtype])
    if shape:
        content += wire.number_field(wire.TENSOR_RANK, len(shape))
        content += b"".join([wire.field(wire.TENSOR_DIMENSIONS, _dimension(size)) for size in shape])
    return TextType("tensor", wire.field(wire.TYPE_TENSOR, content), dtype, shape)


def _dimension(size: int | None) -> bytes:
    if size is None:
        return _UNKNOWN_DIMENSION
    return wire.field(wire.DIMENSION_CONSTANT, wire.number_field(wire.CONSTANT_SIZE, size) if size else b"")
