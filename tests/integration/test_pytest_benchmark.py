"""With pytest-benchmark, measured models are in its table and files, in native time, and nothing is measured twice."""

from __future__ import annotations

import json

import pytest

# Beside workers of pytest-xdist it disables itself.
pytestmark = pytest.mark.usefixtures("in_one_process")

TESTS = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def test_measured(coreml_model):
        coreml_model.measure(calls=20)

    def test_by_hand(coreml_model, benchmark):
        benchmark.pedantic(coreml_model.predict, args=(coreml_model.example_inputs(),), rounds=30)

    def test_several(coreml_all, coreml_cpu_only, benchmark):
        inputs = coreml_all.example_inputs()
        coreml_all.predict(inputs)
        benchmark.pedantic(coreml_cpu_only.predict, args=(inputs,), rounds=30)

    def test_other_function(coreml_model, benchmark):
        benchmark.pedantic(len, args=("abc",), rounds=3)

    def test_not_measured(coreml_model):
        pass
"""
OPTIONS = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error::pytest.PytestWarning")


# What each is called there: under which test of the report it stands.
NAMES = {
    "Linear.mlpackage::all": ("all", "all"),
    "test_measured[all]": ("test_measured[all]", "all"),
    "test_by_hand[all]": ("test_by_hand[all]", "all"),
    "test_several": ("test_several", "cpuOnly"),
    "test_several all": ("test_several", "all"),
    "test_other_function[all] Linear.mlpackage": ("test_other_function[all]", "all"),
    "test_not_measured[all]": ("test_not_measured[all]", "all"),
}


def test_what_is_measured_is_in_its_table_and_in_its_file(project: pytest.Pytester) -> None:
    """Every measured model, also a second one of a test and a model file, with the very samples of the report; what a
    benchmark by hand has measured, in native time, is not measured again."""
    project.makepyfile(test_all=TESTS)

    arguments = ("--benchmark-json=benchmark.json", "--coreml-report", "--coreml-calls=5", "--benchmark-columns=median")
    result = project.runpytest_subprocess(*OPTIONS, *arguments, "Linear.mlpackage", "test_all.py")
    benchmarks = json.loads((project.path / "benchmark.json").read_text())["benchmarks"]
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    theirs = {entry["name"]: entry for entry in benchmarks}
    ours = {(entry["id"].partition("::")[2], entry["compute_units"]): entry["predict"] for entry in tests}
    by_hand = {"test_by_hand[all]", "test_several"}

    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["Name (time in ?s)*", "test_*"])
    assert set(theirs) == {*NAMES, "test_other_function[all]"}
    assert {name for name in theirs if theirs[name]["options"]["timer"] == "coreml_native_clock"} - by_hand == {
        "test_other_function[all]"
    }
    assert [len(ours[NAMES[name]]["native_ms"]) for name in by_hand] == [30, 30]
    for name in set(NAMES) - by_hand:
        samples = [sample / 1e3 for sample in ours[NAMES[name]]["native_ms"]]
        assert theirs[name]["stats"]["data"] == pytest.approx(samples), name


def test_without_it_nothing_changes(project: pytest.Pytester) -> None:
    """Disabled, disabled by pytest-xdist, skipped or blocked: measuring goes on, and the report is written."""
    measured, with_benchmark = TESTS.partition("    def test_by_hand")[0], TESTS.partition("    def test_other")[0]
    for options, tests, count in (
        (["--benchmark-disable"], with_benchmark, 4),
        (["-n", "2", "-W", "ignore::pytest.PytestWarning"], with_benchmark, 4),
        (["--benchmark-skip"], measured, 1),
        (["-p", "no:benchmark"], measured, 1),
    ):
        project.makepyfile(test_all=tests)
        result = project.runpytest_subprocess(*OPTIONS, *options, "--coreml-report", "--coreml-calls=5")
        entries = json.loads((project.path / "coreml-report.json").read_text())["tests"]

        assert int(result.ret) == 0, options
        assert [len(entry["predict"]["native_ms"]) > 1 for entry in entries] == [True] * count
