"""A comparison for a terminal: a table, then remarks on its rows."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.findings import one_sided, remark_lines, row_text, total, verdict_lines
from pytest_coreml.report.text.layout import plain_table, rendered
from pytest_coreml.report.text.line import Line
from pytest_coreml.report.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.comparison import Comparison, Row

# A longer table takes seconds to lay out; then only rows that did not pass are shown.
MAX_ROWS: Final = 200
# The width of the table in a file or a log.
USUAL_WIDTH: Final = 120
_VERDICT: Final = "verdict"
_BAD: Final[tuple[Verdict, ...]] = ("failed", "inconclusive")


def render(comparison: Comparison) -> str:
    """Return the table, the remarks on each row, what one side lacks, and the total."""
    return "\n".join(lines(comparison)) + "\n"


def lines(comparison: Comparison) -> Iterator[str]:
    """Yield the same in lines; some are a `Line` with a color."""
    rows = comparison.rows if len(comparison.rows) <= MAX_ROWS else comparison.open_rows()
    shown = rows[:MAX_ROWS]
    yield from _table(shown)
    for row in shown:
        yield from _remarks(row)
    yield from one_sided(comparison)
    if len(shown) < len(comparison.rows):
        yield f"{len(comparison.rows) - len(shown)} more rows are not shown; --format=json has all"
    bad = next((verdict for verdict in _BAD if comparison.count(verdict)), None)
    yield Line(total(comparison), bad)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    table = plain_table()
    table.add_column("measurement", overflow="fold")
    for heading in ("baseline p10 ms", "current p10 ms", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(_VERDICT, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    yield from _colored(list(rendered(table, _width())), rows)
    yield ""


def _colored(lines: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yield the *lines* of the table, those with a verdict in its color; a long name makes a row of several lines."""
    start = lines[0].rindex(_VERDICT)
    verdicts = iter(rows)
    # Headings and a rule.
    yield from lines[:2]
    for line in lines[2:]:
        yield Line(line, next(verdicts).worst, start) if line[start:] else line


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else USUAL_WIDTH


def _cells(row: Row) -> tuple[str, ...]:
    time = row.findings.time
    change = percent(time.effect, signed=True) if time and time.effect is not None else "-"
    baseline, current = (number(ms) for ms in ((time.baseline_ms, time.current_ms) if time else (None, None)))
    return row_text(row), baseline, current, change, row.worst


def _remarks(row: Row) -> Iterator[str]:
    yield row_text(row)
    for verdict, words in verdict_lines(row.findings):
        yield Line(f"  {verdict}: {words}", verdict if verdict != "passed" else None, 2)
    yield from (f"  {line}" for line in remark_lines(row.findings))
