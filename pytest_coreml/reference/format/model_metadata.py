"""The description of a compiled model by its `metadata.json`, where `coremldata.bin` is of a form not known here.

The summary says less than the description: what it leaves open is an error here, and not guessed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from pathlib import Path

# ArrayFeatureType.ArrayDataType
_ARRAY_TYPES: Final = {"Float16": 65552, "Float32": 65568, "Double": 65600, "Int8": 131080, "Int32": 131104}
_COLOURS: Final = {"Grayscale": 10, "RGB": 20, "BGR": 30, "GrayscaleFloat16": 40}
# The keys of the author's notes, and their fields in `Metadata`
_NOTES: Final = {
    "author": "author",
    "license": "license",
    "version": "versionString",
    "shortDescription": "shortDescription",
}
_SIZES: Final = r"\[\s*\d{1,18}(?:\s*,\s*\d{1,18})*\s*\]"
_SHAPE: Final = re.compile(_SIZES, re.ASCII)
# Several shapes, or a smallest and a largest size for each dimension
_SHAPES: Final = re.compile(rf"\[\s*{_SIZES}(?:\s*,\s*{_SIZES})*\s*\]", re.ASCII)


def read_metadata(content: bytes, path: Path) -> tuple[int, Any]:
    """Return the specification version and a `ModelDescription`. Raises `BadModelError` naming what is missing."""
    from coremltools.proto import Model_pb2

    try:
        summary = json.loads(content)[0]
        version = int(summary["specificationVersion"])
        schemas = [summary["inputSchema"], summary["outputSchema"], summary.get("stateSchema") or []]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise BadModelError(f"{path}: cannot be read as the summary of a compiled model: {error}") from error
    description = Model_pb2.ModelDescription()
    functions = summary.get("functions")
    if isinstance(functions, list) and functions:
        _read_functions(summary, functions, description, path)
    else:
        _read_schemas(schemas, description, path)
    _read_notes(summary, description.metadata)
    return version, description


def _read_functions(summary: Any, functions: list[Any], description: Any, path: Path) -> None:
    """Read the descriptions of several functions, which the summary has beside that of the default one."""
    try:
        description.defaultFunctionName = summary["defaultFunctionName"]
        for entry in functions:
            schemas = [entry["inputSchema"], entry["outputSchema"], entry.get("stateSchema") or []]
            _read_schemas(schemas, description.functions.add(name=entry["name"]), path)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadModelError(f"{path}: does not describe the functions of the model: {error!r}") from error


def _read_schemas(schemas: list[Any], description: Any, path: Path) -> None:
    for schema, features in zip(schemas, (description.input, description.output, description.state), strict=True):
        for entry in schema if isinstance(schema, list) else [schema]:
            _read_feature(entry, features.add(), path)


def _read_notes(summary: Any, metadata: Any) -> None:
    """Read the author's notes; what is not a text is left out, since nothing is executed by it."""
    for key, name in _NOTES.items():
        if isinstance(text := summary.get(key), str):
            setattr(metadata, name, text)
    entries = summary.get("userDefinedMetadata")
    for key, text in entries.items() if isinstance(entries, dict) else ():
        if isinstance(text, str):
            metadata.userDefined[key] = text


def _read_feature(entry: Any, feature: Any, path: Path) -> None:
    try:
        feature.name = entry["name"]
        kind = entry["type"]
        feature.type.isOptional = entry.get("isOptional") == "1"
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise BadModelError(f"{path}: a feature without name or type: {error}") from error
    is_flexible = any(value == "1" for key, value in entry.items() if "Flexib" in key)
    if is_flexible and not (kind == "MultiArray" and _read_flexibility(entry, feature.type.multiArrayType)):
        raise BadModelError(
            f"{path}: the size of {feature.name!r} is flexible, and its range is missing; coremldata.bin has it, "
            "in a format that is not supported"
        )
    if kind == "MultiArray":
        _read_array(entry, feature.type.multiArrayType, feature.name, path)
    elif kind == "State":
        _read_array(entry, feature.type.stateType.arrayType, feature.name, path)
    elif kind == "Image":
        _read_image(entry, feature.type.imageType, feature.name, path)
    elif kind == "String":
        feature.type.stringType.SetInParent()
    elif kind == "Int64":
        feature.type.int64Type.SetInParent()
    elif kind == "Double":
        feature.type.doubleType.SetInParent()
    else:
        raise BadModelError(f"{path}: the description of {feature.name!r}, of type {kind}, is incomplete")


def _read_array(entry: Any, array: Any, name: str, path: Path) -> None:
    shape, kind = entry.get("shape"), entry.get("dataType")
    if kind not in _ARRAY_TYPES:
        raise BadModelError(f"{path}: {name!r} has the element type {kind!r}, expected {', '.join(_ARRAY_TYPES)}")
    array.dataType = _ARRAY_TYPES[kind]
    if not isinstance(shape, str) or (shape.strip() != "[]" and not _SHAPE.fullmatch(shape.strip())):
        raise BadModelError(f"{path}: {name!r} has the shape {shape!r}, expected a list of sizes")
    array.shape.extend(json.loads(shape))


def _read_flexibility(entry: Any, array: Any) -> bool:
    """Read the sizes that an array may have; return False if the entry does not list them in a form known here."""
    shapes, ranges = _lists(entry.get("enumeratedShapes")), _lists(entry.get("shapeRange"))
    if shapes:
        for shape in shapes:
            array.enumeratedShapes.shapes.add(shape=shape)
    for sizes in ranges if not shapes else ():
        if len(sizes) != 2 or sizes[0] > sizes[1]:
            return False
        array.shapeRange.sizeRanges.add(lowerBound=sizes[0], upperBound=sizes[1])
    return bool(shapes or ranges)


def _lists(text: Any) -> list[list[int]]:
    found: list[list[int]] = json.loads(text) if isinstance(text, str) and _SHAPES.fullmatch(text.strip()) else []
    return found


def _read_image(entry: Any, image: Any, name: str, path: Path) -> None:
    try:
        image.width, image.height = int(entry["width"]), int(entry["height"])
        image.colorSpace = _COLOURS[entry["colorspace"]]
    except (KeyError, ValueError, TypeError) as error:
        raise BadModelError(
            f"{path}: the image {name!r} has no valid width, height or colour space: {error}"
        ) from error
