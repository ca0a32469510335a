"""The tests that pytest's own options select, order and stop are those that run and are reported."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("-p", "no:hypothesispytest", "-p", "no:benchmark", "--coreml-calls=3")
TESTS = """
    import pytest

    def tiny(): ...

    @pytest.mark.coreml_model("Linear.mlpackage", "other/Linear.mlpackage", tiny)
    @pytest.mark.coreml_compute_units("cpuOnly", "all")
    @pytest.mark.parametrize("size", [1, 2])
    def test_ids(coreml_model, size):
        pass

    @pytest.mark.coreml_model("Linear.mlpackage")
    class TestBudgets:
        @pytest.mark.coreml_budget(size_mb=1e-6)
        def test_missed(self, coreml_model):
            pass

        @pytest.mark.coreml_budget(size_mb=1)
        def test_kept(self, coreml_model):
            pass
"""
IDS = [
    f"test_models.py::test_ids[{source}-{units}-{size}]"
    for source in ("Linear0", "Linear1", "tiny")
    for units in ("cpuOnly", "all")
    for size in (1, 2)
] + ["test_models.py::TestBudgets::test_missed[all]", "test_models.py::TestBudgets::test_kept[all]"]


def reported(project: pytest.Pytester) -> list[str]:
    """Return the ids of the tests in the report."""
    tests = json.loads((project.path / "coreml-report.json").read_text())["tests"]
    return [entry["id"] for entry in tests]


@pytest.fixture
def models(project: pytest.Pytester) -> Path:
    """The tests of this file, and a report of an earlier run."""
    project.makepyfile(test_models=TESTS)
    report = project.path / "coreml-report.json"
    report.write_text("of an earlier run")
    return report


@pytest.mark.slow
def test_ids_are_stable_and_collecting_keeps_the_report(project: pytest.Pytester, models: Path) -> None:
    """A run without tests, by a selection, a listing or a mistake, does not overwrite an earlier report."""
    alone = ("-p", "no:randomly", *QUICK, "--coreml-report", "-q")

    listing = project.runpytest_subprocess(*alone, "--collect-only")
    nothing = project.runpytest_subprocess(*alone, "-k", "nobody")
    plan = project.runpytest_subprocess(*alone, "--setup-plan", "-k", "kept")
    project.makepyfile(test_wrong="import pytest\n@pytest.mark.coreml_model(1)\ndef test_it(coreml_model): pass")
    mistake = project.runpytest_subprocess(*alone, "test_wrong.py")

    assert sorted(line for line in listing.outlines if "::" in line) == sorted(IDS)
    assert [int(result.ret) for result in (listing, nothing, plan, mistake)] == [0, 5, 0, 4]
    assert all("Core ML report" not in result.stdout.str() for result in (listing, nothing, plan, mistake))
    assert models.read_text() == "of an earlier run"


@pytest.mark.slow
def test_a_missed_budget_stops_and_is_selected_like_any_failure(
    project: pytest.Pytester, models: Path, workers: int | None
) -> None:
    """`-x` ends the run at it, `--lf` runs it alone, and the report is written where nothing is printed."""
    first = project.runpytest_subprocess("-p", "no:randomly", *QUICK, "-x", "-k", "TestBudgets")
    again = project.runpytest_subprocess(*QUICK, "--lf", "-p", "no:terminal", "--coreml-report")

    # Another worker ends the test that it has begun.
    first.assert_outcomes(failed=1, passed=first.parseoutcomes().get("passed", 0) if workers else 0)
    assert (int(again.ret), again.stdout.str().strip()) == (1, "")
    assert reported(project) == ["test_models.py::TestBudgets::test_missed[all]"]


@pytest.mark.slow
def test_order_and_import_mode_change_nothing_of_what_is_reported(project: pytest.Pytester) -> None:
    """Files of one name in two folders, imported by importlib, in random order: each test has the model beside it, also
    by fixtures of its class and module, and in a TestCase."""
    for folder in ("one", "two"):
        shutil.copytree(project.path / "Linear.mlpackage", project.path / folder / "Linear.mlpackage")
        (project.path / folder / "test_same.py").write_text(textwrap.dedent(SHARING))

    result = project.runpytest_subprocess(*QUICK, "--import-mode=importlib", "--randomly-seed=4", "--coreml-report")

    result.assert_outcomes(passed=6)
    assert sorted(reported(project)) == [
        f"{folder}/test_same.py::{test}"
        for folder in ("one", "two")
        for test in ("TestInCase::test_it", "TestInClass::test_it[all-1]", "TestInClass::test_it[all-2]")
    ]


SHARING = """
    import pathlib
    import unittest

    import pytest

    pytestmark = pytest.mark.coreml_model("Linear.mlpackage")
    here = pathlib.Path(__file__).parent

    @pytest.fixture(scope="module")
    def folder(coreml_model):
        return coreml_model.path.parent

    @pytest.fixture(scope="class")
    def outputs(coreml_model, folder, request):
        assert folder == here
        request.cls.outputs = coreml_model.predict(coreml_model.example_inputs())

    @pytest.mark.usefixtures("outputs")
    class TestInClass:
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(self, number, folder):
            assert folder == here
            assert self.outputs["y"].shape == (1, 3)

    @pytest.mark.usefixtures("outputs")
    class TestInCase(unittest.TestCase):
        def test_it(self):
            self.assertEqual(self.outputs["y"].shape, (1, 3))
"""
