"""Output backings and half precision: arrays of the declared types, without conversions, on the reference runtime."""

from __future__ import annotations

import json

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types

TEST = """
    import numpy as np
    import pytest

    pytestmark = pytest.mark.coreml_model("Half.mlpackage")
    X = np.array([[1, 2049, 70000, -1e-8]], np.float32)

    def arrays(**given):
        return {"y": np.full((1, 4), 7, np.float16), "z": np.zeros((1, 4), np.float32)} | given

    def test_filled(coreml_model):
        mine, plain = arrays(), coreml_model.predict({"x": X})
        assert coreml_model.io.inputs == {"x": "float32"}
        assert coreml_model.io.outputs == {"y": "copied", "z": "copied", "w": "copied"}
        out = coreml_model.predict({"x": X.astype(np.float16)}, output_backings=mine)
        assert out["y"] is mine["y"] and out["z"] is mine["z"]
        assert coreml_model.io.inputs == {"x": "float16"}
        assert coreml_model.io.outputs == {"y": "backed", "z": "backed", "w": "copied"}
        for name, dtype in [("y", np.float16), ("z", np.float32)]:
            assert mine[name].dtype == dtype
            np.testing.assert_array_equal(mine[name].astype(np.float32), plain[name])

    @pytest.mark.coreml_budget(predict_ms=10_000)
    def test_measured_like_the_body(coreml_model):
        coreml_model.predict({"x": X}, output_backings=arrays())

    def test_measured(coreml_model):
        measured = coreml_model.measure(calls=5, output_backings={"y": arrays()["y"]})
        assert measured.io.outputs == {"y": "backed", "z": "copied", "w": "copied"}

    def read_only():
        array = np.zeros((1, 4), np.float16)
        array.flags.writeable = False
        return array

    BOTH = np.zeros((2, 4), np.float32)

    @pytest.mark.parametrize(
        ("backings", "problem"),
        [
            ({"yy": BOTH}, "Half.mlpackage has no output 'yy'; did you mean 'y'?"),
            ({"y": np.zeros((1, 5), np.float16)}, "['y']: expected float16 (1, 4), got the shape (1, 5)"),
            ({"y": np.zeros((1, 4), np.float32)}, "expected an array of the declared type float16, got float32"),
            ({"z": np.zeros((4, 1), np.float32).T[:, ::-1]}, "expected a C-contiguous array, got one with gaps"),
            ({"y": read_only()}, "output_backings['y']: the array is read-only"),
            ({"y": [1, 2, 3, 4]}, "only a multi-array can be written into a numpy array, got float16 (1, 4), list"),
            ({"z": BOTH[:1], "w": BOTH[:1]}, "'z' and 'w' share memory; make an array for each"),
        ],
    )
    def test_refused(coreml_model, backings, problem):
        with pytest.raises(Exception) as raised:
            coreml_model.predict({"x": X}, output_backings=backings)
        assert problem in str(raised.value)

    def test_batch(coreml_model):
        with pytest.raises(Exception, match="a batch takes no output backings"):
            coreml_model.predict([{"x": X}], output_backings=arrays())
"""


def save_half(folder):
    """Save a model with an input in half precision, and outputs in half and single precision."""

    @mb.program(input_specs=[mb.TensorSpec((1, 4), dtype=types.fp16)], opset_version=ct.target.iOS17)
    def program(x):
        single = mb.cast(x=mb.mul(x=x, y=np.float16(3)), dtype="fp32", name="z")
        return mb.relu(x=x, name="y"), single, mb.identity(x=single, name="w")

    ct.convert(program, minimum_deployment_target=ct.target.iOS17, skip_model_load=True).save(
        str(folder / "Half.mlpackage")
    )


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
def test_outputs_are_written_into_the_arrays_that_are_passed(pytester):
    """The arrays hold the outputs, the report tells which were backed, and unfit arrays are errors."""
    save_half(pytester.path)
    pytester.makepyfile(TEST)

    options = ("-p", "no:randomly", "--coreml-calls=5", "--coreml-runtime=reference", "--coreml-report=r.json")
    result = pytester.runpytest_subprocess(*options)
    tests = {test["id"].split("::")[1]: test for test in json.loads((pytester.path / "r.json").read_text())["tests"]}

    result.assert_outcomes(passed=11)
    outputs = {"w": "copied", "y": "backed", "z": "backed"}
    assert tests["test_measured_like_the_body[all]"]["predict"]["io"] == {
        "inputs": {"x": "float16"},
        "outputs": outputs,
    }
