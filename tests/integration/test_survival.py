"""An engine that dies, hangs or is killed is one failed test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TEST = """
    import os, signal
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def pid_of(model):
        return model._lease.engine.facts.pid

    def test_killed(coreml_model):
        os.kill(pid_of(coreml_model), signal.{signal})
        coreml_model.predict(coreml_model.example_inputs())

    def test_after(): pass
"""


def test_a_killed_engine_is_one_failed_test(project: pytest.Pytester) -> None:
    """The failure names the stage, the model, the compute units and the signal; the run goes on and reports."""
    project.makepyfile(TEST.format(signal="SIGKILL"))

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-report")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the engine was ended by SIGKILL*while predicting with Linear.mlpackage on all*"])
    assert (project.path / "coreml-report.json").exists()


def test_a_hanging_engine_is_killed_at_the_time_limit(project: pytest.Pytester) -> None:
    """A stopped engine gives no sign of life; the failure says for how long, and how to wait longer."""
    project.makepyfile(TEST.format(signal="SIGSTOP"))

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-timeout=20")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*no sign of life for 20 s while predicting with Linear.mlpackage on all*"])
