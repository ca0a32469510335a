"""`metadata.json` as Core ML's compiler writes it: flexible sizes, states and several functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.model_metadata import read_metadata

# The keys and the form of the values are those of coremlc 3520 and 3600.
ARRAY = {
    "dataType": "Float32",
    "hasShapeFlexibility": "0",
    "isOptional": "0",
    "formattedType": "MultiArray (Float32 4)",
    "type": "MultiArray",
    "shape": "[4]",
    "name": "input",
    "shortDescription": "",
}
RANGE = {**ARRAY, "hasShapeFlexibility": "1", "shapeFlexibility": "0...4", "shapeRange": "[[0, 4]]"}
SHAPES = {**ARRAY, "hasShapeFlexibility": "1", "shapeFlexibility": "1 | 4", "enumeratedShapes": "[[1], [4]]"}
STATE = {**ARRAY, "type": "State", "dataType": "Float16", "shape": "[1, 8]", "name": "cache"}


def described(*inputs: dict[str, str], **more: Any) -> Any:
    """Return the description that a summary becomes."""
    summary = {"specificationVersion": 9, "inputSchema": list(inputs), "outputSchema": [], "stateSchema": [], **more}
    return read_metadata(json.dumps([summary]).encode(), Path("metadata.json"))[1]


def test_a_range_of_sizes_is_read() -> None:
    """The smallest and the largest size of each dimension, beside the default shape."""
    array = described(RANGE).input[0].type.multiArrayType

    assert list(array.shape) == [4]
    assert [(sizes.lowerBound, sizes.upperBound) for sizes in array.shapeRange.sizeRanges] == [(0, 4)]


def test_enumerated_shapes_are_read() -> None:
    """Every one of them."""
    array = described(SHAPES).input[0].type.multiArrayType

    assert [list(one.shape) for one in array.enumeratedShapes.shapes] == [[1], [4]]


def test_a_state_is_read() -> None:
    """Its shape and element type."""
    (state,) = described(ARRAY, stateSchema=[STATE]).state

    assert (state.name, list(state.type.stateType.arrayType.shape)) == ("cache", [1, 8])


def test_several_functions_are_read() -> None:
    """Each function has separate inputs and outputs; the default one is named."""
    function = {"inputSchema": [RANGE], "outputSchema": [ARRAY], "stateSchema": []}
    functions = [{**function, "name": name} for name in ("first", "second")]

    description = described(RANGE, functions=functions, defaultFunctionName="second")

    assert [found.name for found in description.functions] == ["first", "second"]
    assert description.defaultFunctionName == "second"
    assert description.functions[1].input[0].type.multiArrayType.shapeRange.sizeRanges[0].upperBound == 4


@pytest.mark.parametrize(
    "change",
    [{"shapeRange": "[[4, 0]]"}, {"shapeRange": "[[0, 1, 2]]"}, {"shapeRange": "[[1, inf]]"}, {"shapeRange": None}],
)
def test_an_unknown_form_of_flexible_sizes_is_not_guessed(change: dict[str, Any]) -> None:
    """The error names the feature."""
    with pytest.raises(BadModelError, match="the size of 'input' is flexible, and its range is missing"):
        described({**RANGE, **change})


def test_functions_without_schemas_are_an_error() -> None:
    """And no model without inputs."""
    with pytest.raises(BadModelError, match="does not describe the functions of the model: KeyError"):
        described(ARRAY, functions=[{"name": "first"}], defaultFunctionName="first")
