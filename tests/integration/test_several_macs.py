"""Several Macs in one run: pytest-xdist reaches each by ssh, copies the tests there; one report tells them apart."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from remote_macs import write_macs

if TYPE_CHECKING:
    from pathlib import Path

# They name their workers themselves.
pytestmark = pytest.mark.usefixtures("plainly")

TESTS = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_budget(predict_ms=1.5)
    def test_linear(coreml_model):
        pass
"""
CHIPS = {"mini": "Apple M4 Pro", "laptop": "Apple M1"}


@pytest.fixture
def macs(pytester: pytest.Pytester, linear_package: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder `tests` with a model, and two Macs, the first of which is fast."""
    pytester.makepyfile(**{"tests/test_linear": TESTS})
    shutil.copytree(linear_package, pytester.path / "tests" / "Linear.mlpackage")
    commands = write_macs(pytester.mkdir("macs"), CHIPS)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    return pytester


@pytest.mark.slow
def test_one_report_names_the_machine_of_each_measurement(macs: pytest.Pytester) -> None:
    """Every test has run once on each Mac, with the times and verdicts of that Mac, whatever runs pytest itself."""
    hosts = [f"--tx=ssh={host}//python={sys.executable}" for host in CHIPS]
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", "--coreml-calls=10", "--coreml-report")

    result = macs.runpytest_subprocess(*options, "--dist=each", *hosts, "--rsyncdir=tests", f"{macs.path}/tests")
    report = json.loads((macs.path / "coreml-report.json").read_text())
    found = {
        report["machines"][entry["machine"]]["chip"]: (entry["id"], entry["predict"]["median_ms"], entry["outcome"])
        for entry in report["tests"]
    }

    result.assert_outcomes(passed=1, failed=1)
    test = "tests/test_linear.py::test_linear[all]"
    assert found == {"Apple M4 Pro": (test, 1.0, "passed"), "Apple M1": (test, 2.0, "failed")}
    assert report["machine"]["os"]["name"] == "macOS"
    assert sorted(report["machines"]) == ["Apple M1 (gw1)", "Apple M4 Pro (gw0)"]
    result.stdout.fnmatch_lines(["*Linear.mlpackage  tests/test_linear.py::test_linear  Apple M*"])
