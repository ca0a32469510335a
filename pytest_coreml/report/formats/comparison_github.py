"""A comparison as annotations of GitHub Actions, on the file and line of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.escaping import command
from pytest_coreml.report.formats.github import annotate
from pytest_coreml.report.text.findings import one_sided, row_text, total, verdict_lines
from pytest_coreml.report.text.moved_text import warnings_of_moves
from pytest_coreml.verdict.regression.moved import open_moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.verdict.regression.comparison import Comparison, Row


def render(comparison: Comparison) -> str:
    """Return a workflow command for each failed or inconclusive verdict, and for what left a device, and a notice for
    what one side lacks."""
    lines = [line for row in comparison.rows for line in _annotations(row)]
    lines += [command("notice", line) for line in one_sided(comparison)]
    return "\n".join([*lines, total(comparison)]) + "\n"


def _annotations(row: Row) -> Iterator[str]:
    name, separator, _ = row.key[0].partition("::")
    file, title = name if separator else None, row_text(row)
    yield from annotate(verdict_lines(row.findings), file, row.line, title)
    for text in warnings_of_moves(open_moves(row.findings.changes.moved, row.findings.checks)):
        yield command("warning", text, file=file, line=row.line, title=title)
