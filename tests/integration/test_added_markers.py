"""Markers that a test gets from its parameters, a fixture, a hook or itself count like those in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference")
TOO_LARGE = "*size 12.4 MB, budget 1 MB*"


@pytest.fixture
def models(pytester: pytest.Pytester, script: Script) -> None:
    """Two packages, whose engines are scripted; both have 12.4 MB."""
    pytester.mkdir("Small.mlpackage")
    pytester.mkdir("Other.mlpackage")


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("where", ["limit", "request"])
def test_a_budget_that_is_added_while_a_test_runs_is_judged(pytester: pytest.Pytester, where: str) -> None:
    """A fixture adds it before the body, or the body adds it."""
    pytester.makepyfile(
        f"""
        import pytest

        BUDGET = pytest.mark.coreml_budget(size_mb=1)

        @pytest.fixture
        def limit(request):
            request.applymarker(BUDGET)

        @pytest.mark.coreml_model("Small.mlpackage")
        def test_it({where}, coreml_model):
            if "{where}" == "request":
                request.applymarker(BUDGET)
        """
    )

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([TOO_LARGE])


@pytest.mark.usefixtures("models")
def test_a_mistake_in_an_added_marker_fails_the_test(pytester: pytest.Pytester) -> None:
    """It is too late for a usage error of the whole run."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Small.mlpackage")
        def test_it(request, coreml_model):
            request.applymarker(pytest.mark.coreml_budget(size_mbs=1))
        """
    )

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*coreml_budget: unknown argument 'size_mbs'; did you mean 'size_mb'?*"])


@pytest.mark.usefixtures("models")
def test_each_parameter_can_have_its_model_and_its_budget(pytester: pytest.Pytester) -> None:
    """The test names no model itself."""
    pytester.makepyfile(
        """
        import pytest

        def candidate(name, limit):
            marks = [pytest.mark.coreml_model(f"{name}.mlpackage"), pytest.mark.coreml_budget(size_mb=limit)]
            return pytest.param(name, marks=marks, id=name)

        @pytest.mark.parametrize("name", [candidate("Small", 100), candidate("Other", 1)])
        def test_it(coreml_model, name):
            assert coreml_model.path.name == f"{name}.mlpackage"
        """
    )

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([TOO_LARGE])


@pytest.mark.usefixtures("models")
def test_a_parameter_can_name_its_compute_units(pytester: pytest.Pytester) -> None:
    """The other parameters have those of the option."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("batch", [1, pytest.param(8, marks=pytest.mark.coreml_compute_units("cpuOnly"))])
        @pytest.mark.coreml_model("Small.mlpackage")
        def test_it(coreml_model, batch):
            assert coreml_model.compute_units == ("cpuAndGPU" if batch == 1 else "cpuOnly")
        """
    )

    result = pytester.runpytest_inprocess(*RUN, "--coreml-compute-units=cpuAndGPU")

    result.assert_outcomes(passed=2)


@pytest.mark.usefixtures("models")
def test_a_parameter_without_a_model_is_a_usage_error(pytester: pytest.Pytester) -> None:
    """One of two parameters names its model."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("name", ["a", pytest.param("b", marks=pytest.mark.coreml_model("Small.mlpackage"))])
        def test_it(coreml_model, name):
            pass
        """
    )

    result = pytester.runpytest_inprocess(*RUN)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the fixture coreml_model has no model*"])


@pytest.mark.usefixtures("models")
def test_a_hook_can_add_a_budget_and_no_compute_units(pytester: pytest.Pytester) -> None:
    """pytest has parametrized the test by then, and its id says other compute units."""
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(config, items):
            for item in items:
                item.add_marker(pytest.mark.coreml_budget(size_mb=1))
                if config.getoption("keyword") == "test_it":
                    item.add_marker(pytest.mark.coreml_compute_units("cpuOnly"))
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Small.mlpackage")
        def test_it(coreml_model):
            pass
        """
    )

    budget, units = pytester.runpytest_inprocess(*RUN), pytester.runpytest_inprocess(*RUN, "-k", "test_it")

    budget.assert_outcomes(failed=1)
    assert units.ret == pytest.ExitCode.USAGE_ERROR
    units.stderr.fnmatch_lines(["*coreml_compute_units('cpuOnly') was added to a test that runs on all already*"])


@pytest.mark.usefixtures("models")
def test_each_source_can_have_its_budget_its_units_and_its_id(pytester: pytest.Pytester) -> None:
    """A source is a parameter, and can be written as one; the compute units are in the id."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model(
            pytest.param("Small.mlpackage", id="small", marks=pytest.mark.coreml_budget(size_mb=100)),
            pytest.param("Other.mlpackage", marks=[
                pytest.mark.coreml_budget(size_mb=1), pytest.mark.coreml_compute_units("cpuOnly", "all"),
            ]),
        )
        def test_it(coreml_model):
            pass
        """
    )

    result = pytester.runpytest_inprocess(*RUN, "-v", "--coreml-compute-units=cpuAndGPU")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*::test_it[[]small-cpuAndGPU[]] PASSED*",
            "*::test_it[[]Other-cpuOnly[]] FAILED*",
            "*::test_it[[]Other-all[]] FAILED*",
        ]
    )


@pytest.mark.usefixtures("models")
def test_the_units_of_a_parameter_are_nearer_than_those_of_the_test(pytester: pytest.Pytester) -> None:
    """They are part of the id, as the test's are for the other parameter."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("n", [1, pytest.param(8, marks=pytest.mark.coreml_compute_units("cpuOnly"))])
        @pytest.mark.coreml_compute_units("all")
        @pytest.mark.coreml_model("Small.mlpackage")
        def test_it(coreml_model, n):
            assert coreml_model.compute_units == ("all" if n == 1 else "cpuOnly")
        """
    )

    result = pytester.runpytest_inprocess(*RUN, "-v")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines_random(["*::test_it[[]1-all[]] PASSED*", "*::test_it[[]8-cpuOnly[]] PASSED*"])


@pytest.mark.usefixtures("models")
def test_a_mistake_in_a_deselected_test_does_not_end_the_run(pytester: pytest.Pytester) -> None:
    """It is told when that test is to run."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.coreml_model("Small.mlpackage")
        def test_sound(coreml_model):
            pass

        @pytest.mark.coreml_model("Small.mlpackage")
        @pytest.mark.coreml_budget(size_mbs=1)
        def test_wrong(coreml_model):
            pass
        """
    )

    sound, both = (pytester.runpytest_inprocess(*RUN, *more) for more in (("-k", "sound"), ()))

    sound.assert_outcomes(passed=1, deselected=1)
    assert both.ret == pytest.ExitCode.USAGE_ERROR
