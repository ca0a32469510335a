"""The text output of commands can only be read."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from report_examples import MACHINE, MEASUREMENT, SPEC, bare_record

from pytest_coreml.cli import main
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report
from pytest_coreml.verdict.check import Check


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


@pytest.fixture
def report(tmp_path, monkeypatch):
    """A report with a failed and a passed check, in the current folder."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    checks = [Check("size_mb", 10, 12.4, "failed"), Check("predict_ms", 25, 20.0, "passed")]
    failed = [bare_record(checks=checks), bare_record(id="test_a.py::test_gone", outcome="failed")]
    good = [replace(record, outcome="passed", predict=MEASUREMENT) for record in failed]
    write_report(build_report(failed, [SPEC], MACHINE), tmp_path / "r.json")
    write_report(build_report(good, [SPEC], MACHINE), tmp_path / "base.json")


COMMANDS = [["show", "r.json"], ["compare", "base.json", "--current", "r.json"]]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("report")
def test_verdicts_have_colors_at_a_terminal(command, monkeypatch, capsys):
    """Red what failed; without its colors it is the text of a file."""
    main(command)
    plain = capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    main(command)
    colored = capsys.readouterr().out

    assert re.search("\\x1b\\[31m[^\\n]*(failed|FAILED)[^\\n]*\\x1b\\[0m\\n", colored)
    assert re.sub("\\x1b\\[[0-9]+m", "", colored) == plain


@pytest.mark.parametrize(
    ("environment", "is_terminal", "has_colors"),
    [
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
@pytest.mark.usefixtures("report")
def test_the_environment_decides_about_colors(environment, is_terminal, has_colors, monkeypatch, capsys):
    """As pytest does it; a file has none unless they are asked for."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)

    for command in COMMANDS:
        main(command)

        assert ("\x1b[" in capsys.readouterr().out) == has_colors


@pytest.mark.usefixtures("report")
def test_a_file_that_show_writes_has_no_colors(monkeypatch, tmp_path):
    """The environment's settings for stdout do not matter."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    main(["show", "r.json", "--output=r.txt"])

    assert "\x1b" not in (tmp_path / "r.txt").read_text()


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json", "html"])
def test_any_encoding_of_stdout_will_do(form, tmp_path, monkeypatch):
    """As that of a locale without UTF-8: a table has hyphens and escapes there, and what programs read stays UTF-8."""
    write_report(build_report([bare_record(id="test_ä.py::test_it")], [SPEC], MACHINE), tmp_path / "r.json")
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))

    assert main(["show", str(tmp_path / "r.json"), f"--format={form}"]) == 0

    text = written.getvalue().decode()
    if form == "text":
        assert "-----" in text
        assert "test_\\xe4" in text
    else:
        assert re.search(r"test\\?_(ä|\\u00e4)", text)
