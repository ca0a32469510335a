"""Models that Core ML rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import standin_models as models
from standin.scenario import Failure

if TYPE_CHECKING:
    from mac_project import MacProject

TESTS = """
    import pytest

    rules = pytest.mark.coreml_placement(forbid="gpu")

    @rules
    @pytest.mark.coreml_model("Broken.mlpackage")
    def test_compile(coreml_model): pass

    @rules
    @pytest.mark.coreml_model("Refused.mlpackage")
    def test_load(coreml_model): pass

    @pytest.mark.coreml_model("Large.mlpackage")
    def test_memory(coreml_model):
        coreml_model.predict(coreml_model.example_inputs())

    @rules
    @pytest.mark.coreml_model("Planless.mlpackage")
    def test_plan(coreml_model): pass
"""


@pytest.mark.slow
def test_a_rejected_model_is_a_failure_with_the_frameworks_words(mac_project: MacProject) -> None:
    """At each stage: a verdict with the file and the cause, never a traceback of ours, never green."""
    for name in ("Broken", "Refused", "Large", "Planless"):
        mac_project.save(models.program_spec(1), f"{name}.mlpackage")
    mac_project.become(
        failures=(
            Failure("compile", "error", "validator error: unsupported op", model="Broken"),
            Failure("load", "error", "ANECCompile() FAILED", model="Refused"),
            Failure("predict", "other_error", model="Large"),
            Failure("plan", "error", "E5RT: dynamic shapes", model="Planless"),
        )
    )
    mac_project.test(TESTS)

    result = mac_project.run("-rs")

    result.assert_outcomes(failed=3, skipped=1)
    result.stdout.no_fnmatch_line("*Traceback*")
    for line in (
        "*Broken.mlpackage: cannot be compiled: *validator error: unsupported op*",
        "*Refused.mlpackage on all: cannot be loaded: *ANECCompile() FAILED*",
        "*the engine process ran out of memory while predicting with Large.mlpackage on all*",
        "*unknown placement: Core ML returned no compute plan: E5RT: dynamic shapes*",
    ):
        result.stdout.fnmatch_lines([line])
