"""Packed elements smaller than a byte.

They are packed from the least significant bit, without gaps, across byte boundaries (MILBlob's `SubByteTypes`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.format.dtypes import DType

if TYPE_CHECKING:
    from numpy.typing import NDArray


def packed_size(size: int, dtype: DType) -> int:
    """Return the number of bytes that *size* elements occupy."""
    return -(-size * dtype.bits // 8)


def unpack(data: NDArray[np.uint8], dtype: DType, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the elements stored in *data*, whose length is `packed_size`; a view if no unpacking is needed."""
    if dtype.bits >= 8:
        return data.view(dtype.numpy).reshape(shape)
    values = _split(data, dtype.bits)[: math.prod(shape)].reshape(shape)
    if dtype is DType.INT4:
        return (values.view(np.int8) << 4) >> 4
    return values


def _split(data: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Split *data* into numbers of *bits* bits; padding at the end makes further, meaningless numbers."""
    if 8 % bits == 0:
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        numbers: NDArray[np.uint8] = (data[:, None] >> shifts) & np.uint8((1 << bits) - 1)
        return numbers.reshape(-1)
    singles = np.unpackbits(data, bitorder="little")
    groups = singles[: singles.size // bits * bits].reshape(-1, bits)
    return np.packbits(groups, axis=-1, bitorder="little").reshape(-1)


def pack(values: NDArray[Any], dtype: DType) -> bytes:
    """Return the bytes that store *values*, which `unpack` takes apart again."""
    if dtype.bits >= 8:
        return values.tobytes()
    bits = np.unpackbits(values.reshape(-1, 1).view(np.uint8), axis=-1, count=dtype.bits, bitorder="little")
    return np.packbits(bits, bitorder="little").tobytes()
