"""The text output of commands can only be read."""

from __future__ import annotations

import pytest
from report_examples import MACHINE, SPEC, bare_record

from pytest_coreml.cli import main
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report


@pytest.mark.parametrize("command", [["show", "r.json"], ["compare", "r.json", "--current", "r.json"]])
def test_a_foreign_report_steers_neither_terminal_nor_actions(command, tmp_path, monkeypatch, capsys):
    """A model's name begins the heading of its rows, and a test id the remarks on it."""
    monkeypatch.chdir(tmp_path)
    names = {"model_name": "::error::a\x1b[2J", "id": "::error::b ##[error]c"}
    write_report(build_report([bare_record(**names)], [SPEC], MACHINE), tmp_path / "r.json")

    main(command)
    lines = capsys.readouterr().out.splitlines()

    assert any("error" in line for line in lines)
    assert not any(line.lstrip().startswith("::") or "##[" in line or "\x1b" in line for line in lines)
