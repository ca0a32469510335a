"""The element types of ML Programs, in their four representations.

These are the numbers in an ML Program's proto (`MIL.proto`, DataType), in the header of a weight blob (`BlobDataType`
of MILBlob) and in ONNX (`TensorProto.DataType`), and numpy's types.
"""

from __future__ import annotations

import enum
from typing import Final

import numpy as np


class DType(enum.Enum):
    """An element type; its value is the name that MIL's own text and the `cast` operation use."""

    BOOL = "bool"
    STRING = "string"
    FP16 = "fp16"
    FP32 = "fp32"
    FP64 = "fp64"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    INT4 = "int4"
    UINT1 = "uint1"
    UINT2 = "uint2"
    UINT3 = "uint3"
    UINT4 = "uint4"
    UINT6 = "uint6"

    # Members are looked up in tables all the time; the hash of an `Enum` is a function in Python.
    __hash__ = object.__hash__

    @property
    def bits(self) -> int:
        """The stored size of one element, in bits; 0 for strings, whose size varies."""
        return _BITS[self]

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The numpy type that holds one element; types smaller than a byte are held in one byte."""
        return _NUMPY[self]

    @property
    def onnx(self) -> int:
        """The number of this type in ONNX; types smaller than a byte are computed in one byte."""
        return _ONNX[self]

    @property
    def is_float(self) -> bool:
        """True if the elements are floating-point numbers."""
        return self in _FLOATS

    @property
    def is_integer(self) -> bool:
        """True if the elements are integers."""
        return "int" in self.value

    @property
    def boundary(self) -> DType:
        """The type in which the graph takes inputs and returns outputs: half precision is converted in the graph."""
        return self if self is DType.FP16 else self.compute

    @property
    def compute(self) -> DType:
        """The type in which the graph computes: fp32 for fp16 (see `options.py`), int8 and uint8 for less."""
        if self is DType.FP16:
            return DType.FP32
        if self.bits in (0, *_WHOLE_BYTES):
            return self
        return DType.INT8 if self is DType.INT4 else DType.UINT8


_WHOLE_BYTES: Final = (8, 16, 32, 64)
_FLOATS: Final = frozenset({DType.FP16, DType.FP32, DType.FP64})

_BITS: Final = {
    DType.BOOL: 8,
    DType.STRING: 0,
    DType.FP16: 16,
    DType.FP32: 32,
    DType.FP64: 64,
    **{dtype: int(dtype.value.lstrip("uint")) for dtype in DType if "int" in dtype.value},
}

_NUMPY: Final[dict[DType, np.dtype[np.generic]]] = {
    DType.BOOL: np.dtype(np.bool_),
    DType.STRING: np.dtype(object),
    DType.FP16: np.dtype("<f2"),
    DType.FP32: np.dtype("<f4"),
    DType.FP64: np.dtype("<f8"),
    **{dtype: np.dtype(f"<{dtype.value[0]}{max(_BITS[dtype], 8) // 8}") for dtype in DType if "int" in dtype.value},
}

# onnx.TensorProto.DataType
_ONNX: Final = {
    DType.FP32: 1,
    DType.UINT8: 2,
    DType.INT8: 3,
    DType.UINT16: 4,
    DType.INT16: 5,
    DType.INT32: 6,
    DType.INT64: 7,
    DType.STRING: 8,
    DType.BOOL: 9,
    DType.FP16: 10,
    DType.FP64: 11,
    DType.UINT32: 12,
    DType.UINT64: 13,
    DType.INT4: 3,
    DType.UINT1: 2,
    DType.UINT2: 2,
    DType.UINT3: 2,
    DType.UINT4: 2,
    DType.UINT6: 2,
}

# CoreML.Specification.MILSpec.DataType
PROTO_DTYPES: Final = {
    1: DType.BOOL,
    2: DType.STRING,
    10: DType.FP16,
    11: DType.FP32,
    12: DType.FP64,
    21: DType.INT8,
    22: DType.INT16,
    23: DType.INT32,
    24: DType.INT64,
    25: DType.INT4,
    31: DType.UINT8,
    32: DType.UINT16,
    33: DType.UINT32,
    34: DType.UINT64,
    35: DType.UINT4,
    36: DType.UINT2,
    37: DType.UINT1,
    38: DType.UINT6,
    39: DType.UINT3,
}

# MILBlob's BlobDataType, in the header before each blob of a weight file.
BLOB_DTYPES: Final = {
    1: DType.FP16,
    2: DType.FP32,
    3: DType.UINT8,
    4: DType.INT8,
    6: DType.INT16,
    7: DType.UINT16,
    8: DType.INT4,
    9: DType.UINT1,
    10: DType.UINT2,
    11: DType.UINT4,
    12: DType.UINT3,
    13: DType.UINT6,
    14: DType.INT32,
    15: DType.UINT32,
}
