"""Constants of an ML Program, in the program itself or in the weight file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.blob import BlobRef
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.packing import packed_size, unpack
from pytest_coreml.reference.format.types import TensorType, type_from_proto

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.blob import BlobFile, MemoryBlobs


class Blobs(Protocol):
    """A look-up of weight files by name."""

    def __call__(self, name: str, /) -> BlobFile | MemoryBlobs:
        """Return the weights that the program refers to by *name*."""


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that is known before the model runs.

    `data` is an array, or its location in a weight file, which is not read until `array` is called.
    """

    type: TensorType
    data: NDArray[Any] | BlobRef

    @classmethod
    def of(cls, array: NDArray[Any], dtype: DType) -> Constant:
        """Return the constant of an array that was computed while the model was loaded."""
        return cls(TensorType(dtype, array.shape), array)

    def array(self) -> NDArray[Any]:
        """Return the value as a numpy array; do not write to it."""
        return self.data.array() if isinstance(self.data, BlobRef) else self.data


def constant_from_proto(proto: Any, blobs: Blobs) -> Constant:
    """Read a `MILSpec.Value`; raise `BadModelError` if its content does not match its type."""
    kind = proto.WhichOneof("value")
    if kind == "immediateValue" and proto.immediateValue.WhichOneof("value") == "list":
        return _list_of_scalars(proto, blobs)
    type_ = type_from_proto(proto.type)
    if not isinstance(type_, TensorType):
        raise UnsupportedModelError("a constant of the ML Program is neither a tensor nor a list")
    shape = _static_shape(type_)
    size = _size(shape)
    if kind == "blobFileValue":
        blob = proto.blobFileValue
        return Constant(type_, blobs(blob.fileName).ref(blob.offset, type_.dtype, size, shape))
    if kind != "immediateValue":
        raise BadModelError(f"a constant of type {type_} has no value")
    return Constant(type_, _immediate(proto.immediateValue.tensor, type_, size, shape))


def _static_shape(type_: TensorType) -> tuple[int, ...]:
    if None in type_.shape:
        raise BadModelError(f"a constant has a type with an unknown dimension: {type_}")
    return tuple(d for d in type_.shape if d is not None)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for dimension in shape:
        size *= dimension
    return size


def _immediate(proto: Any, type_: TensorType, size: int, shape: tuple[int, ...]) -> NDArray[Any]:
    kind = proto.WhichOneof("value")
    if kind is None:
        if size:
            raise BadModelError(f"a constant of type {type_} has no elements")
        return np.empty(shape, type_.dtype.numpy)
    values = getattr(proto, kind).values
    if kind == "bytes":
        return _from_bytes(values, type_, size, shape)
    if len(values) != size:
        raise BadModelError(f"a constant of type {type_} has {len(values)} elements, expected {size}")
    try:
        return np.array(values, dtype=type_.dtype.numpy).reshape(shape)
    except (OverflowError, TypeError, ValueError) as error:
        raise BadModelError(f"a constant of type {type_} has elements of another type ({kind}): {error}") from error


def _from_bytes(data: bytes, type_: TensorType, size: int, shape: tuple[int, ...]) -> NDArray[Any]:
    if type_.dtype is DType.STRING or len(data) != packed_size(size, type_.dtype):
        expected = packed_size(size, type_.dtype)
        raise BadModelError(f"a constant of type {type_} has {len(data)} bytes, expected {expected}")
    return unpack(np.frombuffer(data, np.uint8), type_.dtype, shape)


def _list_of_scalars(proto: Any, blobs: Blobs) -> Constant:
    """Read a list of scalars (the labels of `classify`) as an array of rank 1."""
    items = [constant_from_proto(value, blobs) for value in proto.immediateValue.list.values]
    if any(item.type.size != 1 for item in items):
        raise UnsupportedModelError("a list of the ML Program contains elements that are not scalars")
    dtype = items[0].type.dtype if items else DType.STRING
    return Constant.of(np.array([item.array().item() for item in items], dtype=dtype.numpy), dtype)
