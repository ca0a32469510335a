"""The number of threads, from the option to the report and the drop-in."""

from __future__ import annotations

import json

import pytest

from pytest_coreml.reference.threads import physical_cores

TEST = """
import coremltools as ct
import pytest


@pytest.mark.coreml_model("Linear.mlpackage")
def test_measured(coreml_model):
    coreml_model.measure(calls=5)


def test_dropin():
    proxy = ct.models.MLModel("Linear.mlpackage").__proxy__
    print("drop-in threads", proxy.options.threads, proxy.options.spinning)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("without_core_ml")
@pytest.mark.parametrize(
    ("option", "measured", "dropin"), [([], 1, None), (["--coreml-threads=3"], 3, 3)], ids=["default", "three"]
)
def test_threads(project, option, measured, dropin):
    """Measured models have one thread by default, the drop-in has all physical cores, and an option sets both."""
    project.makepyfile(TEST)

    result = project.runpytest_subprocess("--coreml-dropin", "--coreml-report=r.json", "-s", *option)

    expected = dropin or physical_cores()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"*drop-in threads {expected} {expected > 1}*"])
    assert json.loads((project.path / "r.json").read_text())["machine"]["threads"] == measured
