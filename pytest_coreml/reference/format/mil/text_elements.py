"""Elements of tensors in the text of an ML Program: words, as the fields of a message hold them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.mil import wire
from pytest_coreml.reference.format.packing import pack

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEXADECIMAL: Final = re.compile(r"[-+]?0[xX]")


def encode_elements(words: Sequence[str], dtype: DType) -> bytes:
    """Return the elements as the field of their type holds them; ValueError or OverflowError for what does not fit."""
    if dtype is DType.STRING:
        return b"".join([wire.text_field(1, word) for word in words])
    if dtype is DType.BOOL:
        content = bytes([_truth(word) for word in words])
    elif dtype.is_float:
        content = _rounded([_float(word) for word in words], dtype)
    else:
        numbers = [_integer(word, dtype) for word in words]
        if dtype in (DType.INT32, DType.INT64):
            content = b"".join(map(wire.varint, numbers))
        else:
            content = pack(np.array(numbers, dtype.numpy), dtype)
    return wire.field(1, content) if content else b""


def _truth(word: str) -> bool:
    if word not in ("true", "false"):
        raise ValueError(f"{word!r} is neither true nor false")
    return word == "true"


def _float(word: str) -> float:
    return float.fromhex(word) if _HEXADECIMAL.match(word) else float(word)


def _rounded(numbers: list[float], dtype: DType) -> bytes:
    with np.errstate(over="ignore"):
        array: Any = np.array(numbers, dtype.numpy)
    for number, rounded in zip(numbers, array.tolist(), strict=True):
        if math.isinf(rounded) and not math.isinf(number):
            raise OverflowError(f"{number!r} is too large")
    return bytes(array.tobytes())


def _integer(word: str, dtype: DType) -> int:
    if len(word) > 21:
        raise ValueError(f"{word[:21]!r}… is too long")
    number = int(word)
    signed = dtype.value.startswith("int")
    low, high = (-(1 << dtype.bits - 1), (1 << dtype.bits - 1) - 1) if signed else (0, (1 << dtype.bits) - 1)
    if not low <= number <= high:
        raise OverflowError(f"{number} is not between {low} and {high}")
    return number
