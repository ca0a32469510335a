"""Serialized messages of `MIL.proto`, built field by field.

To build messages as Python objects takes most of the time of reading a large text. Bytes are put together quickly, and
the same few types and values, which are kept by their text, are put together once.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# Protobuf's wire types
_VARINT: Final = 0
_DELIMITED: Final = 2

# Field numbers of MIL.proto and Model.proto, as MESSAGE_FIELD
PROGRAM_VERSION, PROGRAM_FUNCTIONS, PROGRAM_ATTRIBUTES = 1, 2, 4
FUNCTION_INPUTS, FUNCTION_OPSET, FUNCTION_BLOCKS, FUNCTION_ATTRIBUTES = 1, 2, 3, 4
BLOCK_OUTPUTS, BLOCK_OPERATIONS = 2, 3
OPERATION_TYPE, OPERATION_INPUTS, OPERATION_OUTPUTS, OPERATION_ATTRIBUTES = 1, 2, 3, 5
ARGUMENT_BINDINGS = 1
BINDING_NAME, BINDING_VALUE = 1, 2
NAMED_NAME, NAMED_TYPE = 1, 2
TYPE_TENSOR, TYPE_LIST, TYPE_TUPLE, TYPE_DICTIONARY, TYPE_STATE = 1, 2, 3, 4, 5
TENSOR_DTYPE, TENSOR_RANK, TENSOR_DIMENSIONS = 1, 2, 3
LIST_TYPE, LIST_LENGTH = 1, 2
TUPLE_TYPES = 1
DICTIONARY_KEY, DICTIONARY_VALUE = 1, 2
STATE_WRAPPED = 1
DIMENSION_CONSTANT, DIMENSION_UNKNOWN, CONSTANT_SIZE = 1, 2, 1
VALUE_TYPE, VALUE_IMMEDIATE, VALUE_BLOB = 2, 3, 5
IMMEDIATE_TENSOR, IMMEDIATE_TUPLE, IMMEDIATE_LIST, IMMEDIATE_DICTIONARY = 1, 2, 3, 4
FLOATS, INTS, BOOLS, STRINGS, LONG_INTS, DOUBLES, BYTES = 1, 2, 3, 4, 5, 6, 7
BLOB_NAME, BLOB_OFFSET = 1, 2
MODEL_VERSION, MODEL_DESCRIPTION, MODEL_PROGRAM = 1, 2, 502


def varint(number: int) -> bytes:
    """Return a number of at most 64 bits; negative ones as two's complement."""
    if 0 <= number < 128:
        return _BYTES[number]
    number &= (1 << 64) - 1
    parts = bytearray()
    while number >= 128:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


_BYTES: Final = [bytes((number,)) for number in range(128)]
# The heads of delimited fields with numbers below 16, which are one byte
_HEADS: Final = [bytes((number << 3 | _DELIMITED,)) for number in range(16)]


def number_field(field: int, number: int) -> bytes:
    """Return a field that holds a whole number."""
    return varint(field << 3 | _VARINT) + varint(number)


def field(number: int, content: bytes) -> bytes:
    """Return a field that holds a message, a text or packed numbers."""
    size = len(content)
    first = _HEADS[number] if number < 16 else varint(number << 3 | _DELIMITED)
    return first + (_BYTES[size] if size < 128 else varint(size)) + content


def text_field(number: int, text: str) -> bytes:
    """Return a field that holds a text."""
    return field(number, text.encode())


def nested_text(heads: Sequence[bytes], text: str) -> bytes:
    """Return a text in fields inside each other, the outermost first; `head` makes heads."""
    content = text.encode()
    size = len(content)
    for outer in reversed(heads):
        content = outer + (_BYTES[size] if size < 128 else varint(size)) + content
        size = len(content)
    return content


def head(number: int) -> bytes:
    """Return the head of a field with a number below 16."""
    return _HEADS[number]


@functools.lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return text_field(1, key)


def entry(number: int, key: str, content: bytes) -> bytes:
    """Return an entry of a field that maps texts to messages."""
    return field(number, _key(key) + field(2, content))
