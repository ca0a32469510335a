"""Merely installed, the plugin costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

HEAVY = ("numpy", "coremltools", "onnx", "onnxruntime", "jsonschema", "rich", "psutil")


def test_nothing_heavy_is_imported_and_nothing_is_written(pytester: pytest.Pytester) -> None:
    """A run without our fixtures, markers and options imports none of our heavy packages and leaves no file."""
    pytester.makepyfile(
        f"""
        import sys

        def test_modules():
            assert "pytest_coreml.plugin" in sys.modules
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """
    )
    made_by_pytester = {"stdout", "stderr", "runpytest-0", "runpytest-current"}
    before = {path.name for path in pytester.path.iterdir()} | made_by_pytester

    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:benchmark"
    )

    result.assert_outcomes(passed=1)
    assert {path.name for path in pytester.path.iterdir()} - before <= {"__pycache__"}
    assert "Core ML" not in result.stdout.str()


def test_a_fixture_asked_for_by_name_makes_the_test_ours(project: pytest.Pytester) -> None:
    """`request.getfixturevalue` gives the model that the options name, and the report has what was done with it."""
    project.makepyfile(
        """
        def test_model(request):
            model = request.getfixturevalue("coreml_model")
            assert model.compute_units == "all"
            model.measure(calls=3)
        """
    )

    result = project.runpytest_subprocess("--coreml-model=Linear.mlpackage")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["Linear.mlpackage*", "*all *"])
