"""Bad input gets a clear error, and the rest of the run is unharmed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.plugin import sending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted_engine import Script

    from pytest_coreml.verdict.record import Record

USE = """
    import pytest

    @pytest.mark.coreml_model("{model}")
    def test_it(coreml_model):
        coreml_model.predict({inputs})

    def test_other():
        pass
"""
EXAMPLE = "coreml_model.example_inputs()"


def run(project: pytest.Pytester, model: str, inputs: str = EXAMPLE) -> pytest.RunResult:
    """Run a test of *model* beside one that has nothing to do with it."""
    project.makepyfile(USE.format(model=model, inputs=inputs))
    return project.runpytest_subprocess("-p", "no:randomly")


def test_a_missing_path_names_the_places(project: pytest.Pytester) -> None:
    """A path that is not there fails one test."""
    result = run(project, "Nowhere.mlpackage")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["Nowhere.mlpackage: no such model: there is no *Nowhere.mlpackage"])


@pytest.mark.slow
def test_an_empty_package_is_no_model(project: pytest.Pytester) -> None:
    """A folder that is only named like a package is refused with the reason."""
    project.mkdir("Empty.mlpackage")

    result = run(project, "Empty.mlpackage")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Empty.mlpackage: not a Core ML package: it has no Manifest.json*"])


@pytest.mark.slow
def test_a_file_that_is_no_model(project: pytest.Pytester) -> None:
    """A text file named .mlmodel is refused, naming it."""
    (project.path / "Text.mlmodel").write_text("this is no model")

    result = run(project, "Text.mlmodel")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Text.mlmodel: *"])


def test_what_is_no_source_is_told_by_its_type(project: pytest.Pytester) -> None:
    """Neither a path nor a callable."""
    project.makepyfile("def test_it(coreml_load): coreml_load(42)")

    result = project.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*coreml_load: expected a path, or a callable that returns an MLModel or a path, got 42"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("{'z': [[1.0]]}", "*Linear.mlpackage has no input 'z'. It takes x: float32 (1, 4)*"),
        ("{}", "*Linear.mlpackage: missing input 'x'*It takes x: float32 (1, 4)*"),
        ("{'x': [[1.0, 2.0]]}", "*Linear.mlpackage: input 'x' expects float32 (1, 4), got*(1, 2)*"),
        ("{'x': 'text'}", "*Linear.mlpackage: input 'x' expects float32 (1, 4), got str*"),
    ],
)
def test_wrong_inputs_name_what_was_expected(project: pytest.Pytester, inputs: str, expected: str) -> None:
    """A wrong name, a missing input, a wrong shape and a wrong type each say what the model takes."""
    result = run(project, "Linear.mlpackage", inputs)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([expected])


@pytest.mark.parametrize("calls", ["-1", "0", "'7'", "2.5", "True"])
def test_calls_that_cannot_be_counted(pytester: pytest.Pytester, script: Script, calls: str) -> None:
    """A number of calls is refused in the words of `--coreml-calls`."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.coreml_model("Linear.mlpackage")
        def test_it(coreml_model):
            coreml_model.measure(calls={calls})

        def test_other():
            pass
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"*InputError: measure(calls=...): expected a positive whole number, got {calls}"])


@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize("outcome", ["passed", "skipped", "failed", "expected"])
def test_a_test_that_cannot_be_recorded_fails(
    pytester: pytest.Pytester, script: Script, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """It would be missing in the report; the others are there."""
    pytester.mkdir("Linear.mlpackage")
    pytester.makepyfile(
        f"""
        import pytest

        outcomes = {{"failed": pytest.fail, "skipped": pytest.skip, "expected": pytest.xfail, "passed": str}}

        @pytest.mark.coreml_model("Linear.mlpackage")
        def test_it(coreml_model):
            coreml_model.measure()
            outcomes["{outcome}"]("its own reason")

        @pytest.mark.coreml_model("Linear.mlpackage")
        def test_other(coreml_model):
            pass
        """
    )
    given = sending.properties

    def broken(record: Record) -> Iterator[tuple[str, float | str]]:
        if record.predict is not None:
            raise ZeroDivisionError("no such figure")
        return given(record)

    monkeypatch.setattr(sending, "properties", broken)

    result = pytester.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*pytest-coreml could not record this test:", "*ZeroDivisionError: no such figure"])
    result.stdout.fnmatch_lines(["*its own reason*"] * (outcome == "failed"))
    result.stdout.no_fnmatch_line("INTERNALERROR*")


def test_a_report_path_that_cannot_be_written_is_said_before_the_tests(project: pytest.Pytester) -> None:
    """The run does not begin when its report could not be written."""
    project.makepyfile("def test_other(): pass\n")
    (project.path / "file").write_text("")

    result = project.runpytest_subprocess("--coreml-report=file/report.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cannot write the report*file*"])


@pytest.mark.slow
def test_all_mistakes_in_markers_are_told_at_once(project: pytest.Pytester) -> None:
    """Misspelled arguments, wrong types and negative numbers are one usage error, with the nearest valid names."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_budget(predict_msec=25)
        def test_name(coreml_model): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_budget(predict_ms=-1)
        def test_number(coreml_model): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_compute_units("cpuOnyl")
        def test_units(coreml_model): pass

        @pytest.mark.coreml_budget(size_mb=1)
        def test_no_fixture(): pass

        def test_no_model(coreml_model): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_compute_units("ANE")
        @pytest.mark.coreml_budget(size_mb=1, load_sec=2)
        @pytest.mark.coreml_placement(forbid="npu", min_share={"gpu": 95})
        def test_everything(coreml_model): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_budget(size_mb=1, compute_units="cpuOnly")
        def test_never_judged(coreml_model): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_budget(size_mb=1, compute_units="cpuOnly")
        def test_judged(coreml_cpu_only): pass

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_placement(forbid="gpu", compute_units="all")
        def test_maybe_judged(coreml_load): pass
        """
    )

    result = project.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "test_judged" not in result.stderr.str()
    assert "test_maybe_judged" not in result.stderr.str()
    result.stderr.fnmatch_lines_random(
        [
            "*coreml_budget: unknown argument 'predict_msec'; did you mean 'predict_ms'?*",
            "*coreml_budget: predict_ms: expected a positive number, got -1*",
            "*unknown compute units 'cpuOnyl'*did you mean 'cpuOnly'?*",
            "*coreml_budget on a test without a model: add coreml_model to the arguments*",
            "*the fixture coreml_model has no model: mark the test with*",
            "*coreml_compute_units: unknown compute units 'ANE'*",
            "*coreml_budget: unknown argument 'load_sec'; did you mean 'load_ms'?*",
            "*coreml_placement: unknown device 'npu'*",
            "*coreml_placement: min_share?'gpu'?: expected a number from 0 to 1, got 95*",
            "*coreml_budget is for cpuOnly, and the test runs on all only: add 'cpuOnly' to its coreml_compute_units*",
        ]
    )


@pytest.mark.slow
def test_the_engine_leaves_no_folder_behind(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a run the temporary folder is as it was."""
    folder = project.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    run(project, "Linear.mlpackage")

    left = [path for path in Path(folder).iterdir() if not path.name.startswith("pytest-of-")]

    assert left == []
