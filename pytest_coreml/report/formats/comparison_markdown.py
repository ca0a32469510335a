"""A comparison as a table in GitHub's Markdown, for comments and step summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import markdown
from pytest_coreml.report.text.findings import one_sided, remark_lines, row_text, total, verdict_lines
from pytest_coreml.report.text.numbers import number, percent
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.verdict.regression.comparison import Comparison, Row

# GitHub shows a summary of at most 1 MiB.
MAX_ROWS: Final = 500


def render(comparison: Comparison) -> str:
    """Return the table, remarks on rows that did not pass or changed, and the total."""
    # Rows that did not pass come first, so that they are cut last.
    rows = sorted(comparison.rows, key=lambda row: row.worst in ("passed", "not_judged"))
    lines = [
        "| measurement | baseline p10 ms | current p10 ms | change | at least | verdict |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(_cells(row) for row in rows[:MAX_ROWS]),
        "",
        *(line for row in rows[:MAX_ROWS] for line in _remarks(row)),
        *(f"- {markdown(line)}" for line in one_sided(comparison)[:MAX_ROWS]),
        "",
    ]
    if len(rows) > MAX_ROWS:
        lines.append(f"{len(rows) - MAX_ROWS} more rows were left out.\n")
    return "\n".join([*lines, total(comparison)]) + "\n"


def _cells(row: Row) -> str:
    time = row.findings.time
    cells = [
        markdown(row_text(row)),
        number(time.baseline_ms if time else None),
        number(time.current_ms if time else None),
        percent(time.effect, signed=True) if time and time.effect is not None else "-",
        percent(time.least_effect, signed=True) if time and time.least_effect is not None else "-",
        STANDINGS[row.worst].markdown,
    ]
    return f"| {' | '.join(cells)} |"


def _remarks(row: Row) -> Iterator[str]:
    verdicts = [f"{verdict}: {words}" for verdict, words in verdict_lines(row.findings) if verdict != "passed"]
    words = [*verdicts, *remark_lines(row.findings)]
    if words:
        yield f"- {markdown(row_text(row))}"
        yield from (f"  - {markdown(line)}" for line in words)
