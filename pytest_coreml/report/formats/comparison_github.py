"""A comparison as annotations of GitHub Actions, on the file and line of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.formats.escaping import command
from pytest_coreml.report.text.findings import one_sided, row_text, total, verdict_lines
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from pytest_coreml.verdict.regression.comparison import Comparison, Row


def render(comparison: Comparison) -> str:
    """Give a workflow command for each verdict that is not green, and a notice for what one side lacks."""
    lines = [line for row in comparison.rows for line in _annotations(row)]
    lines += [command("notice", line) for line in one_sided(comparison)]
    return "\n".join([*lines, total(comparison)]) + "\n"


def _annotations(row: Row) -> list[str]:
    file, separator, _ = row.key[0].partition("::")
    return [
        command(level, words, file=file if separator else None, line=row.line, title=row_text(row))
        for verdict, words in verdict_lines(row.findings)
        if (level := STANDINGS[verdict].level) is not None
    ]
