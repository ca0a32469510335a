"""With pytest-benchmark, measured models are in what it is asked for, in native time, and nothing is measured twice."""

from __future__ import annotations

import json
import statistics

import pytest

# Beside workers of pytest-xdist it disables itself.
pytestmark = pytest.mark.usefixtures("in_one_process")

MEASURED = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

    def test_measured(coreml_model):
        coreml_model.measure(calls=20)

    @pytest.mark.benchmark(group="encoders")
    def test_marked(coreml_model):
        coreml_model.measure(calls=20)

    def test_not_measured(coreml_model):
        pass
"""
TESTS = f"""{MEASURED}
    def test_by_hand(coreml_model, benchmark):
        benchmark.pedantic(coreml_model.predict, args=(coreml_model.example_inputs(),), rounds=30)

    def test_several(coreml_all, coreml_cpu_only, benchmark):
        inputs = coreml_all.example_inputs()
        coreml_all.predict(inputs)
        benchmark.pedantic(coreml_cpu_only.predict, args=(inputs,), rounds=30)

    def test_other_function(coreml_model, benchmark):
        benchmark.pedantic(len, args=("abc",), rounds=3)
"""
OPTIONS = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error::pytest.PytestWarning", "--coreml-calls=5")
# A peer that breaks what is entered, as releases of pytest-benchmark do beside a later pytest.
BROKEN = """
    import pytest

    @pytest.fixture
    def benchmark(request):
        return request.node.no_such_attribute
"""

# What each is called there: under which test of the report it stands.
NAMES = {
    "Linear.mlpackage::all": ("all", "all"),
    "test_measured[all]": ("test_measured[all]", "all"),
    "test_marked[all]": ("test_marked[all]", "all"),
    "test_by_hand[all]": ("test_by_hand[all]", "all"),
    "test_several": ("test_several", "cpuOnly"),
    "test_several all": ("test_several", "all"),
    "test_other_function[all] Linear.mlpackage": ("test_other_function[all]", "all"),
    "test_not_measured[all]": ("test_not_measured[all]", "all"),
}
BY_HAND = {"test_by_hand[all]", "test_several"}


@pytest.mark.slow
def test_what_is_measured_is_in_its_file(project: pytest.Pytester) -> None:
    """Every measured model is in the file, also a second one of a test and a model file, with the samples that the
    summary is made of, in a separate group; what a benchmark has measured, in native time, is not measured again.
    """
    project.makepyfile(test_all=TESTS)

    arguments = ("--benchmark-json=benchmark.json", "--coreml-report", "--benchmark-columns=median")
    result = project.runpytest_subprocess(*OPTIONS, *arguments, "Linear.mlpackage", "test_all.py")
    benchmarks = json.loads((project.path / "benchmark.json").read_text())["benchmarks"]
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    theirs = {entry["name"]: entry for entry in benchmarks}
    ours = {(entry["id"].partition("::")[2], entry["compute_units"]): entry["predict"] for entry in tests}
    groups = {name: entry["group"] for name, entry in theirs.items()}

    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["*benchmark 'Core ML': 5 tests*"])
    assert set(theirs) == {*NAMES, "test_other_function[all]"}
    assert {name for name in theirs if theirs[name]["options"]["timer"] == "coreml_native_clock"} - BY_HAND == {
        "test_other_function[all]"
    }
    assert [len(ours[NAMES[name]]["native_ms"]) for name in BY_HAND] == [30, 30]
    for name in set(NAMES) - BY_HAND:
        assert statistics.median(theirs[name]["stats"]["data"]) == pytest.approx(ours[NAMES[name]]["median_ms"] / 1e3)
    assert {name for name, group in groups.items() if group != "Core ML"} == {
        *BY_HAND,
        "test_marked[all]",
        "test_other_function[all]",
    }
    assert groups["test_marked[all]"] == "encoders"


@pytest.mark.slow
def test_nothing_is_shown_unasked(project: pytest.Pytester) -> None:
    """Its table is printed for a benchmark of the user's own, and has no row of ours."""
    project.makepyfile(test_all=MEASURED)
    project.makepyfile(test_own="def test_own(benchmark): benchmark(len, 'abc')")

    result = project.runpytest_subprocess(*OPTIONS)

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*benchmark: 1 tests*"])


@pytest.mark.slow
def test_its_gate_judges_no_model_unless_the_test_is_marked(project: pytest.Pytester) -> None:
    """A bound that no measurement can keep fails the run for the marked test only."""
    project.makepyfile(test_all=MEASURED)
    numbers = ("min", "max", "mean", "stddev", "median", "iqr", "ops", "rounds", "iterations")
    stats = {**dict.fromkeys(numbers, 1e-12), "outliers": "0;0"}
    names = {"test_measured[all]": "Core ML", "test_not_measured[all]": "Core ML", "test_marked[all]": "encoders"}
    entries = [
        {"name": name, "fullname": f"test_all.py::{name}", "group": group, "stats": stats}
        for name, group in names.items()
    ]
    (project.path / "before.json").write_text(json.dumps({"machine_info": {}, "benchmarks": entries}))

    gate = ("--benchmark-compare=before.json", "--benchmark-compare-fail=min:1%")
    result = project.runpytest_subprocess(*OPTIONS, "-W", "ignore:Benchmark machine_info", *gate)
    failed = [line for line in result.outlines + result.errlines if "Field 'min' has failed" in line]

    assert result.ret != 0
    assert len(failed) == 1
    assert "test_marked" in failed[0]


@pytest.mark.slow
def test_a_peer_that_breaks_decides_no_test(project: pytest.Pytester) -> None:
    """Measurements that pytest-benchmark cannot take are a line at the end, also where warnings are errors."""
    project.makeconftest(BROKEN)
    project.makepyfile(test_all=MEASURED)

    result = project.runpytest_subprocess(*OPTIONS, "-W", "error", "-W", "ignore:Not saving", "--benchmark-json=b.json")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["Core ML: pytest-benchmark could not take measurements of *no attribute 'no_such_attribute'"]
    )


@pytest.mark.slow
def test_without_it_nothing_changes(project: pytest.Pytester) -> None:
    """Disabled, disabled by pytest-xdist, skipped or blocked: measuring goes on, and the report is written."""
    for options, tests, count in (
        (["--benchmark-disable"], TESTS.partition("    def test_other")[0], 6),
        (["-n", "2", "-W", "ignore::pytest.PytestWarning"], TESTS.partition("    def test_other")[0], 6),
        (["--benchmark-skip"], MEASURED, 3),
        (["-p", "no:benchmark", "-W", "ignore::pytest.PytestUnknownMarkWarning"], MEASURED, 3),
    ):
        project.makepyfile(test_all=tests)
        result = project.runpytest_subprocess(*OPTIONS, *options, "--coreml-report")
        entries = json.loads((project.path / "coreml-report.json").read_text())["tests"]

        assert int(result.ret) == 0, options
        assert [len(entry["predict"]["native_ms"]) > 1 for entry in entries] == [True] * count
