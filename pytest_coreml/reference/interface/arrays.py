"""Multi-arrays at the boundary of a model, checked and converted as Apple's binding and Core ML do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.half_precision import to_half, to_single
from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes
from pytest_coreml.reference.interface.paired_shapes import Enumerated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import TensorType

# What numbers of ArrayFeatureType.ArrayDataType mean.
_DECLARED: Final = {
    65552: DType.FP16,
    65568: DType.FP32,
    65600: DType.FP64,
    131080: DType.INT8,
    131104: DType.INT32,
}
# What the binding turns into a multi-array; it refuses all other types.
_ACCEPTED: Final = ("float32", "float64", "int32")


def declared_dtype(array: Any, name: str) -> DType:
    """Return the element type of an `ArrayFeatureType`; raise `BadModelError` if it is unknown."""
    if array.dataType not in _DECLARED:
        raise BadModelError(f"the feature {name!r} has the unknown element type number {array.dataType}")
    return _DECLARED[array.dataType]


class ArrayInput:
    """A multi-array input of a function of the program."""

    def __init__(self, feature: Any, port: TensorType, *, accepts_half: bool = False) -> None:
        """Read a `FeatureDescription`; raise `BadModelError` if it does not match the program.

        *accepts_half*: whether arrays in half precision are taken, which Apple's binding refuses.
        """
        self.name = feature.name
        self.optional = bool(feature.type.isOptional)
        self._array = feature.type.multiArrayType
        self._dtype = declared_dtype(self._array, self.name)
        self._port = port
        int8 = ("int8",) if self._dtype is DType.INT8 else ()
        self._accepted = (*_ACCEPTED, *int8, *(("float16",) if accepts_half else ()))
        self._shapes = AllowedShapes.of_array(self._array, port)

    @property
    def enumerated(self) -> Enumerated:
        """The shapes that may go together with those of other inputs."""
        return Enumerated(self.name, self._shapes, tuple(map(int, self._array.shape)))

    @staticmethod
    def shape_of(tensor: NDArray[Any]) -> tuple[int, ...]:
        """Return the shape of the value that `read` has returned as *tensor*."""
        return tensor.shape

    @property
    def expected(self) -> str:
        """The accepted values, as messages show them."""
        return f"{self._dtype.value} {self._shapes}"

    def read(self, value: Any) -> NDArray[Any]:
        """Return the array as the graph takes it; raise `BadInputError` if the binding or Core ML refuses the value."""
        array = self._taken(value)
        if not self._shapes.allow(array.shape):
            objection = self._shapes.objection(array.shape)
            expected = f"input {self.name!r}: expected the shape {self._shapes}, got {list(array.shape)}"
            raise BadInputError(f"{objection}; {expected}" if objection else expected)
        return self._as_declared(array)

    def default(self) -> NDArray[Any] | None:
        """Return the default value of an input, or None if it has none."""
        kind = self._array.WhichOneof("defaultOptionalValue")
        if kind is None:
            return None
        return self._as_declared(np.full(tuple(self._array.shape), getattr(self._array, kind)))

    def _taken(self, value: Any) -> NDArray[Any]:
        if not isinstance(value, np.ndarray):
            came = type(value).__name__
        elif value.dtype.name not in self._accepted or value.ndim == 0:
            came = f"an array of {value.dtype}, rank {value.ndim}"
        elif not value.flags.writeable:
            came = "a read-only array"
        else:
            return value
        raise BadInputError(
            f"value type not convertible: input {self.name!r} accepts writable arrays of {', '.join(self._accepted)}, "
            f"got {came}"
        )

    def _as_declared(self, array: NDArray[Any]) -> NDArray[Any]:
        """Convert to the declared type, which may lose precision, and then to that of the graph's input."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.ascontiguousarray(_converted(array, self._dtype), self._port.dtype.boundary.numpy)


class ArrayOutput:
    """A multi-array output of the program."""

    def __init__(self, feature: Any, port: TensorType, *, keeps_half: bool = False) -> None:
        """Read a `FeatureDescription`.

        *keeps_half*: whether half precision is returned as such, not in single precision as by Apple's binding.
        """
        self.name = feature.name
        self._dtype = declared_dtype(feature.type.multiArrayType, self.name)
        self._port = port
        self._keeps_half = keeps_half

    @property
    def can_be_backed(self) -> bool:
        """True if the graph computes the very array that is returned, so that it can be written into another one."""
        return self._port.rank > 0 and self._port.dtype.boundary is self._dtype

    def write(self, result: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the declared type; rank 0 becomes the shape (1,)."""
        with np.errstate(invalid="ignore", over="ignore"):
            array = _converted(np.atleast_1d(result), self._dtype)
        return array if self._keeps_half else to_single(array) if self._dtype is DType.FP16 else array


def _converted(array: NDArray[Any], dtype: DType) -> NDArray[Any]:
    """Return *array* in another type, itself if it has that already."""
    return to_half(array) if dtype is DType.FP16 else array.astype(dtype.numpy, copy=False)
