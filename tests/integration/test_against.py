"""`--coreml-against`: two versions of a model, run alternately."""

from __future__ import annotations

import json
import shutil

import pytest
from scripted_engine import Script, ScriptedEngine

from pytest_coreml import session

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "-rs", "--coreml-calls=30")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_linear(coreml_model): pass
"""


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "passed"), (1.2, "failed")])
def test_the_ratio_decides(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ratio: float, outcome: str
) -> None:
    """A slower model fails when a second process confirms it."""
    script = Script()
    script.ratio = ratio
    monkeypatch.setattr(session, "Engine", lambda *_: ScriptedEngine(script))
    pytester.makepyfile(test_model=TEST)
    pytester.mkdir("Linear.mlpackage")
    pytester.mkdir("Old.mlpackage")

    result = pytester.runpytest_inprocess(*RUN, "--coreml-against=Old.mlpackage")

    result.assert_outcomes(**{outcome: 1})
    if outcome == "failed":
        result.stdout.fnmatch_lines(
            ["*12* ms vs 10 ms of Old.mlpackage, +20.0 %*30 alternating pairs: REGRESSED, confirmed in 2 processes"]
        )


def test_a_model_that_is_not_there_is_a_usage_error(pytester: pytest.Pytester) -> None:
    """It is said before a test runs."""
    result = pytester.runpytest_inprocess("--coreml-against=Gone.mlpackage")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--coreml-against: there is no *Gone.mlpackage*"])


def test_engines_run_both(project: pytest.Pytester) -> None:
    """A folder with a model of the same name will do; the report has the pairs, whatever the verdict is."""
    project.makepyfile(test_model=TEST)
    shutil.copytree(project.path / "Linear.mlpackage", project.path / "old" / "Linear.mlpackage")

    result = project.runpytest_inprocess(*RUN, "--coreml-against=old", "--coreml-report")
    (test,) = json.loads((project.path / "coreml-report.json").read_text())["tests"]

    assert result.parseoutcomes().get("errors") is None
    assert test["regression"]["against"] == "Linear.mlpackage"
    assert test["regression"]["calls"] == 30
