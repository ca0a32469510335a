"""The features of a model's specification, and the checks and results that follow from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from standin.errors import from_framework
from standin.session import current
from standin.values import give_array

_DTYPES = {"FLOAT16": "float16", "FLOAT32": "float32", "DOUBLE": "float64", "INT32": "int32", "INT8": "int8"}


class Interface:
    """The inputs, outputs and states of a model, or of one of its functions."""

    def __init__(self, spec: Any, function: str) -> None:
        description = spec.description
        if description.functions:
            name = function or description.defaultFunctionName
            found = [f for f in description.functions if f.name == name]
            if not found:
                raise from_framework(f"Function named '{name}' was not found in the model.")
            description = found[0]
        elif function not in ("", "main"):
            raise from_framework(f"Function named '{function}' was not found in the model.")
        self.inputs = list(description.input)
        self.outputs = list(description.output)
        self.states = list(description.state)

    def check(self, data: dict[str, Any], has_state: bool) -> None:
        """Raise the framework's error for missing features, wrong shapes and a missing state."""
        for feature in self.inputs:
            value = data.get(feature.name)
            if value is None and not feature.type.isOptional:
                raise from_framework(f"Feature {feature.name} is required but not specified.")
            if isinstance(value, np.ndarray) and feature.type.WhichOneof("Type") == "multiArrayType":
                _check_shape(feature, value)
        if self.states and not has_state:
            name = self.states[0].name
            raise from_framework(f"The input feature for {name} must be an MLState, but it was not.")

    def results(self, units: str) -> dict[str, Any]:
        """Return a value for every output: the one scripted for *units*, else nothing of the declared type."""
        scripted = current().scenario.outputs_for(units)
        return {feature.name: _result(feature.type, scripted.get(feature.name)) for feature in self.outputs}

    def buffers(self) -> dict[str, np.ndarray]:
        """Return a fresh state: zeros, in the declared (half) precision."""
        arrays = {state.name: state.type.stateType.arrayType for state in self.states}
        return {name: np.zeros(tuple(a.shape), dtype_of(a)) for name, a in arrays.items()}


def dtype_of(array: Any) -> str:
    """Return numpy's name for the element type of a multi-array."""
    return _DTYPES[array.ArrayDataType.Name(array.dataType)]


def _check_shape(feature: Any, value: np.ndarray) -> None:
    array = feature.type.multiArrayType
    kind = array.WhichOneof("ShapeFlexibility")
    shapes = [tuple(array.shape)]
    if kind == "enumeratedShapes":
        shapes = [tuple(s.shape) for s in array.enumeratedShapes.shapes]
    if kind == "shapeRange":
        ranges = [(r.lowerBound, r.upperBound) for r in array.shapeRange.sizeRanges]
        inside = len(ranges) == value.ndim and all(
            low <= n and (high < 0 or n <= high) for n, (low, high) in zip(value.shape, ranges, strict=True)
        )
        shapes = [value.shape] if inside else shapes
    if shapes[0] and value.shape not in shapes:
        given, wanted = (" x ".join(map(str, s)) for s in (value.shape, shapes[0]))
        raise from_framework(
            f"MultiArray shape ({given}) does not match the shape ({wanted}) specified in the model description"
        )


def _result(kind: Any, scripted: Any) -> Any:
    which = kind.WhichOneof("Type")
    if which == "multiArrayType":
        array = kind.multiArrayType
        return give_array(scripted, dtype_of(array), tuple(array.shape) or (1,))
    if which == "imageType":
        return _image(kind.imageType)
    if which == "dictionaryType":
        key = int if kind.dictionaryType.WhichOneof("KeyType") == "int64KeyType" else str
        return {key(name): float(value) for name, value in (scripted or {}).items()}
    if which == "sequenceType":
        # Of integers the binding walks the view of texts, which is empty.
        return [] if kind.sequenceType.WhichOneof("Type") == "int64Type" else [str(word) for word in scripted or ()]
    empty = {"int64Type": 0, "doubleType": 0.0, "stringType": ""}
    return empty[which] if scripted is None else scripted


def _image(image: Any) -> Any:
    from PIL import Image

    modes = {"GRAYSCALE": "L", "GRAYSCALE_FLOAT16": "F"}
    # Colour comes back with an alpha channel, from RGB and BGR outputs alike.
    return Image.new(modes.get(image.ColorSpace.Name(image.colorSpace), "RGBA"), (image.width, image.height))
