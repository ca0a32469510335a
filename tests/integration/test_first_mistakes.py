"""The errors after a newcomer's mistakes say what to do next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_it(coreml_model):
        pass
"""


def block(folder: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let *package* be one that is not installed, in every process that is started."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    paths = [str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


def test_a_path_that_is_right_for_another_folder_is_found_for_the_reader(project: pytest.Pytester) -> None:
    """The places that were looked at, and the one where a model of that name lies."""
    tests, models = project.mkdir("tests"), project.mkdir("models")
    (project.path / "Linear.mlpackage").rename(models / "Linear.mlpackage")
    (tests / "test_it.py").write_text("\n".join(line[4:] for line in PLAIN.splitlines()))

    result = project.runpytest_subprocess()

    result.assert_outcomes(failed=1)
    places = "there is neither */tests/Linear.mlpackage nor */Linear.mlpackage"
    result.stdout.fnmatch_lines([f"*no such model: {places}; did you mean 'models/Linear.mlpackage'?*"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("onnxruntime", "*the reference runtime needs onnxruntime: pip install onnx onnxruntime*"),
        ("coremltools", "*coremltools is not installed for *; install it: pip install coremltools*"),
    ],
)
def test_what_is_not_installed_is_named_with_the_command(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, package: str, expected: str
) -> None:
    """A missing runtime or coremltools is one error of the test, not a traceback."""
    block(project.path / "site", package, monkeypatch)
    project.makepyfile(PLAIN)

    result = project.runpytest_subprocess("--coreml-runtime=reference")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([expected])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.slow
def test_core_ml_asked_for_where_it_is_not(project: pytest.Pytester) -> None:
    """The reason, and the option that works here."""
    project.makepyfile(PLAIN)

    result = project.runpytest_subprocess("--coreml-runtime=coreml")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*there is no coremltools.libcoremlpython here: *use --coreml-runtime=reference*"])


def test_a_misspelled_marker_is_no_promise_that_everybody_keeps(pytester: pytest.Pytester) -> None:
    """Without `--strict-markers` pytest only warns; a marker of the project's own is left alone."""
    pytester.makeini("[pytest]\nmarkers = coreml_nightly: ours\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_nightly
        def test_own(): pass

        @pytest.mark.coreml_bugdet(predict_ms=25)
        def test_typo(): pass
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown marker 'coreml_bugdet'; did you mean 'coreml_budget'?*", "*::test_typo"])
    assert "coreml_nightly" not in result.stderr.str()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Missng.mlpackage"], ["ERROR: *not found: Missng.mlpackage; did you mean 'Missing.mlpackage'?"]),
        (
            ["Missng.mlpackage::all", "Other.mlmodel"],
            ["*Missng.mlpackage; did you mean*", "ERROR: *not found: Other.mlmodel"],
        ),
        (["Other.mlmodel"], ["ERROR: file or directory not found: Other.mlmodel"]),
    ],
)
def test_a_missing_file_on_the_command_line_is_answered_with_the_nearest_model(
    pytester: pytest.Pytester, names: list[str], expected: list[str]
) -> None:
    """pytest alone only says that it is not there."""
    pytester.mkdir("Missing.mlpackage")

    result = pytester.runpytest_inprocess("-p", "no:xdist", *names)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(expected)
