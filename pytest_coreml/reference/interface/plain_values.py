"""Values of models that are not tensor programs: numbers, strings, dictionaries, sequences, arrays, images.

A value is read by the type that the description declares, as Apple's binding and Core ML take it, and is then a plain
Python value: float, int, str, dict, list, or an array of the declared element type, half precision in single precision.
Outputs are written in the same types.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.types import TensorType
from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes
from pytest_coreml.reference.interface.arrays import ArrayInput, declared_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_INT64: Final = np.iinfo(np.int64)


class PlainInput:
    """One input, described by a `FeatureDescription`."""

    def __init__(self, feature: Any) -> None:
        """Read the description; raise `UnsupportedModelError` for an unsupported type."""
        self.name = str(feature.name)
        self.optional = bool(feature.type.isOptional)
        self.kind = str(feature.type.WhichOneof("Type"))
        if self.kind != "multiArrayType" and self.kind not in _READERS:
            raise UnsupportedModelError(f"the input {self.name!r} has the unsupported type {self.kind}")
        self._type = getattr(feature.type, self.kind)
        self._array = _array_input(feature) if self.kind == "multiArrayType" else None

    @property
    def expected(self) -> str:
        """The accepted values, as messages show them."""
        if self._array is not None:
            return self._array.expected
        if self.kind == "dictionaryType":
            return f"dictionary of {_key_word(self._type)} to double"
        if self.kind == "sequenceType":
            return f"sequence of {_element_word(self._type)}"
        return self.kind.removesuffix("Type")

    def read(self, value: Any) -> Any:
        """Return the value in its declared type; raise `BadInputError` if Apple's binding or Core ML refuses it."""
        if self._array is not None:
            return self._array.read(value)
        try:
            return _READERS[self.kind](value, self._type)
        except _Mismatch as mismatch:
            raise BadInputError(f"input {self.name!r}: expected {self.expected}, got {mismatch}") from None

    def default(self) -> Any:
        """Return the default value of an optional input, or None if it has none."""
        return self._array.default() if self._array is not None else None


class PlainOutput:
    """One output, described by a `FeatureDescription`."""

    def __init__(self, feature: Any) -> None:
        """Read the description; raise `UnsupportedModelError` for an unsupported type."""
        self.name = str(feature.name)
        self.kind = str(feature.type.WhichOneof("Type"))
        if self.kind not in _WRITERS:
            raise UnsupportedModelError(f"the output {self.name!r} has the unsupported type {self.kind}")
        self._type = getattr(feature.type, self.kind)
        if self.kind == "multiArrayType":
            declared_dtype(self._type, self.name)

    def write(self, value: Any) -> Any:
        """Return the value in its declared type; raise `BadModelError` if it cannot be converted."""
        try:
            return _WRITERS[self.kind](value, self._type)
        except (_Mismatch, TypeError, ValueError) as error:
            kind = self.kind.removesuffix("Type")
            raise BadModelError(f"output {self.name!r}: declared as {kind}, but the model computes {error}") from None


class _Mismatch(Exception):  # noqa: N818 - internal: the caller raises the error
    """A description of the value that does not match the expected one."""


def _array_input(feature: Any) -> ArrayInput:
    """Return the input for an array of the declared shape, or of any shape where none is declared."""
    array = feature.type.multiArrayType
    port = TensorType(declared_dtype(array, feature.name), tuple(map(int, array.shape)))
    if array.shape or array.WhichOneof("ShapeFlexibility"):
        return ArrayInput(feature, port)
    return _UnshapedInput(feature, port)


class _AnyShape(AllowedShapes):
    """All shapes."""

    def allow(self, shape: tuple[int, ...]) -> bool:
        return bool(shape)

    def __str__(self) -> str:
        return "of any shape"


class _UnshapedInput(ArrayInput):
    """An array input whose description declares no shape."""

    def __init__(self, feature: Any, port: TensorType) -> None:
        super().__init__(feature, port)
        self._shapes = _AnyShape(())


