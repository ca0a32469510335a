"""With plugins that repeat a test every attempt is recorded, and the last one is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from pathlib import Path


TESTS = """
    import pytest

    pytestmark = [pytest.mark.coreml_model("Linear.mlpackage"), pytest.mark.flaky(reruns=2)]
    attempts = []

    @pytest.mark.coreml_budget(size_mb=1)
    def test_passes_at_last(coreml_model):
        attempts.append(coreml_model.measure(calls=len(attempts) + 1))
        assert len(attempts) == 3

    @pytest.mark.coreml_budget(size_mb=1e-6)
    def test_misses_its_budget(coreml_model):
        pass

    @pytest.fixture
    def broken_once(coreml_model, attempts=[]):
        attempts.append(coreml_model)
        assert len(attempts) > 1

    @pytest.mark.coreml_budget(size_mb=1)
    def test_is_set_up_at_last(coreml_model, broken_once, benchmark):
        benchmark.pedantic(coreml_model.predict, args=(coreml_model.example_inputs(),), rounds=3)
"""


def figures(junit: Path, test: str) -> list[list[str | None]]:
    """Return the names of the values in each of the entries that JUnit's file has of *test*."""
    cases = [case for case in ET.parse(junit).iter("testcase") if case.get("name") == f"{test}[all]"]
    return [[found.get("name") for found in case.iter("property")] for case in cases]


@pytest.mark.slow
def test_each_attempt_is_recorded_and_the_last_one_judged(project: pytest.Pytester, workers: int | None) -> None:
    """In the report, in the summary and in JUnit's file, where no attempt has the figures of another."""
    project.makepyfile(TESTS)

    result = project.runpytest_subprocess("-p", "no:randomly", "--coreml-report", "--junitxml=junit.xml")
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    found = [
        (
            entry["id"].partition("::")[2],
            entry["attempt"],
            entry["outcome"],
            [one["verdict"] for one in entry["checks"]],
        )
        for entry in tests
    ]

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*attempt 3*", "FAILED", "*::test_misses_its_budget", "*5 rerun*"])
    assert found == [
        ("test_passes_at_last[all]", 1, "failed", []),
        ("test_passes_at_last[all]", 2, "failed", []),
        ("test_passes_at_last[all]", 3, "passed", ["passed"]),
        *(("test_misses_its_budget[all]", attempt, "failed", ["failed"]) for attempt in (1, 2, 3)),
        ("test_is_set_up_at_last[all]", 1, "error", []),
        ("test_is_set_up_at_last[all]", 2, "passed", ["passed"]),
    ]
    *counts, by_benchmark = [
        len(entry["predict"]["native_ms"]) for entry in tests if "at_last" in entry["id"] and entry["predict"]
    ]
    assert counts == [1, 2, 3]
    # Beside workers pytest-benchmark measures nothing, and we do.
    assert (by_benchmark == 3) is not bool(workers)
    # Some versions of pytest-rerunfailures put the last attempt into JUnit's file only.
    *earlier, last = [len(names) for names in figures(project.path / "junit.xml", "test_passes_at_last")]
    assert set(earlier) <= {last - 1}
    assert all(len(set(names)) == len(names) for names in figures(project.path / "junit.xml", "test_misses_its_budget"))


# Repeats a test within the hook that makes its report, twice, as pytest-retry does.
RETRIES = """
    import pytest

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if call.when != "call" or not report.failed:
            return report
        report.outcome = "retried"
        item.ihook.pytest_runtest_logreport(report=report)
        for _ in range(2):
            teardown = lambda: item.ihook.pytest_runtest_teardown(
                item=item, nextitem=pytest.Class.from_parent(item.session, name="Nothing")
            )
            pytest.CallInfo.from_call(teardown, when="teardown")
            item._initrequest()
            pytest.CallInfo.from_call(lambda: item.ihook.pytest_runtest_setup(item=item), when="setup")
            again = pytest.CallInfo.from_call(lambda: item.ihook.pytest_runtest_call(item=item), when="call")
            repeated = pytest.TestReport.from_item_and_call(item, again)
            report.outcome, report.longrepr = repeated.outcome, repeated.longrepr
            if repeated.passed:
                break
        return report
"""


@pytest.mark.slow
def test_an_attempt_within_the_report_of_another_is_recorded(project: pytest.Pytester) -> None:
    """pytest-retry makes no report of a repetition, and changes the one of the first attempt."""
    project.makeconftest(RETRIES)
    project.makepyfile(
        """
        import pytest

        attempts = []

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_budget(size_mb=1)
        def test_at_last(coreml_model):
            attempts.append(coreml_model.measure(calls=3))
            assert len(attempts) == 3
        """
    )

    options = ("-p", "no:rerunfailures", "--coreml-report", "--junitxml=junit.xml")
    result = project.runpytest_subprocess(*options)
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    names = figures(project.path / "junit.xml", "test_at_last")[-1]

    result.assert_outcomes(passed=1)
    assert [(test["attempt"], test["outcome"], len(test["checks"])) for test in tests] == [
        (1, "failed", 0),
        (2, "failed", 0),
        (3, "passed", 1),
    ]
    assert "coreml_predict_median_ms[all]" in names
    assert len(set(names)) == len(names)
