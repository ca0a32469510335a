"""A model, a budget, a report: what a user sees."""

from __future__ import annotations

import json

import pytest

RUN = ("-p", "no:randomly", "--coreml-calls=10")
TEST = """
    import numpy as np
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_budget({budget})
    def test_linear(coreml_model):
        out = coreml_model.predict({{"x": np.ones((1, 4), np.float32)}})
        assert out["y"].shape == (1, 3)
"""


@pytest.mark.slow
def test_a_budget_that_holds_passes_and_is_reported(project: pytest.Pytester) -> None:
    """A test under a generous budget passes, and its figures are in the table and in the report."""
    project.makepyfile(TEST.format(budget="predict_ms=10_000, size_mb=1, memory_mb=2000"))

    result = project.runpytest_subprocess(*RUN, "--coreml-runtime=reference", "--coreml-report")
    report = json.loads((project.path / "coreml-report.json").read_text())
    entry = report["tests"][0]

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*Core ML*", "*Linear*", "*coreml-report.json*"])
    assert entry["id"].endswith("::test_linear[all]")
    assert entry["outcome"] == "passed"
    assert entry["model"] in report["models"]
    assert [check["verdict"] for check in entry["checks"]] == ["passed"] * 3
    assert len(entry["predict"]["native_ms"]) >= 10
    assert entry["load"]["first_load_ms"][0] > 0


@pytest.mark.slow
def test_a_missed_budget_fails_the_test_with_figures_and_machine(project: pytest.Pytester) -> None:
    """The failure says what was expected, what came, and how it was measured."""
    project.makepyfile(TEST.format(budget="size_mb=0.0001"))

    result = project.runpytest_subprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Linear.mlpackage on all: size*0.0001*", "*coremltools*"])


@pytest.mark.slow
def test_times_are_not_judged_on_a_runtime_that_was_not_chosen(project: pytest.Pytester) -> None:
    """Under `auto` without Core ML a time budget skips its test with the reason, never passes it."""
    project.makepyfile(TEST.format(budget="predict_ms=10_000"))

    result = project.runpytest_subprocess(*RUN, "-rs", "--coreml-runtime=auto")

    result.assert_outcomes(skipped=1)
    reason = "predict_ms: not_judged: the reference runtime ran the model"
    result.stdout.fnmatch_lines(
        [f"SKIPPED [[]1] test_times_are_not_judged_on_a_runtime_that_was_not_chosen.py:4: {reason}*"]
    )


@pytest.mark.slow
def test_sizes_are_judged_on_any_runtime(project: pytest.Pytester) -> None:
    """A size budget beside a time budget still makes the test green or red."""
    project.makepyfile(TEST.format(budget="predict_ms=10_000, size_mb=1"))

    result = project.runpytest_subprocess(*RUN)

    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_model_file_is_a_test(project: pytest.Pytester) -> None:
    """A package named on the command line is loaded, predicted with and measured for each compute units."""
    result = project.runpytest_subprocess(*RUN, "Linear.mlpackage", "-rp", "--coreml-compute-units=cpuOnly,all")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines_random(["PASSED Linear.mlpackage::cpuOnly", "PASSED Linear.mlpackage::all"])


@pytest.mark.slow
def test_a_failing_body_is_not_judged(project: pytest.Pytester) -> None:
    """A test whose body fails has its own text, and is in the report as failed."""
    project.makepyfile(TEST.format(budget="size_mb=1").replace("(1, 3)", "(7,)"))

    result = project.runpytest_subprocess(*RUN, "--coreml-report=out.json")
    entry = json.loads((project.path / "out.json").read_text())["tests"][0]

    result.assert_outcomes(failed=1)
    assert entry["outcome"] == "failed"
    assert entry["checks"] == []


@pytest.mark.slow
def test_the_report_option_leaves_test_paths_alone(project: pytest.Pytester) -> None:
    """`--coreml-report tests/` writes the default report and runs tests/."""
    tests = project.mkdir("checks")
    (tests / "test_here.py").write_text("def test_here(): pass\n")
    project.makepyfile("def test_elsewhere(): assert False\n")

    result = project.runpytest_subprocess("--coreml-report", "checks/")

    result.assert_outcomes(passed=1)
    assert (project.path / "coreml-report.json").exists()


# The controller of pytest-xdist does not look for paths.
@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--coreml-report", "nowhere/"), "*file or directory not found: nowhere/*"),
        (("--coreml-report=.",), "*--coreml-report=.: expected the name of a file, as coreml-report.json*"),
    ],
)
def test_a_folder_is_no_report(project: pytest.Pytester, words: tuple[str, ...], expected: str) -> None:
    """A missing path is not taken for the name of a report, and after an equals sign a path is not run."""
    project.makepyfile("def test_it(): pass\n")

    result = project.runpytest_subprocess(*words)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([expected])
    assert not (project.path / "nowhere").exists()


@pytest.mark.slow
def test_tests_that_share_a_model_are_each_judged(project: pytest.Pytester) -> None:
    """A test whose model an earlier test has loaded, and that does nothing with it, is judged too."""
    project.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.coreml_model("Linear.mlpackage")

        @pytest.mark.coreml_budget(size_mb=1)
        def test_first(coreml_model): pass

        @pytest.mark.coreml_budget(size_mb=0.0001)
        def test_second(coreml_model): pass

        @pytest.mark.coreml_budget(memory_mb=0.001)
        def test_third(coreml_model): pass
        """
    )

    result = project.runpytest_subprocess(*RUN, "--coreml-runtime=reference", "--coreml-report")
    entries = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    verdicts = {entry["id"].rpartition("::")[2]: [check["verdict"] for check in entry["checks"]] for entry in entries}

    result.assert_outcomes(passed=1, failed=2)
    assert verdicts == {"test_first[all]": ["passed"], "test_second[all]": ["failed"], "test_third[all]": ["failed"]}


def test_checks_without_a_model_are_never_green(project: pytest.Pytester) -> None:
    """A test that declares a budget and loads nothing is skipped with the reason."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_budget(size_mb=1)
        def test_nothing(coreml_load): pass
        """
    )

    result = project.runpytest_subprocess(*RUN, "-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*its markers ask for checks, and it loaded no model*"])


@pytest.mark.slow
def test_the_precision_is_recorded(project: pytest.Pytester) -> None:
    """A report says how the reference runtime computed half precision, by option or ini file."""
    project.makepyfile(TEST.format(budget="size_mb=1"))
    project.makeini("[pytest]\ncoreml_precision = strict\n")

    project.runpytest_subprocess(*RUN, "--coreml-runtime=reference", "--coreml-report")
    from_ini = json.loads((project.path / "coreml-report.json").read_text())
    project.runpytest_subprocess(*RUN, "--coreml-runtime=reference", "--coreml-report", "--coreml-precision=fast")
    from_option = json.loads((project.path / "coreml-report.json").read_text())

    assert [report["machine"]["runtime"]["precision"] for report in (from_ini, from_option)] == ["strict", "fast"]
