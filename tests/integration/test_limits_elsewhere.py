"""A test is not green by limits that are for other compute units than it ran on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "-rs", "--coreml-runtime=reference")
ONLY = "*none of its limits apply to {1}; they apply to {0} only"


@pytest.fixture
def model(pytester: pytest.Pytester, script: Script) -> str:
    """The beginning of a file of tests beside a model."""
    pytester.mkdir("Linear.mlpackage")
    return 'import pytest\nmodel = pytest.mark.coreml_model("Linear.mlpackage")\nbudget = pytest.mark.coreml_budget\n'


def run(pytester: pytest.Pytester, model: str, tests: str, *options: str) -> pytest.RunResult:
    """Run *tests*, with as much indentation as they have here."""
    pytester.makepyfile(model + "\n".join(line[8:] for line in tests.splitlines()))
    return pytester.runpytest_inprocess(*RUN, *options)


def test_what_a_test_loads_for_others_is_skipped(pytester: pytest.Pytester, model: str) -> None:
    """`coreml_load` may load for any: what it did is known when the test is over."""
    result = run(
        pytester,
        model,
        """
        @budget(size_mb=1, compute_units="cpuAndGPU")
        def test_it(coreml_load):
            coreml_load("Linear.mlpackage", compute_units="all")
            coreml_load("Linear.mlpackage", compute_units="cpuOnly")
        """,
    )

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([ONLY.format("cpuAndGPU", "all, cpuOnly")])


@pytest.mark.parametrize("limit", ["size_mb=1", "predict_ms=1"])
def test_a_limit_of_a_class_for_none_of_its_tests_is_skipped(pytester: pytest.Pytester, model: str, limit: str) -> None:
    """Marks that are inherited are not a mistake of one test."""
    result = run(
        pytester,
        model,
        f"""
        @budget({limit}, compute_units=["cpuOnly", "CPU_AND_GPU"])
        class TestIt:
            @model
            def test_it(self, coreml_model): pass
        """,
    )

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([ONLY.format("cpuAndGPU, cpuOnly", "all")])


def test_a_speedup_over_itself_is_skipped(pytester: pytest.Pytester, model: str) -> None:
    """Nothing is faster than itself."""
    result = run(
        pytester,
        model,
        """
        @model
        @budget(min_speedup={"cpuOnly": 2.0})
        @pytest.mark.coreml_compute_units("cpuOnly")
        def test_it(coreml_model): pass
        """,
    )

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([ONLY.format("all, cpuAndGPU, cpuAndNeuralEngine", "cpuOnly")])


def test_settings_that_were_chosen_for_a_run_are_no_mistake(pytester: pytest.Pytester, model: str) -> None:
    """A budget for others is not judged in it."""
    result = run(
        pytester,
        model,
        """
        @model
        @budget(size_mb=1, compute_units="all")
        def test_it(coreml_model): pass

        @model
        @budget(size_mb=1, compute_units="all")
        @pytest.mark.coreml_compute_units("cpuOnly", "all")
        def test_that_names_its_own(coreml_model): pass

        @model
        @budget(size_mb=100)
        @budget(size_mb=1, compute_units="all")
        def test_with_another_one(coreml_model): pass
        """,
        "--coreml-compute-units=cpuOnly",
    )

    result.assert_outcomes(passed=2, skipped=1, failed=1)
    result.stdout.fnmatch_lines([ONLY.format("all", "cpuOnly")])


# By two workers, the partner of a speedup may be the other one's to run, and pytest counts nothing as deselected.
@pytest.mark.usefixtures("in_one_process")
def test_limits_for_other_instances_and_neighbours_are_fine(pytester: pytest.Pytester, model: str) -> None:
    """Also when these were not selected, or load for themselves."""
    result = run(
        pytester,
        model,
        """
        @model
        @budget(size_mb=100, compute_units="all")
        @pytest.mark.coreml_compute_units("cpuOnly", "all")
        def test_instances(coreml_model): pass

        @model
        @budget(min_speedup={"cpuOnly": 0.5})
        @pytest.mark.coreml_compute_units("cpuOnly", "all")
        def test_speedup(coreml_model): pass

        @budget(size_mb=100, compute_units="all")
        @pytest.mark.parametrize("units", ["cpuOnly", "all"])
        def test_loads(coreml_load, units):
            coreml_load("Linear.mlpackage", units)

        @budget(size_mb=100, compute_units="cpuOnly")
        class TestIt:
            @model
            def test_all(self, coreml_model): pass

            @model
            def test_cpu(self, coreml_cpu_only): pass
        """,
        "-k",
        "not test_instances or cpuOnly",
    )

    result.assert_outcomes(passed=7, deselected=1)
