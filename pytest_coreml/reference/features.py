"""Values at the boundary of a model, checked and converted as Apple's binding does it (multi-arrays)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadInputError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

# CoreML.Specification.ArrayFeatureType.ArrayDataType to numpy; float16 comes back as float32, as from Apple's binding.
_DTYPES: Final = {65568: np.float32, 65600: np.float64, 131104: np.int32, 65552: np.float32}
_TAKEN: Final = ("float32", "float64", "int32")


def check_multi_arrays(features: Iterable[Any]) -> None:
    """Raise `UnsupportedModelError` for an input or output that is not a multi-array, naming it and its type."""
    for feature in features:
        kind = feature.type.WhichOneof("Type")
        if kind not in ("multiArrayType", "stateType"):
            raise UnsupportedModelError(f"{feature.name!r} is of {kind}, which the reference runtime does not take yet")


def read_inputs(data: Mapping[str, Any], features: Iterable[Any]) -> dict[str, NDArray[Any]]:
    """Give the arrays of a prediction by name; `BadInputError` says what was expected, and what came."""
    known = {feature.name: feature for feature in features}
    # Lists vanish in Apple's binding, so that Core ML misses them.
    given = {name: value for name, value in data.items() if not isinstance(value, (list, tuple))}
    unknown, missing = sorted(given.keys() - known), sorted(known.keys() - given.keys())
    if unknown or missing:
        what = f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise BadInputError(f"the inputs do not fit the model, {what}; expected {', '.join(sorted(known))}")
    return {name: _array(name, value, known[name].type.multiArrayType) for name, value in given.items()}


def _array(name: str, value: Any, declared: Any) -> NDArray[Any]:
    if not isinstance(value, np.ndarray) or value.ndim == 0 or value.dtype.name not in _TAKEN:
        came = (
            f"an array of {value.dtype}, rank {value.ndim}" if isinstance(value, np.ndarray) else type(value).__name__
        )
        raise BadInputError(f"input {name!r}: expected an array of {', '.join(_TAKEN)}, got {came}")
    if not _fits(value.shape, declared):
        raise BadInputError(f"input {name!r}: expected the shape {_expected(declared)}, got {list(value.shape)}")
    return value


def _fits(shape: tuple[int, ...], declared: Any) -> bool:
    flexibility = declared.WhichOneof("ShapeFlexibility")
    if flexibility == "enumeratedShapes":
        return any(shape == tuple(choice.shape) for choice in declared.enumeratedShapes.shapes)
    if flexibility == "shapeRange":
        ranges = declared.shapeRange.sizeRanges
        return len(shape) == len(ranges) and all(
            size >= r.lowerBound and (r.upperBound < 0 or size <= r.upperBound)
            for size, r in zip(shape, ranges, strict=True)
        )
    return shape == tuple(declared.shape)


def _expected(declared: Any) -> str:
    flexibility = declared.WhichOneof("ShapeFlexibility")
    if flexibility == "enumeratedShapes":
        return " or ".join(str(list(choice.shape)) for choice in declared.enumeratedShapes.shapes)
    if flexibility == "shapeRange":
        ranges = declared.shapeRange.sizeRanges
        bounds = [(r.lowerBound, r.upperBound if r.upperBound >= 0 else "") for r in ranges]
        return f"[{', '.join(f'{low}..{high}' for low, high in bounds)}]"
    return str(list(declared.shape))


def write_outputs(results: Mapping[str, NDArray[Any]], features: Iterable[Any]) -> dict[str, NDArray[Any]]:
    """Give the outputs as fresh arrays of their declared types; rank 0 becomes the shape (1,)."""
    outputs = {}
    for feature in features:
        dtype = _DTYPES.get(feature.type.multiArrayType.dataType, np.float32)
        outputs[feature.name] = np.atleast_1d(np.asarray(results[feature.name], dtype=dtype))
    return outputs
