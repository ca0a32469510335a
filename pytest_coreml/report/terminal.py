"""The summary: one table of what was measured, then every check that did not pass, with its reason."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.attempts import last_attempts
from pytest_coreml.report.compared import compared_lines
from pytest_coreml.report.figures import number, printable
from pytest_coreml.report.open_checks import open_check_lines
from pytest_coreml.report.placement_view import placement_lines
from pytest_coreml.report.rendering import plain_table, rendered, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from pytest_coreml.record import Record
    from pytest_coreml.verdict.check import Verdict

HEADINGS: Final = ("model", "compute units", "first load ms", "load ms", "median ms", "p90 ms", "fps", "MB", "checks")
# "  cpuAndNeuralEngine" and "1 inconclusive": neither is ever cut.
_UNITS_WIDTH: Final = 20
_CHECKS_WIDTH: Final = 14
# A table of more rows helps nobody, and takes seconds to lay out.
MOST_ROWS: Final = 200
# The worst first.
_WORDS: Final[dict[Verdict, str]] = {
    "failed": "failed",
    "inconclusive": "inconclusive",
    "not_judged": "not judged",
    "passed": "passed",
}


def summary_lines(records: Sequence[Record], width: int = 80, verbose: bool = False) -> list[str]:
    """Give the lines of the summary, none when there are no records; *verbose*: with a row an operation."""
    if not records:
        return []
    judged = last_attempts(records)
    return [
        *_table_lines(records, width),
        *placement_lines(judged, width, verbose),
        *open_check_lines(judged, width),
        *compared_lines(judged, width),
        *_notes(judged, width),
    ]


def row(record: Record) -> tuple[str, ...]:
    """Give the cells of one record, in the order of `HEADINGS`."""
    load, run = record.load, record.predict
    return (
        printable(record.model_name or record.model[:12]),
        record.compute_units,
        number(statistics.median(load.first_load_ms) if load and load.first_load_ms else None),
        number(statistics.median(load.loads_ms) if load and load.loads_ms else None),
        number(run.median_ms if run else None),
        number(run.p90_ms if run else None),
        number(run.fps if run and run.median_ms > 0 else None),
        number(record.memory_mb),
        checks_cell(record),
    )


def checks_cell(record: Record) -> str:
    """Count the verdicts of *record*, those against a baseline too, as `1 failed, 2 passed`; `-` without any."""
    counts = Counter(record.verdicts)
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in _WORDS.items() if counts[verdict]) or "-"


def _table_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    yield from rendered(_table([], header=True), width)
    groups: dict[str, list[Record]] = {}
    for record in records[:MOST_ROWS]:
        groups.setdefault(_heading(record), []).append(record)
    for heading, group in groups.items():
        yield printable(heading)
        yield from rendered(_table(group, header=False), width)
    if len(records) > MOST_ROWS:
        yield f"... and {len(records) - MOST_ROWS} more rows, all of them in the report (--coreml-report)"
    yield ""


def _heading(record: Record) -> str:
    """Give the model, the test without its compute units, and the machine where there are several."""
    test, _, parameters = record.id.partition("[")
    words = parameters.removesuffix("]").split("-") if parameters else []
    if record.compute_units in words:
        words.remove(record.compute_units)
    named = f"{test}[{'-'.join(words)}]" if words else test
    return "  ".join([record.model_name or "-", named, *([record.machine] if record.machine else [])])


def _notes(records: Sequence[Record], width: int) -> Iterator[str]:
    for note in dict.fromkeys(note for record in records for note in record.notes):
        yield from wrapped(f"note: {note}", "", width)


def _table(records: Sequence[Record], header: bool) -> Table:
    # Every width is fixed, so that the rows of all models stand in the same columns.
    table = plain_table(header)
    table.add_column("  compute units", width=_UNITS_WIDTH, overflow="fold")
    for heading in HEADINGS[2:-1]:
        table.add_column(heading, width=6, justify="right", overflow="fold")
    table.add_column(HEADINGS[-1], width=_CHECKS_WIDTH, no_wrap=True)
    for record in records:
        _, units, *cells, checks = row(record)
        attempt = f"\n    attempt {record.attempt}" if record.attempt > 1 else ""
        table.add_row(f"  {units}{attempt}", *cells, checks.replace(", ", "\n"))
    return table
