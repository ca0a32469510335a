"""Below a table: which calls its times are made of, where that makes a difference."""

from __future__ import annotations

import pytest
from report_examples import bare_record

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.report.formats.report_markdown import table
from pytest_coreml.report.text.calls_note import calls_notes
from pytest_coreml.report.text.summary import summary_lines

MACHINE = {"chip": "M", "os": {"name": "macOS", "version": "15"}, "coremltools": None, "runtime": None}


def measured(disturbed: int, calls: int = 40, slow_ms: float = 12.0) -> Measurement:
    """Return a measurement of 10 ms, with *disturbed* calls that took longer."""
    native = (10.0,) * (calls - disturbed) + (slow_ms,) * disturbed
    return Measurement(native, native, (0.0,) * (calls - disturbed) + (5.0,) * disturbed, warmup=0)


DISTURBED = (
    "median, p90 and fps are of undisturbed calls, as limits in ms are judged; "
    "the medians of all calls are up to {} longer"
)


@pytest.mark.parametrize(
    ("measurements", "notes"),
    [
        ([measured(0)], []),
        # The median is that of undisturbed calls anyway.
        ([measured(5)], []),
        ([measured(25, slow_ms=10.001)], []),
        (
            [measured(25), measured(25, slow_ms=11.0)],
            [
                DISTURBED.format("20.0 %"),
            ],
        ),
        ([measured(40)], ["1 row with too few undisturbed calls: median, p90 and fps are of all calls"]),
        ([Measurement((10.0,) * 9, (10.0,) * 9, None, warmup=0)], []),
    ],
)
def test_a_note_where_all_calls_have_another_median(measurements: list[Measurement], notes: list[str]) -> None:
    """Differences that the table rounds away are not mentioned."""
    assert list(calls_notes([bare_record(predict=each) for each in measurements])) == notes


def test_the_note_is_below_the_tables_of_terminal_and_markdown() -> None:
    """The number in the table is the one that decides."""
    records = [bare_record(predict=measured(25))]

    assert "median, p90 and fps are of undisturbed calls" in " ".join(summary_lines(records, 80))
    assert "\n\nmedian, p90 and fps are of undisturbed calls" in table(records, MACHINE)
