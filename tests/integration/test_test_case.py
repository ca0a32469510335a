"""A `unittest.TestCase` has its model, and is told what it cannot have."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_one_model_on_one_setting_works_and_several_are_an_error(project: pytest.Pytester) -> None:
    """A TestCase cannot be parametrized: the first of several settings is not silently taken for all."""
    project.makepyfile(
        """
        import unittest
        import pytest

        class Case(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def take(self, coreml_model):
                self.model = coreml_model

        @pytest.mark.coreml_model("Linear.mlpackage")
        class TestOne(Case):
            def test_it(self):
                self.assertEqual(self.model.compute_units, "all")

        @pytest.mark.coreml_model("Linear.mlpackage")
        @pytest.mark.coreml_compute_units("all", "cpuOnly")
        class TestTwo(Case):
            def test_it(self):
                pass
        """
    )

    result = project.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*several compute units need one test each, which a unittest.TestCase and *"])
