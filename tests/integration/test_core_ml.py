"""Core ML itself, where it exists: what the stand-in can only promise."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_models import linear

from pytest_coreml.reference.binding.install import has_native_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not has_native_module(), reason="Core ML exists on Macs only")

# Under cpuOnly, which virtual Macs can do too.
TESTS = """
    import numpy as np
    import pytest

    pytestmark = [pytest.mark.coreml_compute_units("cpuOnly"), pytest.mark.coreml_model("Linear.mlpackage")]
    X = np.ones((1, 4), np.float32)

    def test_numbers(coreml_model):
        np.testing.assert_allclose(coreml_model.predict({{"x": X}})["y"], [{expected}], rtol=1e-3)

    def test_times(coreml_model):
        measured = coreml_model.measure({{"x": X}}, calls=20)
        assert all(0 < native <= wall for native, wall in zip(measured.native_ms, measured.wall_ms))
        assert min(coreml_model.load_times.load_ms) > 0

    def test_plan(coreml_model):
        # On hosted Macs plans were seen that name no device for anything.
        plan = coreml_model.placement
        assert "linear" in [op.operator for op in plan.ops], plan.why_unknown
        assert set(op.preferred for op in plan.placed) <= {{"cpu"}}

    @pytest.mark.coreml_model("Cut.mlpackage")
    def test_rejected(coreml_model): pass
"""


AS_IN_AN_APP = """
    def test_backed(coreml_model):
        mine = np.zeros((1, 3), np.float32)
        out = coreml_model.predict({{"x": X}}, output_backings={{"y": mine}})
        assert out["y"] is mine
        np.testing.assert_allclose(mine, [{expected}], rtol=1e-3)
        assert coreml_model.io.outputs["y"] in ("backed", "copied")

    def test_in_flight(coreml_model):
        assert coreml_model.measure({{"x": X}}, calls=20, in_flight=4).throughput > 0
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, linear_package: Path) -> pytest.Pytester:
    """A folder with a model, and one that lacks its weights."""
    for name in ("Linear", "Cut"):
        shutil.copytree(linear_package, pytester.path / f"{name}.mlpackage")
    (pytester.path / "Cut.mlpackage/Data/com.apple.CoreML/weights/weight.bin").unlink()
    pytester.makepyfile(TESTS.format(expected=linear(np.ones(4, np.float32)).tolist()))
    return pytester


def test_a_model_is_run_timed_planned_and_rejected(folder: pytest.Pytester) -> None:
    """The numbers are right, the clocks agree, the plan names no device but the CPU; missing weights fail one test."""
    result = folder.runpytest_subprocess("-p", "no:randomly", "--coreml-report")
    report: dict[str, Any] = json.loads((folder.path / "coreml-report.json").read_text())

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*Cut.mlpackage*cannot be *"])
    assert {test["runtime"] for test in report["tests"]} == {"coreml"}
    assert report["machine"]["os"]["name"] == "macOS"
    assert report["machine"]["os"]["build"]
    assert report["machine"]["chip"]
    assert "cpu" in [device["device"] for device in report["machine"]["devices"]]


def test_pyobjc_does_the_same_and_more(folder: pytest.Pytester) -> None:
    """Arrays are filled, or copied where Core ML ignores them, and four predictions in flight end."""
    pytest.importorskip("CoreML", reason="PyObjC is not installed: pip install 'pytest-coreml[pyobjc]'")
    expected = linear(np.ones(4, np.float32)).tolist()
    folder.makepyfile((TESTS + AS_IN_AN_APP).format(expected=expected))

    result = folder.runpytest_subprocess("-p", "no:randomly", "--coreml-api=pyobjc", "--coreml-report")
    report: dict[str, Any] = json.loads((folder.path / "coreml-report.json").read_text())

    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*Cut.mlpackage*cannot be *"])
    assert report["machine"]["runtime"]["api"] == "pyobjc"


def test_the_doctor_gets_through_every_step() -> None:
    """Models run on every Mac; budgets can be judged on some."""
    words = [sys.executable, "-c", "import sys; from pytest_coreml.cli import main; sys.exit(main(['doctor']))"]
    result = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)

    assert result.returncode in (0, 1), result.stderr
    assert "ok   load" in result.stdout
    assert "ok   predict" in result.stdout
