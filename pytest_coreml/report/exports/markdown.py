"""A table in GitHub's Markdown, for comments on pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.report.escaping import markdown as escaped
from pytest_coreml.report.figures import machine_words
from pytest_coreml.report.terminal import HEADINGS, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.record import Record
    from pytest_coreml.report.read import Report


def render(report: Report) -> str:
    """Give the table of the summary and the machine below it."""
    return table(report.records, report.machine)


def table(records: Iterable[Record], machine: Mapping[str, Any]) -> str:
    """Give the table of *records* and the machine below it."""
    rule = ["---", "---", *["---:"] * (len(HEADINGS) - 3), "---"]
    lines = [_line(HEADINGS), _line(rule), *(_line(map(escaped, row(record))) for record in records)]
    return "\n".join([*lines, "", escaped(machine_words(machine))]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
