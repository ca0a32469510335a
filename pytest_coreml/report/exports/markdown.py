"""A table in GitHub's Markdown, for comments on pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.escaping import markdown as escaped
from pytest_coreml.report.figures import machine_words
from pytest_coreml.report.terminal import HEADINGS, row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.report.read import Report


def render(report: Report) -> str:
    """Give the table of the summary and the machine below it."""
    rule = ["---", "---", *["---:"] * (len(HEADINGS) - 3), "---"]
    lines = [_line(HEADINGS), _line(rule), *(_line(map(escaped, row(record))) for record in report.records)]
    return "\n".join([*lines, "", escaped(machine_words(report.machine))]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
