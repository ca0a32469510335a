"""A report in the trace event format; its events are laid end to end, since a report has no times of day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.document.report_timeline import timeline_of_report
from pytest_coreml.report.document.trace_document import trace_lines

if TYPE_CHECKING:
    from pytest_coreml.report.document.read import Report


def render(report: Report) -> str:
    """Return the document."""
    return "".join(trace_lines(timeline_of_report(report)))
