"""The command line: what it prints and how it ends."""

from __future__ import annotations

import gc
import json
import subprocess
import sys

import pytest
from report_examples import MACHINE, RECORD, SPEC

from pytest_coreml.cli import main
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report


@pytest.fixture
def path(tmp_path):
    write_report(build_report([RECORD], [SPEC], MACHINE), tmp_path / "report.json")
    return tmp_path / "report.json"


def test_show_writes_the_format_that_is_asked_for(path, capsys):
    """Stdout is the export and nothing else."""
    assert main(["show", str(path), "--format=json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema_version"] == 1


@pytest.mark.parametrize(
    ("name", "start"), [("out.csv", "id,model"), ("out.json", "{"), ("out.html", "<!doctype html>"), ("out.txt", "20")]
)
def test_the_suffix_of_the_file_chooses_the_format(path, tmp_path, name, start):
    """A page that holds plain text would surprise its reader in the browser."""
    assert main(["show", str(path), "--output", str(tmp_path / name)]) == 0

    assert (tmp_path / name).read_text("utf-8").lstrip().lower().startswith(start)


def test_a_file_that_is_no_report_is_a_usage_error(tmp_path, capsys):
    """One line on stderr, exit status 2, no traceback."""
    assert main(["show", str(tmp_path / "none.json")]) == 2
    captured = capsys.readouterr()

    assert captured.out == ""
    assert captured.err.startswith("pytest-coreml: cannot read the report")
    assert captured.err.count("\n") == 1


def test_a_command_leaves_garbage_collection_as_it_was(path, capsys):
    """It is paused while reports are read, also for a caller who has disabled it."""
    main(["validate", str(path)])
    assert gc.isenabled()
    gc.disable()
    try:
        main(["validate", str(path)])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_valid_report_is_read_without_what_only_errors_need(path):
    """Each of these modules takes longer to import than a small report to read."""
    code = f"from pytest_coreml.cli import main; main(['show', {str(path)!r}]); import sys; print(*sorted(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    modules = shown.splitlines()[-1].split()
    assert "jsonschema_rs" in modules
    assert {"jsonschema", "numpy", "jinja2", "xml.parsers.expat", "pytest"}.isdisjoint(modules)


def test_the_package_is_the_command(path):
    """`python -m pytest_coreml` needs no script on the search path."""
    command = [sys.executable, "-m", "pytest_coreml", "validate", str(path)]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{path}: valid, 1 tests\n"


def test_validate_accepts_a_report(path, capsys):
    """A valid report is said to be one."""
    assert main(["validate", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: valid, 1 tests\n"


def test_validate_looks_at_every_file(path, tmp_path, capsys):
    """One bad file makes status 1, and the good ones are still reported."""
    (tmp_path / "bad.json").write_text("{}", "utf-8")

    assert main(["validate", str(tmp_path / "bad.json"), str(path)]) == 1
    captured = capsys.readouterr()

    assert "valid, 1 tests" in captured.out
    assert "it has no schema_version" in captured.err


@pytest.mark.parametrize("name", ["nope.json", ".", "text.json"])
def test_validate_ends_with_2_for_what_cannot_be_read(name, path, tmp_path, capsys):
    """A file that is not there, a folder, and what is not JSON are mistakes of who calls, as for other commands."""
    (tmp_path / "text.json").write_text("no JSON", "utf-8")
    (tmp_path / "bad.json").write_text("{}", "utf-8")

    assert main(["validate", str(tmp_path / name), str(tmp_path / "bad.json"), str(path)]) == 2
    assert "valid, 1 tests" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["shwo"], ["show"], ["show", "x", "--format=xml"]])
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    """argparse says what it expected."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "usage: pytest-coreml" in capsys.readouterr().err
