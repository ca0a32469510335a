"""A comparison for a terminal: a table, then remarks on its rows."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.findings import one_sided, remark_lines, row_text, total, verdict_lines
from pytest_coreml.report.text.layout import plain_table, rendered
from pytest_coreml.report.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.regression.comparison import Comparison, Row

# A longer table takes seconds to lay out; then only rows that did not pass are shown.
MAX_ROWS: Final = 200
# The width of the table in a file or a log.
USUAL_WIDTH: Final = 120


def render(comparison: Comparison) -> str:
    """Return the table, the remarks on each row, what one side lacks, and the total."""
    rows = comparison.rows if len(comparison.rows) <= MAX_ROWS else comparison.open_rows()
    shown = rows[:MAX_ROWS]
    lines = [*_table(shown), *(line for row in shown for line in _remarks(row)), *one_sided(comparison)]
    if len(shown) < len(comparison.rows):
        lines.append(f"{len(comparison.rows) - len(shown)} more rows are not shown; --format=json has all")
    return "\n".join([*lines, total(comparison)]) + "\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    table = plain_table()
    table.add_column("measurement", overflow="fold")
    for heading in ("baseline ms", "current ms", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    yield from rendered(table, _width())
    yield ""


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else USUAL_WIDTH


def _cells(row: Row) -> tuple[str, ...]:
    time = row.findings.time
    change = percent(time.effect, signed=True) if time and time.effect is not None else "-"
    baseline, current = (number(ms) for ms in ((time.baseline_ms, time.current_ms) if time else (None, None)))
    return row_text(row), baseline, current, change, row.worst


def _remarks(row: Row) -> Iterator[str]:
    yield row_text(row)
    yield from (f"  {verdict}: {words}" for verdict, words in verdict_lines(row.findings))
    yield from (f"  {line}" for line in remark_lines(row.findings))
