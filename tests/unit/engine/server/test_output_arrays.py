"""Arrays for outputs: what the framework wrote itself, what was copied, and what cannot be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_coreml.engine.protocol import Backing
from pytest_coreml.engine.server.output_arrays import OutputArrays
from pytest_coreml.errors import ModelError


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int8"])
def test_an_array_that_the_framework_fills_and_returns_is_backed(dtype: str) -> None:
    """The values stay where they are."""
    arrays = OutputArrays({"y": Backing(dtype, (2, 3))})
    arrays.arrays["y"][...] = 0
    outputs = {"y": arrays.arrays["y"]}

    assert arrays.settle(outputs, "Model") == {"y": "backed"}
    assert outputs["y"].tolist() == [[0] * 3] * 2


def test_an_array_that_the_framework_ignores_is_filled_by_copying() -> None:
    """The output is still the array."""
    arrays = OutputArrays({"y": Backing("float16", (2,))})
    outputs = {"y": np.array([1, 2], np.float32), "z": 3}

    assert arrays.settle(outputs, "Model") == {"y": "copied"}
    assert outputs["y"] is arrays.arrays["y"]
    assert outputs["y"].tolist() == [1, 2]


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_an_array_that_is_returned_unwritten_is_an_error(dtype: str) -> None:
    """Its values would be those of the sentinel."""
    arrays = OutputArrays({"y": Backing(dtype, (4,))})

    with pytest.raises(ModelError, match="reported to be in its output backing, which is unwritten"):
        arrays.settle(dict(arrays.arrays), "Model")


def test_an_output_of_another_shape_is_an_error() -> None:
    """Models of flexible shapes return what the inputs ask for."""
    arrays = OutputArrays({"y": Backing("float32", (4,))})

    with pytest.raises(ModelError, match=r"output 'y' has the shape \(5,\), its output backing \(4,\)"):
        arrays.settle({"y": np.zeros(5, np.float32)}, "Model")
