"""The summary: one table of what was measured, then every check that did not pass, with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.agreement_text import agreement_lines
from pytest_coreml.report.text.calls_note import calls_notes
from pytest_coreml.report.text.checks import compared_lines, open_check_lines
from pytest_coreml.report.text.layout import left_out, wrapped
from pytest_coreml.report.text.moved_text import moved_lines
from pytest_coreml.report.text.observed_text import observed_lines
from pytest_coreml.report.text.placement_text import placement_lines
from pytest_coreml.report.text.sustained_text import sustained_lines
from pytest_coreml.report.text.table import Rows
from pytest_coreml.report.text.variant_table import variant_lines
from pytest_coreml.verdict.repeated_records import last_attempts
from pytest_coreml.verdict.variant_rows import variant_groups

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_coreml.verdict.record import Record

# A table of more rows helps nobody, and takes seconds to lay out.
MAX_ROWS: Final = 200


def summary_lines(
    records: Sequence[Record], width: int = 80, verbose: bool = False, told: Collection[str] = ()
) -> list[str]:
    """Return the lines of the summary, none if there are no records; some are a `Line` with a color.

    *verbose*: with a row an operation. *told*: the ids of tests whose failed checks are told elsewhere.
    """
    if not records:
        return []
    judged = last_attempts(records)
    return [
        *_table_lines([record for record in records if record.variant is None], width),
        *variant_lines(variant_groups(judged), width),
        *_calls_lines(records, width),
        *placement_lines(judged, width, verbose),
        *observed_lines(judged, width, verbose),
        *agreement_lines(judged, width),
        *sustained_lines(judged, width),
        *open_check_lines(judged, width, told),
        *moved_lines(judged, width),
        *compared_lines(judged, width),
        *_notes(judged, width),
    ]


def _table_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    # Variants are in a table of their own.
    if not records:
        return
    shown = records[:MAX_ROWS]
    rows = Rows(shown, width)
    yield from rows.head()
    groups: dict[str, list[Record]] = {}
    for record in shown:
        groups.setdefault(_heading(record), []).append(record)
    for heading, group in groups.items():
        yield printable(heading)
        for record in group:
            yield from rows.get(record)
    if len(records) > MAX_ROWS:
        yield left_out(len(records) - MAX_ROWS, "more rows")
    yield ""


def _calls_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    notes = list(calls_notes(records))
    for note in notes:
        yield from wrapped(note, "", width)
    if notes:
        yield ""


def _heading(record: Record) -> str:
    """Return the model, the test without its compute units, and the machine where there are several."""
    # The test of a model file is the model.
    is_model = record.model_name != "" and record.test.rpartition("/")[2] == record.model_name
    parts = [None if is_model else record.model_name or "-", record.test, record.machine]
    return "  ".join(part for part in parts if part)


def _notes(records: Sequence[Record], width: int) -> Iterator[str]:
    for note in dict.fromkeys(note for record in records for note in record.notes):
        yield from wrapped(f"note: {note}", "", width)
