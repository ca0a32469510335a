"""`coreml_boundary` judges what crosses the boundary in a call, without Core ML, and the report describes it."""

from __future__ import annotations

import json

import pytest


@pytest.mark.slow
def test_the_boundary_is_judged_and_reported(project: pytest.Pytester) -> None:
    """A single-precision model converts nothing; its 16 bytes in and 12 bytes out are more than 20."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_boundary(forbid_casts=True)
        def test_casts(coreml_model):
            assert coreml_model.spec.boundary.size_bytes == 28

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_boundary(max_bytes=20)
        def test_bytes(coreml_model):
            pass
        """
    )

    result = project.runpytest_subprocess("--coreml-report=r.json", "--coreml-calls=10")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*Linear.mlpackage on all: crossing the boundary in a call 28 bytes, at most 20 bytes*"]
    )
    (model,) = json.loads((project.path / "r.json").read_text())["models"].values()
    assert model["boundary"]["size_bytes"] == 28
    assert [each["declared"] for each in model["boundary"]["inputs"]] == ["float32"]
