"""Predictions with arrays of the declared types, and outputs computed in arrays that are passed in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
import reference_runtime  # noqa: F401 - skips where there is none
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol, types

from pytest_coreml.reference.errors import ExecutionError
from pytest_coreml.reference.execution.loaded_model import load_model, predict_into
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

RANDOM = np.random.default_rng(0)


def load(program, **options):
    """Convert a program, and load it below the binding."""
    model = ct.convert(program, minimum_deployment_target=ct.target.iOS17, skip_model_load=True, **options)
    package = open_package(Path(model.package_path))
    return load_model(package, read_spec(package), "", RuntimeOptions())


@pytest.fixture
def doubler():
    """Build y = 2 x, of the shape (1, 4), in half precision."""

    @mb.program(input_specs=[mb.TensorSpec((1, 4), dtype=types.fp16)], opset_version=ct.target.iOS17)
    def program(x):
        return mb.add(x=x, y=x, name="y")

    return load(program)


def test_half_precision_goes_in_and_comes_out(doubler):
    """Without an array for it, the output is a new array of the declared type."""
    x = np.array([[1, -2, 0.1, 40_000]], np.float16)

    outputs, nanoseconds = predict_into(doubler, {"x": x}, None, {})

    assert outputs["y"].dtype == np.float16
    # The largest number of half precision is 65,504.
    np.testing.assert_array_equal(outputs["y"], np.array([[2, -4, 0.2, np.inf]], np.float16))
    assert nanoseconds > 0


def test_an_output_is_computed_in_the_array(doubler):
    """The array is the output, and the next prediction overwrites it."""
    y = np.zeros((1, 4), np.float16)
    for factor in (1, 2):
        outputs, _ = predict_into(doubler, {"x": np.full((1, 4), factor, np.float16)}, None, {"y": y})

        assert outputs["y"] is y
        assert y.tolist() == [[2 * factor] * 4]


def test_an_output_of_a_flexible_shape_has_to_fit_its_array():
    """The shape of the output is known only when the model runs."""

    @mb.program(input_specs=[mb.TensorSpec((get_new_symbol(), 2), dtype=types.fp32)], opset_version=ct.target.iOS17)
    def program(x):
        return mb.exp(x=x, name="y")

    shapes = [ct.TensorType(name="x", shape=(ct.RangeDim(1, 9), 2))]
    model = load(program, inputs=shapes, compute_precision=ct.precision.FLOAT32)
    y = np.zeros((3, 2), np.float32)

    outputs, _ = predict_into(model, {"x": np.zeros((3, 2), np.float32)}, None, {"y": y})

    assert outputs["y"] is y
    assert y.tolist() == [[1, 1]] * 3
    with pytest.raises(ExecutionError, match="prediction"):
        predict_into(model, {"x": np.zeros((4, 2), np.float32)}, None, {"y": y})


def test_threads_predict_into_arrays_of_their_own(doubler):
    """Each prediction has its own inputs and outputs."""

    def predict(number):
        y = np.zeros((1, 4), np.float16)
        predict_into(doubler, {"x": np.full((1, 4), number, np.float16)}, None, {"y": y})
        return y.tolist()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(predict, range(64))) == [[[2 * number] * 4] for number in range(64)]
