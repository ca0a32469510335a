"""Values of coremltools' conventions, and `MLFeatureValue`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.engine.server.pyobjc.foundation_objects import dictionary, real_number, string, whole_number
from pytest_coreml.engine.server.pyobjc.frameworks import reason
from pytest_coreml.engine.server.pyobjc.multi_arrays import read, wrap
from pytest_coreml.engine.server.pyobjc.pixel_buffers import from_pixel_buffer, to_pixel_buffer
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable


def to_feature_value(value: Any) -> Any:
    """Return the `MLFeatureValue` of a prepared input. The memory of an array is shared, that of an image is copied.

    Raises the errors of `to_pixel_buffer`.
    """
    import CoreML

    values = CoreML.MLFeatureValue
    if isinstance(value, np.ndarray):
        return values.featureValueWithMultiArray_(wrap(value))
    if isinstance(value, int):
        return values.featureValueWithInt64_(value)
    if isinstance(value, float):
        return values.featureValueWithDouble_(value)
    if isinstance(value, str):
        return values.featureValueWithString_(string(value))
    if isinstance(value, dict):
        return _dictionary_value(value)
    return values.featureValueWithPixelBuffer_(to_pixel_buffer(value))


def _dictionary_value(value: dict[Any, Any]) -> Any:
    import CoreML

    items = {
        (key if isinstance(key, str) else whole_number(key)): real_number(float(number))
        for key, number in value.items()
    }
    converted, error = CoreML.MLFeatureValue.featureValueWithDictionary_error_(dictionary(items), None)
    if converted is None:
        raise ModelError(f"a dictionary cannot be passed: {reason(error)}")
    return converted


def from_feature_value(value: Any) -> Any:
    """Return an output by coremltools' conventions, half precision as single.

    Raises `ModelError` for a type that is unknown here.
    """
    kind = value.type()
    readers = _readers()
    if kind not in readers:
        raise ModelError(f"an output of a type that --coreml-api=pyobjc does not read: {kind}")
    return readers[kind](value)


def _readers() -> dict[int, Callable[[Any], Any]]:
    import CoreML

    return {
        CoreML.MLFeatureTypeInt64: lambda value: int(value.int64Value()),
        CoreML.MLFeatureTypeDouble: lambda value: float(value.doubleValue()),
        CoreML.MLFeatureTypeString: lambda value: str(value.stringValue()),
        CoreML.MLFeatureTypeImage: lambda value: from_pixel_buffer(value.imageBufferValue()),
        CoreML.MLFeatureTypeMultiArray: lambda value: _single(read(value.multiArrayValue())),
        CoreML.MLFeatureTypeDictionary: lambda value: _from_dictionary(value.dictionaryValue()),
        CoreML.MLFeatureTypeSequence: lambda value: _from_sequence(value.sequenceValue()),
    }


def _single(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _from_dictionary(items: Any) -> dict[Any, float]:
    return {_key(key): float(items.objectForKey_(key)) for key in items.allKeys()}


def _key(key: Any) -> Any:
    return str(key) if isinstance(key, str) else int(key)


def _from_sequence(sequence: Any) -> list[Any]:
    import CoreML

    if sequence.type() == CoreML.MLFeatureTypeInt64:
        return [int(number) for number in sequence.int64Values()]
    return [str(text) for text in sequence.stringValues()]
