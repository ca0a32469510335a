"""Convert the inputs that a user passes to `predict` into values of the native module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.engine.example_inputs import IMAGE_MODES
from pytest_coreml.errors import InputError, did_you_mean
from pytest_coreml.facts.model_spec import shape_fits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.engine.protocol import Features
    from pytest_coreml.facts.model_spec import Feature, ModelSpec

# The native module takes int32, float32 and float64 arrays; half precision is handed over as float32.
_NATIVE_TYPES = {"float16": "float32"}


def prepare_call(values: Features, spec: ModelSpec, *, keeps_half: bool = False) -> Features:
    """Return the inputs of one prediction, as `prepare` does."""
    return prepare(values, spec.inputs, spec.file_name, keeps_half=keeps_half)


def prepare_batch(batch: Sequence[Features], spec: ModelSpec, *, keeps_half: bool = False) -> list[Features]:
    """Return the inputs of each prediction of a batch, as `prepare` does.

    Raises `InputError` for an empty batch, inputs with different names, and a stateful model.
    """
    if spec.states:
        raise InputError(
            f"{spec.file_name}: a stateful model cannot predict a batch, since the batch API of Core ML takes no "
            "state; predict once for each set of inputs"
        )
    if not batch:
        raise InputError(f"{spec.file_name}: expected a batch of at least one set of inputs, got an empty list")
    for number, values in enumerate(batch, 1):
        if values.keys() != batch[0].keys():
            first, other = (", ".join(map(repr, sorted(each))) or "none" for each in (batch[0], values))
            raise InputError(
                f"{spec.file_name}: all inputs of a batch need the same names: inputs 1 have {first}, "
                f"inputs {number} have {other}"
            )
    return [
        prepare(values, spec.inputs, f"{spec.file_name}, inputs {number}", keeps_half=keeps_half)
        for number, values in enumerate(batch, 1)
    ]


def prepare(values: Features, expected: Sequence[Feature], model: str, *, keeps_half: bool = False) -> Features:
    """Return *values* as contiguous, writeable arrays of the declared types, images, numbers and strings.

    Half precision becomes single precision unless *keeps_half*.
    Raises `InputError` for an unknown or missing name, and for a wrong type or shape, with what *model* expects.
    """
    by_name = {feature.name: feature for feature in expected}
    _check_names(values, by_name, model)
    types = {} if keeps_half else _NATIVE_TYPES
    return {name: _prepare_one(value, by_name[name], model, types) for name, value in values.items()}


def _check_names(values: Features, by_name: dict[str, Feature], model: str) -> None:
    takes = "; ".join(f"{name}: {feature.describe()}" for name, feature in by_name.items()) or "nothing"
    for name in values:
        if name not in by_name:
            hint = did_you_mean(name, by_name) or "."
            raise InputError(f"{model} has no input {name!r}{hint} It takes {takes}")
    missing = [name for name, feature in by_name.items() if name not in values and not feature.optional]
    if missing:
        raise InputError(f"{model}: missing input {', '.join(map(repr, missing))}. It takes {takes}")


def _prepare_one(value: Any, feature: Feature, model: str, types: Mapping[str, str]) -> Any:
    try:
        if feature.kind == "multiArray":
            return _array(value, feature, types)
        if feature.kind == "image":
            return _image(value, feature)
        return _scalar(value, feature)
    except (TypeError, ValueError, OverflowError) as error:
        expected = feature.describe()
        raise InputError(f"{model}: input {feature.name!r} expects {expected}, got {error}") from None


def _array(value: Any, feature: Feature, types: Mapping[str, str]) -> np.ndarray[Any, Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{type(value).__name__} of {array.dtype}")
    declared = np.dtype(types.get(str(feature.dtype), str(feature.dtype)))
    if declared.kind in "iu" and array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise TypeError(f"{array.dtype} with fractions")
    if declared.kind in "iu" and array.size and not _fits(array, declared):
        raise TypeError(f"{array.dtype} beyond the range of {declared}")
    if not shape_fits(array.shape, feature):
        raise TypeError(f"{array.dtype} {array.shape}")
    # A copy in any case: the native module shares the memory, and the caller's array may change.
    with np.errstate(over="ignore"):
        return np.array(array, dtype=declared, order="C", copy=True)


def _fits(array: np.ndarray[Any, Any], declared: np.dtype[Any]) -> bool:
    limits = np.iinfo(declared)
    return bool(array.min() >= limits.min and array.max() <= limits.max)


def _image(value: Any, feature: Feature) -> Any:
    from PIL import Image

    if not isinstance(value, Image.Image):
        raise TypeError(f"{type(value).__name__}; pass a PIL.Image.Image")
    mode = IMAGE_MODES.get(str(feature.color))
    if value.mode != mode:
        raise TypeError(f"an image of mode {value.mode!r}; convert it: image.convert({mode!r})")
    size = (value.height, value.width)
    if not shape_fits(size, feature):
        raise TypeError(f"an image of {value.width} x {value.height}; resize it")
    return value


def _scalar(value: Any, feature: Feature) -> Any:
    if feature.kind == "int64" and isinstance(value, (int, np.integer)):
        return int(value)
    if feature.kind == "double" and isinstance(value, (int, float, np.number)):
        return float(value)
    if feature.kind == "string" and isinstance(value, str):
        return value
    if feature.kind == "dictionary" and isinstance(value, dict):
        # The native module takes the types of the first item for those of all, and no numpy.float32.
        # Some converters declare strings where the model has integers.
        key = type(feature.known[0]) if feature.known else int if feature.dtype == "int64" else str
        return {key(name): float(number) for name, number in value.items()}
    if feature.kind == "sequence":
        # Lists vanish in the native module, which then misses the feature.
        raise TypeError(f"{type(value).__name__}; coremltools cannot pass a sequence to Core ML")
    raise TypeError(f"{type(value).__name__} {value!r:.60}")
