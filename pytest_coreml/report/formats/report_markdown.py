"""A table in GitHub's Markdown, for comments on pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import markdown as escaped
from pytest_coreml.escaping import printable
from pytest_coreml.report.text.numbers import machine_words
from pytest_coreml.report.text.table import HEADINGS, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record

COLUMNS: Final = ("test", *HEADINGS)


def render(report: Report) -> str:
    """Return the table of the summary and the machine below it."""
    return table(report.records, report.machine)


def table(records: Iterable[Record], machine: Mapping[str, Any]) -> str:
    """Return the table of *records* and the machine below it."""
    rule = ["---", "---", "---", *["---:"] * (len(HEADINGS) - 3), "---"]
    lines = [_line(COLUMNS), _line(rule), *(_line(map(escaped, _cells(record))) for record in records)]
    return "\n".join([*lines, "", escaped(machine_words(machine))]) + "\n"


def _cells(record: Record) -> tuple[str, ...]:
    # In the terminal the test is in a heading above its rows.
    test = f"{record.id} on {record.machine}" if record.machine else record.id
    return printable(test), *row(record)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
