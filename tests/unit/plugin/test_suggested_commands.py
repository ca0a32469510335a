"""The commands that a failure ends with name what can be run, from where pytest was started."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_examples import record

from pytest_coreml.plugin.suggested_commands import accept_command, figures_command
from pytest_coreml.session.options import Options
from pytest_coreml.verdict.check import Check

SHOW = "--coreml-report; pytest-coreml show coreml-report.json"
ROOT = Path("/project")


@pytest.mark.parametrize(
    ("test", "options", "expected"),
    [
        ("test_a.py::test_it[all]", Options(ROOT, started_in=ROOT), "'test_a.py::test_it[all]'"),
        ("test_a.py::test_it", Options(ROOT, started_in=ROOT / "sub"), "../test_a.py::test_it"),
        (
            "test_a.py::test_it",
            Options(ROOT, started_in=ROOT, repeated=("--coreml-model=my model.mlpackage",)),
            "test_a.py::test_it '--coreml-model=my model.mlpackage'",
        ),
        ("a b.mlpackage::all", Options(ROOT, started_in=ROOT), "'a b.mlpackage' --coreml-compute-units=all"),
        (
            "new/A.mlmodel::all",
            Options(
                ROOT, started_in=ROOT, repeated=("--coreml-runtime=reference", "--coreml-compute-units=all,cpuOnly")
            ),
            "new/A.mlmodel --coreml-compute-units=all --coreml-runtime=reference",
        ),
        (
            "Kit/Package.swift::Kit/A.mlmodel[all]",
            Options(ROOT, started_in=ROOT),
            "'Kit/Package.swift::Kit/A.mlmodel[all]'",
        ),
        ("/other/A.mlmodel::all", Options(ROOT, started_in=ROOT), "../other/A.mlmodel --coreml-compute-units=all"),
    ],
)
def test_a_test_is_named_as_pytest_takes_it(test: str, options: Options, expected: str) -> None:
    """A model file by its path and compute units, with what the command line said of models."""
    assert figures_command(record(id=test, compute_units="all"), options) == f"pytest {expected} {SHOW}"


def test_a_run_that_writes_a_report_is_shown(tmp_path: Path) -> None:
    """Without running the test again."""
    options = Options(tmp_path, tmp_path, report=tmp_path / "out" / "new report.json")

    assert figures_command(record(id="test_a.py::test_it"), options) == "pytest-coreml show 'out/new report.json'"


def test_a_speedup_needs_the_whole_test() -> None:
    """One instance has nothing to be faster than."""
    check = Check("min_speedup[cpuOnly]", 2.0, 1.5, "failed")

    command = figures_command(record(id="test_a.py::TestIt::test_it[a-all]", checks=[check]), Options(ROOT, ROOT))

    assert command == f"pytest test_a.py::TestIt::test_it {SHOW}"


def test_nothing_is_accepted_where_there_is_no_baseline() -> None:
    """Nothing is compared."""
    assert accept_command(record(), Options(ROOT), ()) is None


def test_a_folder_gets_the_report_of_one_more_run(tmp_path: Path) -> None:
    """Or of this one, when it writes a report."""
    (tmp_path / "runs").mkdir()
    options = Options(tmp_path, tmp_path, baseline=(tmp_path / "runs",))
    reporting = Options(tmp_path, tmp_path, baseline=(tmp_path / "runs",), report=tmp_path / "now.json")

    assert accept_command(record(id="test_a.py::test_it"), options, ()) == (
        "pytest test_a.py::test_it --coreml-report && pytest-coreml baseline add --replace coreml-report.json runs"
    )
    assert accept_command(record(), reporting, ()) == "pytest-coreml baseline add --replace now.json runs"


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    """By all tests; pytest has to be told of models again."""
    options = Options(tmp_path, tmp_path, baseline=(tmp_path / "old.json",))

    assert accept_command(record(id="test_a.py::test_it"), options, ["test_a.py"]) == "pytest --coreml-report=old.json"
    assert accept_command(record(id="A.mlmodel::all"), options, ["A.mlmodel", "B.mlmodel"]) == (
        "pytest A.mlmodel B.mlmodel --coreml-report=old.json"
    )
    assert accept_command(record(id="Package.swift::Kit/A.mlmodel[all]"), options, ["Package.swift"]) == (
        "pytest Package.swift --coreml-report=old.json"
    )
