"""Weights of layers: float32, float16, or codes of 1 to 8 bits with a scale or a table (`WeightParams`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MAX_BITS: Final = 8


def is_empty(params: Any) -> bool:
    """Return True when the message holds no weights at all."""
    return not (params.floatValue or params.float16Value or params.rawValue or params.int8RawValue)


def decode(params: Any, shape: Sequence[int], what: str, channel_axis: int = 0) -> NDArray[np.float32]:
    """Return the weights in single precision; `BadModelError` when there are more or fewer than `shape` has.

    *channel_axis*: the axis of the output channels, along which scales of quantized weights lie.
    """
    size = math.prod(shape)
    values = _values(params, size, what)
    if values.size != size:
        raise BadModelError(f"{what} has {values.size} elements, expected {size} for the shape {list(shape)}")
    array = values.reshape(shape)
    if params.rawValue or params.int8RawValue:
        array = _dequantized(array, params, what, channel_axis)
    return np.ascontiguousarray(array, np.float32)


def _values(params: Any, size: int, what: str) -> NDArray[Any]:
    """Return the stored numbers, codes of quantized weights, in one row."""
    if params.floatValue:
        return _packed_floats(params)
    if params.float16Value:
        if len(params.float16Value) % 2:
            raise BadModelError(f"{what} has {len(params.float16Value)} bytes of float16, which is not a whole number")
        return np.frombuffer(params.float16Value, "<f2")
    if params.int8RawValue:
        return np.frombuffer(params.int8RawValue, np.int8)
    return _codes(params.rawValue, int(params.quantization.numberOfBits), size, what)


def _packed_floats(params: Any) -> NDArray[np.float32]:
    """Return `floatValue`, which is the first field of the serialized message, by its bytes.

    To read the elements of the field one by one takes a hundred times as long.
    """
    content = params.SerializeToString()
    end = 1
    length = shift = 0
    while True:
        byte = content[end]
        length |= (byte & 0x7F) << shift
        shift, end = shift + 7, end + 1
        if byte < 0x80:
            break
    return np.frombuffer(content, "<f4", length // 4, end)


def _codes(raw: bytes, bits: int, size: int, what: str) -> NDArray[np.uint8]:
    """Return codes of `bits` bits each, the most significant bit first, without gaps between them."""
    if not raw:
        return np.empty(0, np.uint8)
    if not 1 <= bits <= _MAX_BITS:
        raise BadModelError(f"{what} is quantized to {bits} bits, expected 1 to {_MAX_BITS}")
    expected = -(-size * bits // 8)
    if len(raw) != expected:
        raise BadModelError(f"{what} has {len(raw)} bytes of {bits}-bit codes, expected {expected} for {size} elements")
    data = np.frombuffer(raw, np.uint8)
    if bits == _MAX_BITS:
        return data
    singles = np.unpackbits(data)[: size * bits].reshape(size, bits)
    padded = np.zeros((size, 8), np.uint8)
    padded[:, 8 - bits :] = singles
    return np.packbits(padded, axis=-1).reshape(-1)


def _dequantized(codes: NDArray[Any], params: Any, what: str, channel_axis: int) -> NDArray[Any]:
    quantization = params.quantization
    kind = quantization.WhichOneof("QuantizationType")
    if kind == "lookupTableQuantization":
        table = np.array(quantization.lookupTableQuantization.floatValue, np.float32)
        if codes.size and int(codes.max()) >= len(table):
            raise BadModelError(f"{what} has the code {int(codes.max())}, its table only {len(table)} elements")
        return np.asarray(table[codes])
    if kind is None:
        raise BadModelError(f"{what} is quantized, but neither with a scale nor with a table")
    linear = quantization.linearQuantization
    scale, bias = (_per_channel(values, codes, what, channel_axis) for values in (linear.scale, linear.bias))
    return codes.astype(np.float32) * (1.0 if scale is None else scale) + (0.0 if bias is None else bias)


def _per_channel(values: Any, codes: NDArray[Any], what: str, axis: int) -> NDArray[np.float32] | None:
    if not values:
        return None
    numbers = np.array(values, np.float32)
    if numbers.size == 1:
        return numbers.reshape(())
    if codes.ndim == 0 or numbers.size != codes.shape[axis]:
        raise BadModelError(f"{what} has {numbers.size} scales or biases for {list(codes.shape)} codes")
    return numbers.reshape([-1 if index == axis else 1 for index in range(codes.ndim)])
