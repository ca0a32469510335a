"""Tests of one file that are about different models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import standin_models as models

if TYPE_CHECKING:
    from mac_project import MacProject

TESTS = """
    import pytest

    @pytest.fixture(scope="module")
    def name(coreml_model):
        return coreml_model.name

    @pytest.mark.coreml_model("A.mlpackage")
    def test_a(coreml_model, name):
        assert (coreml_model.name, name) == ("A.mlpackage", "A.mlpackage")

    @pytest.mark.coreml_model("B.mlpackage")
    def test_b(coreml_model, name):
        assert (coreml_model.name, name) == ("B.mlpackage", "B.mlpackage")

    @pytest.mark.coreml_model("B.mlpackage", function="other")
    def test_other_function(coreml_model):
        assert coreml_model.function == "other"

    @pytest.mark.coreml_model("A.mlpackage")
    def test_fixture_of_a_unit(coreml_cpu_only):
        assert coreml_cpu_only.name == "A.mlpackage"

    @pytest.mark.coreml_model("B.mlpackage")
    def test_fixture_of_the_same_unit(coreml_cpu_only):
        assert coreml_cpu_only.name == "B.mlpackage"
"""


@pytest.mark.slow
def test_each_test_gets_the_model_it_names(mac_project: MacProject) -> None:
    """Though fixtures of module scope are shared: also a function, and what other fixtures made of a model."""
    mac_project.save(models.program_spec(2), "A.mlpackage")
    mac_project.save(models.multifunction_spec(), "B.mlpackage")
    mac_project.test(TESTS)

    # Two of them name a package with two functions, and none of these.
    mac_project.run().assert_outcomes(passed=7)
