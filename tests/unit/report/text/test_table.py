"""The rows of what was measured say each figure whole, and what tells a record from others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import MEASUREMENT, RECORD, bare_record, record

from pytest_coreml.report.text.table import Rows, row, units_cell
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.prediction_time import Regression

QUICK = tuple(ms * 1e-7 for ms in MEASUREMENT.native_ms)
RECORDS = [
    RECORD,
    record(
        compute_units="all",
        predict=replace(MEASUREMENT, native_ms=QUICK, wall_ms=QUICK, wait_ms=None),
        memory_mb=12345678.0,
        checks=[Check("size_mb", 20, None, "inconclusive", "why")] * 12,
    ),
]


def test_a_row_has_the_promised_cells():
    """Model, units, first load, load, median, p90, fps, size, memory, checks."""
    assert row(record(size_mb=12.4)) == (
        *("Encoder.mlpackage", "cpuAndNeuralEngine, attempt 2", "640", "92", "31.8", "72.6", "31.5", "12.4"),
        "48.5",
        "2 FAILED, 1 inconclusive, 1 not judged, 2 passed",
    )


def test_a_verdict_against_the_baseline_is_counted():
    """A row whose only failure is the comparison does not look green."""
    regressed = Regression(3, 0.12, 0.02, "failed", "slower")
    passed = Check("size_mb", 20, 12.4, "passed")

    assert row(bare_record(checks=[passed], regression=regressed))[-1] == "1 FAILED, 1 passed"
    assert row(bare_record(regression=regressed))[-1] == "1 FAILED"
    assert row(bare_record(regression=regressed, duet=regressed))[-1] == "2 FAILED"
    assert row(bare_record())[-1] == "-"


def test_functions_and_ways_of_loading_are_told_apart():
    """The usual values are not printed."""
    assert units_cell(bare_record(function="main")) == "all"
    assert units_cell(bare_record(function="beta")) == "all, function beta"
    assert units_cell(bare_record(loaded="from memory", attempt=2)) == "all, from memory, attempt 2"


def test_what_is_longer_than_the_column_has_a_line_of_its_own():
    """The figures stay in their columns."""
    long = record(function="beta", loaded="specializationStrategy=FastPrediction", attempt=1)
    rows = Rows([record(attempt=1), long], 80)

    assert list(rows.get(long))[:2] == [
        "  cpuAndNeuralEngine, function beta, specializationStrategy=FastPrediction",
        "                       640    92   31.8  72.6  31.5     -   48.5 2 FAILED",
    ]


@pytest.mark.parametrize("width", [40, 60, 72, 80, 120])
def test_no_number_and_no_verdict_is_broken(width: int):
    """A line fits any terminal width, with values of any length."""
    rows = Rows(RECORDS, width)
    assert max(map(len, rows.head()), default=0) <= width
    for one in RECORDS:
        lines = list(rows.get(one))
        words = [" ".join(line.split()) + " " for line in lines]
        figures = [cell for cell in row(one)[2:-1] if cell != "-"] + row(one)[-1].split(", ")

        assert max(map(len, lines)) <= width
        assert all(any(f"{cell} " in line or f"{cell}, " in line for line in words) for cell in figures)


def test_a_narrow_terminal_gets_names_in_place_of_columns():
    """Nothing is dropped."""
    rows = Rows([RECORD], 40)

    assert list(rows.head()) == []
    assert list(rows.get(RECORD)) == [
        "  cpuAndNeuralEngine, attempt 2",
        "    first load ms 640, load ms 92,",
        "    median ms 31.8, p90 ms 72.6,",
        "    fps 31.5, memory MB 48.5, 2 FAILED,",
        "    1 inconclusive, 1 not judged,",
        "    2 passed",
    ]


def test_headings_stand_over_their_columns():
    """They end where the numbers end, and the rule is as long as the widest row may be."""
    *heads, last, rule = Rows([bare_record(load=RECORD.load)], 80).head()

    assert last == "  compute units    ms    ms     ms    ms   fps    MB     MB checks"
    assert len(rule) == len(last)
    assert " ".join(heads).split() == ["first", "load", "load", "median", "p90", "size", "memory"]


def test_a_failure_that_was_expected_is_not_counted_as_one():
    """It stands after what cannot be told, as pytest's own xfailed does."""
    assert row(record(expected_failure=True))[-1] == "1 inconclusive, 1 not judged, 2 xfailed, 2 passed"


@pytest.mark.parametrize(("outcome", "cell"), [("failed", "FAILED"), ("error", "FAILED"), ("passed", "-")])
def test_a_test_that_failed_before_it_was_judged_is_failed_in_its_row(outcome: str, cell: str):
    """Its body raised, or its model could not be loaded."""
    assert row(bare_record(outcome=outcome))[-1] == cell


def test_a_test_that_is_expected_to_fail_is_not_failed_in_its_row():
    """Pytest reports it as skipped."""
    assert row(bare_record(outcome="skipped", expected_failure=True))[-1] == "xfailed"


def test_the_checks_of_a_row_have_their_colors():
    """The figures have none, and each count that of its standing."""
    lines = list(Rows([RECORD], 120).get(RECORD))

    assert [(line[line.start :], line.standing) for line in lines] == [
        ("2 FAILED", "failed"),
        ("1 inconclusive", "inconclusive"),
        ("1 not judged", "not_judged"),
        ("2 passed", "passed"),
    ]


def test_every_column_fits_eighty_columns():
    """Units of the longest name, the longest verdict, and numbers of usual length have a table, not a list."""
    usual = record(compute_units="cpuAndNeuralEngine", attempt=1, size_mb=1234.0, memory_mb=12345.0)

    assert len(list(Rows([usual], 80).head())) > 0
