"""The summary is one readable table and every check that did not pass."""

from __future__ import annotations

from report_examples import RECORD, bare_record

from pytest_coreml.report.terminal import MOST_ROWS, row, summary_lines


def test_a_run_without_records_has_no_summary():
    """Nothing measured, nothing said."""
    assert summary_lines([]) == []


def test_a_row_has_the_promised_cells():
    """Model, units, first load, load, median, p90, fps, memory, checks."""
    assert row(RECORD) == (
        *("Encoder.mlpackage", "cpuAndNeuralEngine", "640", "92", "31.8", "72.6", "31.5", "48.5"),
        "1 failed, 1 inconclusive, 1 not judged, 1 passed",
    )


def test_the_table_fits_eighty_columns():
    """Narrow terminals fold names, and cut nothing."""
    lines = summary_lines([bare_record(), RECORD], width=80)
    table = [line for line in lines if not line.startswith(("failed:", "inconclusive:", "not judged:"))]

    assert max(map(len, table)) <= 80
    assert all(
        any(cell in line for line in table) for cell in ("1 failed", "1 inconclusive", "1 not judged", "72.6", "48.5")
    )


def test_every_open_check_is_listed_with_its_reason():
    """Failed first, then inconclusive, then not judged; passed checks are not listed."""
    lines = [line for line in summary_lines([RECORD]) if line.startswith(("failed", "inconclusive", "not judged"))]

    assert [line.partition(":")[0] for line in lines] == ["failed", "failed", "inconclusive", "not judged"]
    assert lines[2].endswith("load 92 ms, budget 50 ms (+84.0 %): the machine was disturbed")
    assert lines[3].endswith("this machine has no gpu")


def test_brackets_in_names_are_no_markup():
    """`model[bold].mlmodel` is a name."""
    lines = summary_lines([bare_record(model_name="model[bold].mlmodel")], width=120)

    assert any("model[bold].mlmodel" in line for line in lines)


def test_a_name_cannot_steer_the_terminal():
    """Control characters of a foreign report are shown, not sent."""
    lines = summary_lines([bare_record(model_name="a\x1b[2Jb")], width=120)

    assert not any("\x1b" in line for line in lines)


def test_a_long_run_is_cut_and_says_so():
    """Thousands of rows stay in the report."""
    lines = summary_lines([bare_record()] * (MOST_ROWS + 3), width=120)

    assert "... and 3 more rows, all of them in the report (--coreml-report)" in lines