def _read_double(value: Any, _: Any) -> float:
    # numpy.float64 is a float; Apple's binding refuses scalars of single precision. coremltools' own tests pass arrays
    # of one number for doubles.
    if isinstance(value, np.ndarray) and value.shape == (1,) and value.dtype.kind in "if":
        return float(value[0])
    if isinstance(value, (int, float, np.integer)):
        return float(value)
    raise _Mismatch(_shown(value))


def _read_int64(value: Any, _: Any) -> int:
    whole = isinstance(value, (int, np.integer)) or (isinstance(value, float) and value.is_integer())
    if whole and _INT64.min <= int(value) <= _INT64.max:
        return int(value)
    raise _Mismatch(_shown(value))


def _read_string(value: Any, _: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    raise _Mismatch(_shown(value))


def _read_dictionary(value: Any, declared: Any) -> dict[Any, float]:
    if not isinstance(value, dict):
        raise _Mismatch(_shown(value))
    read_key = _read_int64 if _key_word(declared) == "int64" else _read_string
    if value and all(isinstance(key, (int, np.integer)) for key in value):
        # coremltools' converter of scikit-learn declares strings for dictionaries whose keys are integers.
        read_key = _read_int64
    return {read_key(key, None): _read_double(number, None) for key, number in value.items()}


def _read_sequence(value: Any, declared: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _Mismatch(_shown(value))
    read_element = _read_int64 if _element_word(declared) == "int64" else _read_string
    return [read_element(element, None) for element in value]


def _read_image(value: Any, _: Any) -> Any:
    from PIL import Image

    if isinstance(value, Image.Image):
        return value
    raise _Mismatch(_shown(value))


def _write_array(value: Any, declared: Any) -> NDArray[Any]:
    dtype = declared_dtype(declared, "")
    with np.errstate(invalid="ignore", over="ignore"):
        array = np.array(np.asarray(value).astype(dtype.numpy), dtype.compute.numpy if dtype is DType.FP16 else None)
    shape = tuple(map(int, declared.shape))
    if shape and declared.WhichOneof("ShapeFlexibility") is None and math.prod(shape) == array.size:
        return array.reshape(shape)
    return np.atleast_1d(array)


def _write_double(value: Any, _: Any) -> float:
    return float(_single(value))


def _write_int64(value: Any, _: Any) -> int:
    number = _single(value)
    if isinstance(number, (float, np.floating)) and not float(number).is_integer():
        raise _Mismatch(f"{number}, which is not an integer")
    return int(number)


def _write_string(value: Any, _: Any) -> str:
    return _read_string(value, None)


def _write_dictionary(value: Any, declared: Any) -> dict[Any, float]:
    if not isinstance(value, dict):
        raise _Mismatch(_shown(value))
    key = int if _key_word(declared) == "int64" else str
    return {key(name): float(number) for name, number in value.items()}


def _single(value: Any) -> Any:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise _Mismatch(_shown(value))
    return array.reshape(-1)[0]


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {list(value.shape)}"
    return f"{type(value).__name__} {value!r:.60}"


def _key_word(declared: Any) -> str:
    return "int64" if declared.WhichOneof("KeyType") == "int64KeyType" else "string"


def _element_word(declared: Any) -> str:
    return "int64" if declared.WhichOneof("Type") == "int64Type" else "string"


_READERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "doubleType": _read_double,
    "int64Type": _read_int64,
    "stringType": _read_string,
    "dictionaryType": _read_dictionary,
    "sequenceType": _read_sequence,
    "imageType": _read_image,
}
_WRITERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "multiArrayType": _write_array,
    "doubleType": _write_double,
    "int64Type": _write_int64,
    "stringType": _write_string,
    "dictionaryType": _write_dictionary,
    "sequenceType": _read_sequence,
    "imageType": _read_image,
}
