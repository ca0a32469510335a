"""coremltools' own Python runs over the reference binding, in a separate process."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import pytest_coreml.reference as reference
reference.install()
import coremltools as ct, numpy as np, pathlib
from coremltools.converters.mil import Builder as mb

@mb.program(input_specs=[mb.TensorSpec((1, 2))], opset_version=ct.target.iOS17)
def program(x):
    return mb.add(x=mb.relu(x=x), y=1.0, name="y")

model = ct.convert(program, minimum_deployment_target=ct.target.iOS17)
x = np.array([[-1, 2]], np.float32)
assert model.last_predict_duration_in_nano_seconds is None
assert model.predict({"x": x})["y"].tolist() == [[1, 3]]
assert model.last_predict_duration_in_nano_seconds > 0
path = model.get_compiled_model_path()
assert ct.models.CompiledMLModel(path).predict({"x": x})["y"].tolist() == [[1, 3]]
plan = ct.models.compute_plan.MLComputePlan.load_from_path(path)
operations = plan.model_structure.program.functions["main"].block.operations
used = [plan.get_compute_device_usage_for_mlprogram_operation(op) is not None for op in operations]
assert used == [op.operator_name.rpartition(".")[2] != "const" for op in operations]
try:
    model.predict({"x": np.zeros((2, 2), np.float32)})
except RuntimeError as error:
    assert "expected the shape [1, 2], got [2, 2]" in str(error)
else:
    raise AssertionError("a wrong shape was taken")
del model
assert not pathlib.Path(path).exists()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
def test_coremltools_predicts_and_plans():
    """Prediction, durations, a compiled path, the plan, an error and the end of the compiled folder."""
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)

    assert result.returncode == 0, result.stderr
