"""The summary: one table of what was measured, then every check that did not pass, with its reason."""

from __future__ import annotations

import io
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.failure_text import check_line
from pytest_coreml.report.figures import number, percent, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from pytest_coreml.record import Record
    from pytest_coreml.verdict.check import Verdict

HEADINGS: Final = ("model", "compute units", "first load ms", "load ms", "median ms", "p90 ms", "fps", "MB", "checks")
# A table of more rows helps nobody, and takes seconds to lay out.
MOST_ROWS: Final = 200
# The worst first.
_WORDS: Final[dict[Verdict, str]] = {
    "failed": "failed",
    "inconclusive": "inconclusive",
    "not_judged": "not judged",
    "passed": "passed",
}


def summary_lines(records: Sequence[Record], width: int = 80) -> list[str]:
    """Give the lines of the summary, none when there are no records."""
    if not records:
        return []
    return [*_table_lines(records, width), *_open_checks(records)]


def row(record: Record) -> tuple[str, ...]:
    """Give the cells of one record, in the order of `HEADINGS`."""
    load, run = record.load, record.predict
    return (
        printable(record.model_name or record.model[:12]),
        record.compute_units,
        number(statistics.median(load.first_load_ms) if load and load.first_load_ms else None),
        number(statistics.median(load.load_ms) if load and load.load_ms else None),
        number(run.median_ms if run else None),
        number(run.p90_ms if run else None),
        number(run.fps if run and run.median_ms > 0 else None),
        number(record.memory_mb),
        checks_cell(record),
    )


def checks_cell(record: Record) -> str:
    """Count the verdicts of *record*, as `1 failed, 2 passed`; `-` without checks."""
    counts = Counter(check.verdict for check in record.checks)
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in _WORDS.items() if counts[verdict]) or "-"


def _table_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, color_system=None)
    console.print(_table(records[:MOST_ROWS]))
    yield from (line.rstrip() for line in stream.getvalue().splitlines())
    if len(records) > MOST_ROWS:
        yield f"... and {len(records) - MOST_ROWS} more rows, all of them in the report (--coreml-report)"


def _table(records: Sequence[Record]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for heading in HEADINGS[:2]:
        table.add_column(heading, overflow="fold", min_width=12)
    for heading in HEADINGS[2:-1]:
        table.add_column(heading, overflow="fold", justify="right", min_width=5, max_width=6)
    # Wide enough for "1 inconclusive", so that verdicts are never cut.
    table.add_column(HEADINGS[-1], min_width=14, no_wrap=True)
    for record in records:
        *cells, checks = row(record)
        table.add_row(*cells, checks.replace(", ", "\n"))
    return table


def _open_checks(records: Sequence[Record]) -> Iterator[str]:
    for verdict, word in _WORDS.items():
        if verdict == "passed":
            continue
        for record in records:
            for check in record.checks:
                if check.verdict == verdict:
                    yield f"{word}: {printable(record.id)} on {record.compute_units}: {printable(check_line(check))}"
            if record.regression is not None and record.regression.verdict == verdict:
                yield f"{word}: {printable(record.id)} on {record.compute_units}: {_regression(record)}"


def _regression(record: Record) -> str:
    found = record.regression
    if found is None or found.effect is None:
        return f"against the baseline: {printable(found.reason or '') if found else ''}"
    margin = f" +- {percent(found.margin)}" if found.margin is not None else ""
    reason = f": {printable(found.reason)}" if found.reason else ""
    return f"{percent(found.effect, signed=True)}{margin} against {found.runs} baseline runs{reason}"
