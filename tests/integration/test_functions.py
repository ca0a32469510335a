"""A package with several functions, named without one, is tested in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import coremltools as ct
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(project: pytest.Pytester) -> Path:
    """A package with the functions `prefill` and `decode`, in the folder of the tests."""
    functions = ct.utils.MultiFunctionDescriptor()
    for name in ("prefill", "decode"):
        functions.add_function(str(project.path / "Linear.mlpackage"), "main", name)
    functions.default_function_name = "prefill"
    ct.utils.save_multifunction(functions, str(project.path / "Model.mlpackage"))
    return project.path / "Model.mlpackage"


@pytest.mark.slow
@pytest.mark.usefixtures("package")
def test_all_functions_are_tested_unless_one_is_named(project: pytest.Pytester) -> None:
    """By a marker, with and without a function, and as a test without code."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Model.mlpackage")
        def test_all(coreml_model, request):
            assert coreml_model.function in request.node.name

        @pytest.mark.coreml_model("Model.mlpackage", function="decode")
        def test_one(coreml_model):
            assert coreml_model.function == "decode"
        """
    )

    result = project.runpytest_subprocess(
        "-p", "no:randomly", "-v", "--coreml-runtime=reference", "Model.mlpackage", "."
    )

    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines_random(
        [
            "Model.mlpackage::all[[]prefill[]] PASSED*",
            "Model.mlpackage::all[[]decode[]] PASSED*",
            "*::test_all[[]prefill-all[]] PASSED*",
            "*::test_all[[]decode-all[]] PASSED*",
            "*::test_one[[]all[]] PASSED*",
        ]
    )
