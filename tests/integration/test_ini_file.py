"""Options in `pytest.ini` and in both tables of `pyproject.toml`, as one writes them there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import ini_files
import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_linear(coreml_model): pass
"""


@pytest.fixture(autouse=True)
def script(pytester: pytest.Pytester, script: Script) -> Script:
    """The answers of the engines of a project with a model and a test."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(test_model=TEST)
    return script


def reported(pytester: pytest.Pytester, name: str) -> list[dict[str, Any]]:
    """Return the tests in a report."""
    tests: list[dict[str, Any]] = json.loads((pytester.path / name).read_text())["tests"]
    return tests


@pytest.mark.parametrize("file", ini_files.ALL)
def test_each_kind_of_value(pytester: pytest.Pytester, file: str) -> None:
    """Numbers, lists and words."""
    for name in ("one.json", "two.json"):
        pytester.runpytest_inprocess(*RUN, f"--coreml-report={name}", "--coreml-compute-units=all")
    ini_files.write(
        pytester.path,
        file,
        report="report.json",
        calls=7,
        tolerance=0.1,
        timeout=30,
        inconclusive="fail",
        compute_units=["all", "cpuOnly"],
        baseline=["one.json", "two.json"],
    )

    result = pytester.runpytest_inprocess(*RUN)

    # Seven calls are too few to compare, and the second configuration is not in the baseline.
    result.assert_outcomes(failed=1, skipped=1)
    tests = reported(pytester, "report.json")
    assert [entry["id"].partition("[")[2] for entry in tests] == ["all]", "cpuOnly]"]
    assert [len(entry["predict"]["native_ms"]) for entry in tests] == [7, 7]
    assert tests[0]["regression"]["runs"] == 2


@pytest.mark.parametrize("file", ini_files.TOML)
def test_one_of_what_may_be_several(pytester: pytest.Pytester, file: str) -> None:
    """A text where a list could stand, and a number in quotes."""
    ini_files.write(pytester.path, file, report="report.json", calls="7", compute_units="all,cpuOnly")

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(passed=2)
    assert [len(entry["predict"]["native_ms"]) for entry in reported(pytester, "report.json")] == [7, 7]


@pytest.mark.parametrize("file", ini_files.TOML)
@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("calls", ["7"], "*coreml_calls: expected a positive whole number, got ?'7'?"),
        ("dropin", ["true"], "*coreml_dropin: expected true or false, got ?'true'?"),
        ("dropin", "maybe", "*coreml_dropin: expected true or false, got 'maybe'"),
        ("report", ["a.json"], "*coreml_report: expected a path, got ?'a.json'?"),
        ("compute_units", ["cpuOnyl"], "*unknown compute units 'cpuOnyl'*"),
        ("calls", 0, "*coreml_calls: expected a positive whole number, got *0*"),
    ],
)
def test_a_wrong_kind_of_value_is_a_usage_error(
    pytester: pytest.Pytester, file: str, option: str, value: object, expected: str
) -> None:
    """With what was expected and what came."""
    ini_files.write(pytester.path, file, **{option: value})

    result = pytester.runpytest_inprocess(*RUN)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([expected])
