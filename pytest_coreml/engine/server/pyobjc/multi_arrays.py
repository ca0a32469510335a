"""Arrays of numpy, and `MLMultiArray`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.engine.server.pyobjc.foundation_objects import array, whole_number
from pytest_coreml.engine.server.pyobjc.frameworks import reason
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Names of `MLMultiArrayDataType`. The last one is of macOS 26, and of PyObjC 12.
_TYPES: Final = {
    "float16": "MLMultiArrayDataTypeFloat16",
    "float32": "MLMultiArrayDataTypeFloat32",
    "float64": "MLMultiArrayDataTypeFloat64",
    "int32": "MLMultiArrayDataTypeInt32",
    "int8": "MLMultiArrayDataTypeInt8",
}


def wrap(values: NDArray[Any]) -> Any:
    """Return an `MLMultiArray` over the memory of a C-contiguous array, which must be kept as long as that is used.

    Raises `ModelError` for an element type that PyObjC does not know.
    """
    import CoreML

    kind = getattr(CoreML, _TYPES.get(values.dtype.name, ""), None)
    if kind is None:
        raise ModelError(f"PyObjC has no multi-array of {values.dtype}")
    # Strides are in elements.
    strides = array(whole_number(stride // values.itemsize) for stride in values.strides)
    shape = array(map(whole_number, values.shape))
    multi, error = CoreML.MLMultiArray.alloc().initWithDataPointer_shape_dataType_strides_deallocator_error_(
        memoryview(values.data).cast("B"), shape, kind, strides, None, None
    )
    if multi is None:
        raise ModelError(f"no multi-array of {values.dtype} {values.shape}: {reason(error)}")
    return multi


def address(multi: Any) -> int:
    """Return the address of the first element."""
    return int(np.frombuffer(multi.dataPointer().as_buffer(1), np.uint8).ctypes.data)


def read(multi: Any) -> NDArray[Any]:
    """Return a copy of the values, C-contiguous.

    Core ML pads rows: only the strides tell where an element is. Raises `ModelError` for memory that is too short.
    """
    dtype, shape, strides = _layout(multi)
    received: list[bytes] = []

    def take(content: Any, _size: int) -> None:
        # Within the handler only: Core ML may move the memory afterwards.
        received.append(bytes(content))

    multi.getBytesWithHandler_(take)
    span = _span(shape, strides)
    if len(received[0]) < span * dtype.itemsize:
        raise ModelError(f"a multi-array {shape} of {dtype} has {len(received[0])} bytes only")
    return np.array(_strided(np.frombuffer(received[0], dtype, span), shape, strides), order="C")


def write(multi: Any, values: NDArray[Any]) -> None:
    """Write *values*, of the same shape, into the memory, converted to its element type."""
    dtype, shape, strides = _layout(multi)
    span = _span(shape, strides)
    # The pointer has no length of its own; this much belongs to the elements.
    memory = np.frombuffer(multi.dataPointer().as_buffer(span * dtype.itemsize), dtype, span)
    _strided(memory, shape, strides)[...] = values


def shape_of(multi: Any) -> tuple[int, ...]:
    """Return the shape."""
    return tuple(int(size) for size in multi.shape())


def _layout(multi: Any) -> tuple[np.dtype[Any], tuple[int, ...], tuple[int, ...]]:
    import CoreML

    kinds = {getattr(CoreML, name, None): dtype for dtype, name in _TYPES.items()}
    kind = multi.dataType()
    if kind not in kinds:
        raise ModelError(f"a multi-array of a type that is unknown here: {kind}")
    return np.dtype(kinds[kind]), shape_of(multi), tuple(int(stride) for stride in multi.strides())


def _span(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the number of elements from the first to the last one, the padding between them included."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def _strided(flat: NDArray[Any], shape: tuple[int, ...], strides: tuple[int, ...]) -> NDArray[Any]:
    return np.lib.stride_tricks.as_strided(flat, shape, [stride * flat.itemsize for stride in strides])
