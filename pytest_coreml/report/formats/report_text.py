"""The summary that a run prints at its end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.numbers import machine_words
from pytest_coreml.report.text.summary import summary_lines

if TYPE_CHECKING:
    from pytest_coreml.report.document.read import Report


def render(report: Report) -> str:
    """Return the machine, the table and the open checks, as wide as the terminal."""
    return "\n".join(lines(report)) + "\n"


def lines(report: Report) -> list[str]:
    """Return the same in lines; some are a `Line` with a color."""
    head = f"{report.created}, {report.tool}, {printable(machine_words(report.machine))}"
    width = shutil.get_terminal_size((100, 24)).columns
    return [*wrapped(head, "", width), "", *summary_lines(report.records, width)]
