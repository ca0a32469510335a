"""The drop-in: coremltools predicts in the user's own process, where Core ML does not exist."""

from __future__ import annotations

import subprocess
import sys

import ini_files
import pytest

INSTALL = "import pytest_coreml.reference as reference\nassert reference.install()\n"
IMPORT = "import coremltools as ct\n"
USE = """
import numpy as np, pathlib
from coremltools.converters.mil import Builder as mb

@mb.program(input_specs=[mb.TensorSpec((1, 2))])
def program(x):
    return mb.relu(x=x, name="y")

model = ct.convert(program, minimum_deployment_target=ct.target.iOS18)
x = np.array([[-1, 2]], np.float32)
assert model.predict({"x": x}, model.make_state())["y"].tolist() == [[0, 2]]
model.save("m.mlpackage")
compiled = ct.models.utils.compile_model("m.mlpackage", "m.mlmodelc")
assert ct.models.CompiledMLModel(compiled).predict({"x": x})["y"].tolist() == [[0, 2]]
assert [type(d).__name__ for d in ct.models.MLModel.get_available_compute_devices()] == ["MLCPUComputeDevice"]
from coremltools.models.ml_program.experimental import compute_plan_utils
assert compute_plan_utils._MLComputePlanRemoteProxy is not None
from coremltools.converters.mil import testing_utils
assert testing_utils.compare_backend(model, {"x": x}, {"y": np.maximum(x, 0)}, state=model.make_state()) is not None
try:
    testing_utils.compare_backend(model, {"x": x}, {"y": x + 3}, state=model.make_state())
except AssertionError as error:
    assert "Not equal to tolerance" in str(error), error
else:
    raise AssertionError("another output than expected has passed")
"""
MODULES = "import coremltools.models.ml_program, coremltools.converters.mil.testing_utils\n"
LEAVE = """
reference.uninstall()
assert not reference.is_installed()
try:
    ct.models.MLModel("m.mlpackage").predict({"x": x})
except Exception as error:
    assert "only supported on macOS" in str(error), error
else:
    raise AssertionError("still there")
assert not hasattr(ct, "libcoremlpython") and ct.models.model._MLModelProxy is None
assert compute_plan_utils._MLComputePlanRemoteProxy is None
assert testing_utils.compare_backend(model, {"x": x}, {"y": x + 3}) is None
assert not ct.utils._is_macos() and ct.utils._macos_version() == ()
"""
BACK = INSTALL + "assert reference.install('strict')\n" + USE.replace("m.mlmodelc", "n.mlmodelc")


def run(script: str, folder) -> None:
    """Run a script in a separate Python process."""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False, cwd=folder
    )

    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
@pytest.mark.parametrize(
    "order",
    [
        INSTALL + IMPORT,
        IMPORT + MODULES + INSTALL,
    ],
)
def test_before_or_after_coremltools_and_back(order: str, tmp_path) -> None:
    """Installed before or after coremltools: models, states, compiled models, devices; removed; and installed again."""
    run(order + USE + LEAVE + BACK, tmp_path)


def test_never_where_core_ml_exists() -> None:
    """The drop-in installs nothing where the native module can be imported."""
    script = """
import importlib.abc, importlib.machinery, sys
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, None) if name.endswith(".libcoremlpython") else None
sys.meta_path.append(Finder())
import pytest_coreml.reference as reference
assert not reference.install()
assert not reference.is_installed()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("file", ini_files.ALL)
def test_the_ini_option_needs_no_word_in_the_test(project: pytest.Pytester, file: str) -> None:
    """With `coreml_dropin = true` a test that knows coremltools only predicts, and nothing is left behind."""
    ini_files.write(project.path, file, dropin=True)
    project.makepyfile(
        """
        import sys

        assert "coremltools" not in sys.modules and "onnxruntime" not in sys.modules

        def test_it():
            import coremltools, numpy

            model = coremltools.models.MLModel("Linear.mlpackage")
            assert model.predict({"x": numpy.ones((1, 4), numpy.float32)})["y"].shape == (1, 3)
        """
    )

    result = project.runpytest_subprocess("-p", "no:benchmark", "-p", "no:hypothesispytest", "-p", "no:randomly")

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_without_the_option_coremltools_is_left_alone(project: pytest.Pytester) -> None:
    """Nothing unasked: coremltools cannot predict here unless the user says so."""
    if sys.platform == "darwin":
        pytest.skip("Core ML exists here")
    project.makepyfile(
        """
        import coremltools, pytest

        def test_it():
            with pytest.raises(Exception, match="only supported on macOS"):
                coremltools.models.MLModel("Linear.mlpackage").predict({})
        """
    )

    project.runpytest_subprocess("-p", "no:benchmark").assert_outcomes(passed=1)
