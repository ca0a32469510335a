"""With pytest-benchmark, measured models are in its table and files, in native time, and nothing is measured twice."""

from __future__ import annotations

import json
import statistics

import pytest

TESTS = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def test_measured(coreml_model):
        coreml_model.measure(calls=20)

    def test_by_hand(coreml_model, benchmark):
        benchmark.pedantic(coreml_model.predict, args=(coreml_model.example_inputs(),), rounds=30)

    def test_not_measured(coreml_model):
        pass
"""
OPTIONS = ("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "error::pytest.PytestWarning")


def test_what_is_measured_is_in_its_table_and_in_its_file(project: pytest.Pytester) -> None:
    """The samples of the report and those of the other file are the same; a benchmark by hand has native times."""
    project.makepyfile(TESTS)

    arguments = ("--benchmark-json=benchmark.json", "--coreml-report", "--coreml-calls=5")
    result = project.runpytest_subprocess(*OPTIONS, *arguments)
    benchmarks = json.loads((project.path / "benchmark.json").read_text())["benchmarks"]
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    theirs = {entry["name"]: entry for entry in benchmarks}
    ours = {entry["id"].partition("::")[2]: entry["predict"] for entry in tests}
    stats = theirs["test_measured[all]"]["stats"]

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["Name (time in ?s)*", "test_*"])
    assert stats["rounds"] == len(ours["test_measured[all]"]["native_ms"])
    # Of all calls, where ours is of the undisturbed ones.
    assert stats["median"] * 1e3 == pytest.approx(statistics.median(ours["test_measured[all]"]["native_ms"]))
    assert theirs["test_measured[all]"]["extra_info"]["compute_units"] == "all"
    assert theirs["test_by_hand[all]"]["options"]["timer"] == "coreml_native_clock"
    assert theirs["test_by_hand[all]"]["stats"]["rounds"] == len(ours["test_by_hand[all]"]["native_ms"]) == 30


def test_without_it_nothing_changes(project: pytest.Pytester) -> None:
    """Disabled, skipped or blocked: measuring goes on, and the report is written."""
    project.makepyfile(TESTS.replace("def test_by_hand", "def helper"))

    for options in (["--benchmark-disable"], ["--benchmark-skip"], ["-p", "no:benchmark"]):
        result = project.runpytest_subprocess(*OPTIONS, *options, "--coreml-report")

        result.assert_outcomes(passed=2)
        assert len(json.loads((project.path / "coreml-report.json").read_text())["tests"]) == 2
