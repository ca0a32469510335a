"""In GitHub Actions a run tells its verdicts to the step summary, to annotations, and anywhere to JUnit."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_budget(size_mb=1)
    def test_linear(coreml_model):
        coreml_model.measure(calls=40)
"""


@pytest.fixture
def summary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, script: Script) -> Path:
    """A project whose test fails, in a job of GitHub Actions: where its step summary is."""
    pytester.makepyfile(test_model=TEST)
    pytester.mkdir("Linear.mlpackage")
    path = pytester.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    return path


def test_a_failed_check_is_an_annotation_on_the_line_of_its_test(pytester: pytest.Pytester, summary: Path) -> None:
    """The file is named from the top of the repository."""
    result = pytester.runpytest_inprocess(*RUN)

    # The line of the first decorator is where Python says that the test begins.
    place = f"file={pytester.path.name}/test_model.py,line=3,title=test_model.py%3A%3Atest_linear[[]all]"
    result.stdout.fnmatch_lines([f"::error {place}::size 12.4 MB, budget 1 MB (+1140.0 %25)"])


def test_a_failure_is_annotated_once(pytester: pytest.Pytester, summary: Path) -> None:
    """pytest-github-actions-annotate-failures annotates every test that fails; the step summary stays ours."""
    pytester.makepyfile(pytest_github_actions_annotate_failures="")
    pytester.syspathinsert()

    result = pytester.runpytest_inprocess(*RUN, "-p", "pytest_github_actions_annotate_failures")

    result.stdout.no_fnmatch_line("::error *")
    assert "- **FAILED**\n" in summary.read_text()


def test_the_step_summary_begins_with_what_failed(pytester: pytest.Pytester, summary: Path) -> None:
    """It is appended to what other steps wrote."""
    summary.write_text("before\n")
    pytester.runpytest_inprocess(*RUN)
    text = summary.read_text()

    assert text.startswith("before\n### Core ML: 1 failed\n\n- **FAILED**\n")
    assert "| Encoder.mlpackage | all | 400 | 100 | 10.0 |" in text
    assert "    - all: size 12.4 MB, budget 1 MB" in text.partition("| --- |")[0]


def test_a_failure_that_was_expected_is_no_error(pytester: pytest.Pytester, summary: Path) -> None:
    """An xfailed test has its figures in the summary, and no annotation; the report says that it was expected."""
    pytester.makepyfile(
        test_model=TEST.replace("@pytest.mark.coreml_budget", "@pytest.mark.xfail\n    @pytest.mark.coreml_budget")
    )

    result = pytester.runpytest_inprocess(*RUN, "--coreml-report")
    (entry,) = json.loads((pytester.path / "coreml-report.json").read_text())["tests"]
    text = summary.read_text()

    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["*1 xfailed", "failed as expected (xfail)", "    all: size 12.4 MB, budget 1 MB*"])
    result.stdout.no_fnmatch_line("::error*")
    result.stdout.no_fnmatch_line("FAILED*")
    assert "- failed as expected (xfail)\n" in text
    assert "    - all: size 12.4 MB, budget 1 MB" in text
    assert "FAILED" not in text
    assert (entry["expected_failure"], entry["outcome"], entry["checks"][0]["verdict"]) == (True, "skipped", "failed")


def test_a_summary_that_cannot_be_written_is_a_warning(
    pytester: pytest.Pytester, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends as it would have ended."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["::warning::the step summary * cannot be written: Is a directory"])


def test_elsewhere_nothing_is_told(pytester: pytest.Pytester, summary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of GitHub Actions the run writes neither commands nor a file."""
    monkeypatch.delenv("GITHUB_ACTIONS")

    result = pytester.runpytest_inprocess(*RUN)

    result.stdout.no_fnmatch_line("::error*")
    assert not summary.exists()


def test_junit_has_the_figures_once(pytester: pytest.Pytester, summary: Path) -> None:
    """Each figure is one property of the test case."""
    pytester.runpytest_inprocess(*RUN, "--junitxml=out.xml")
    found = [(each.get("name"), each.get("value")) for each in ET.parse(pytester.path / "out.xml").iter("property")]

    assert len(found) == len(set(found))
    assert ("coreml_predict_median_ms[all]", "10.045") in found
    assert ("coreml_load_ms[all]", "100.5") in found
    assert ("coreml_size_mb[all]", "12.4") in found
