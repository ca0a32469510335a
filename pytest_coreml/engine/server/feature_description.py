"""Read inputs, outputs and states from a specification."""

from __future__ import annotations

from typing import Any

from pytest_coreml.facts.author_notes import ModelMetadata
from pytest_coreml.facts.model_spec import Feature, FeatureKind

_COLORS = {
    "GRAYSCALE": "grayscale",
    "RGB": "RGB",
    "BGR": "BGR",
    "GRAYSCALE_FLOAT16": "grayscaleFloat16",
}
_SCALARS: dict[str, FeatureKind] = {"int64Type": "int64", "doubleType": "double", "stringType": "string"}
_UNBOUNDED = -1


def read(entry: Any) -> Feature:
    """Return the `Feature` of a `FeatureDescription` message."""
    feature_type = entry.type
    kind = feature_type.WhichOneof("Type")
    optional = bool(feature_type.isOptional)
    if kind == "multiArrayType":
        return _array(entry.name, "multiArray", feature_type.multiArrayType, optional)
    if kind == "stateType":
        return _array(entry.name, "state", feature_type.stateType.arrayType, optional)
    if kind == "imageType":
        return _image(entry.name, feature_type.imageType, optional)
    if kind == "dictionaryType":
        key = "int64" if feature_type.dictionaryType.WhichOneof("KeyType") == "int64KeyType" else "string"
        return Feature(entry.name, "dictionary", dtype=key, optional=optional)
    return Feature(entry.name, _SCALARS.get(kind, "sequence"), optional=optional)


def read_metadata(message: Any) -> ModelMetadata:
    """Return the author's notes in a `Metadata` message."""
    return ModelMetadata(
        message.author,
        message.license,
        message.versionString,
        message.shortDescription,
        dict(sorted(message.userDefined.items())),
    )


def _enum_name(message: Any, field: str) -> str:
    """Return the name of the value of an enum *field*; `unknown` and the number for one of a newer Core ML."""
    number = getattr(message, field)
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(number)
    return value.name if value is not None else f"unknown {number}"


def _array(name: str, kind: FeatureKind, array: Any, optional: bool) -> Feature:
    ranges = tuple(
        (bound.lowerBound, bound.upperBound if bound.upperBound > 0 else _UNBOUNDED)
        for bound in array.shapeRange.sizeRanges
    )
    enumerated = tuple(tuple(shape.shape) for shape in array.enumeratedShapes.shapes)
    data_type = _enum_name(array, "dataType") if array.dataType else "FLOAT32"
    return Feature(
        name,
        kind,
        dtype={"DOUBLE": "float64"}.get(data_type, data_type.lower()),
        shape=tuple(array.shape) or (enumerated[0] if enumerated else tuple(low for low, _ in ranges)),
        shape_range=ranges if any(low != high for low, high in ranges) else (),
        shapes=enumerated,
        optional=optional,
    )


def _image(name: str, image: Any, optional: bool) -> Feature:
    color = _enum_name(image, "colorSpace")
    size = image.imageSizeRange
    ranges = tuple(
        (bound.lowerBound, bound.upperBound if bound.upperBound > 0 else _UNBOUNDED)
        for bound in ((size.heightRange, size.widthRange) if image.HasField("imageSizeRange") else ())
    )
    return Feature(
        name,
        "image",
        shape=(int(image.height), int(image.width)),
        shape_range=ranges,
        shapes=tuple((int(entry.height), int(entry.width)) for entry in image.enumeratedSizes.sizes),
        color=_COLORS.get(color),
        optional=optional,
    )
