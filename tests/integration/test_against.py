"""`--coreml-against`: two versions of a model, interleaved."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "-rs", "--coreml-calls=30")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_linear(coreml_model): pass
"""


@pytest.fixture
def script(pytester: pytest.Pytester, script: Script) -> Script:
    """The answers of the engines of a project with an old and a current model."""
    pytester.mkdir("Linear.mlpackage")
    pytester.mkdir("Old.mlpackage")
    return script


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "passed"), (1.2, "failed")])
def test_the_ratio_decides(pytester: pytest.Pytester, script: Script, ratio: float, outcome: str) -> None:
    """A slower model fails when a second process confirms it."""
    script.slower = {"Linear.mlpackage": ratio}
    pytester.makepyfile(test_model=TEST)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Old.mlpackage")

    result.assert_outcomes(**{outcome: 1})
    if outcome == "failed":
        result.stdout.fnmatch_lines(
            ["*12* ms vs 10 ms of Old.mlpackage, +20.0 %*30 interleaved pairs: REGRESSED, confirmed in 2 processes"]
        )


def test_a_slowdown_within_the_tolerance_passes(pytester: pytest.Pytester, script: Script) -> None:
    """`--coreml-tolerance` is for this comparison too."""
    script.slower = {"Linear.mlpackage": 1.2}
    pytester.makepyfile(test_model=TEST)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Old.mlpackage", "--coreml-tolerance=0.3")

    result.assert_outcomes(passed=1)


def test_what_lies_first_in_memory_is_not_taken_for_slower(pytester: pytest.Pytester, script: Script) -> None:
    """The process that confirms loads the two the other way round."""
    script.first_slower = 1.1
    pytester.makepyfile(test_model=TEST)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Old.mlpackage")

    result.assert_outcomes(passed=1)


def test_a_small_slowdown_is_seen(pytester: pytest.Pytester, script: Script) -> None:
    """Three percent, which no comparison with finished runs would tell."""
    script.slower = {"Linear.mlpackage": 1.03}
    pytester.makepyfile(test_model=TEST)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Old.mlpackage")

    result.assert_outcomes(failed=1)


MARKED = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage", against="{}")
    def test_linear(coreml_model): pass
"""


def test_a_test_names_the_other_model_itself(pytester: pytest.Pytester, script: Script) -> None:
    """Its marker is enough, and goes before the option."""
    script.slower = {"Linear.mlpackage": 1.2}
    pytester.makepyfile(test_model=MARKED.format("Old.mlpackage"))

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Linear.mlpackage")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*of Old.mlpackage, +20.0 %*REGRESSED, confirmed in 2 processes"])


def test_a_test_that_names_a_model_that_is_not_there_fails(pytester: pytest.Pytester, script: Script) -> None:
    """The failure names the places that were looked at."""
    pytester.makepyfile(test_model=MARKED.format("Gone.mlpackage"))

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Gone.mlpackage: no such model: there is*"])


def test_a_model_that_is_not_there_is_a_usage_error(pytester: pytest.Pytester) -> None:
    """It is said before a test runs."""
    result = pytester.runpytest_inprocess("--coreml-against=Gone.mlpackage")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--coreml-against: there is no *Gone.mlpackage*"])


@pytest.mark.slow
def test_another_model_that_does_not_load_is_named_as_such(project: pytest.Pytester) -> None:
    """The error names the other model, not the model under test."""
    project.makepyfile(test_model=TEST)
    (project.path / "Bad.mlmodel").write_text("no model")

    result = project.runpytest_inprocess(*RUN, "--coreml-against=Bad.mlmodel")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the model to compare with: *Bad.mlmodel: cannot be compiled: *"])


@pytest.mark.slow
def test_engines_run_both(project: pytest.Pytester) -> None:
    """A folder with a model of the same name will do; the report has the pairs, whatever the verdict is."""
    project.makepyfile(test_model=TEST)
    shutil.copytree(project.path / "Linear.mlpackage", project.path / "old" / "Linear.mlpackage")

    result = project.runpytest_inprocess(*RUN, "--coreml-against=old", "--coreml-report")
    (test,) = json.loads((project.path / "coreml-report.json").read_text())["tests"]

    assert result.parseoutcomes().get("errors") is None
    assert test["regression"] is None
    assert test["duet"]["against"] == "old/Linear.mlpackage"
    assert test["duet"]["calls"] == 30
