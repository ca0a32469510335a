"""`pytest-coreml show REPORT`: print a report as text or in the format of another tool."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_text

if TYPE_CHECKING:
    import argparse

# Each format is a module of `report.formats` with a function `render(report) -> str`.
_FORMATS = {
    "text": "report_text",
    "markdown": "report_markdown",
    "csv": "csv_table",
    "json": "report_json",
    "bencher": "bencher",
    "github-action-benchmark": "github_action_benchmark",
    "pytest-benchmark": "pytest_benchmark",
    "trace": "trace",
    "trace-summary": "trace_summary",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("show", help="print a report as text or in another tool's format")
    parser.add_argument("report", type=Path, metavar="REPORT")
    parser.add_argument("--format", choices=list(_FORMATS), default="text", help="output format (default: text)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the report to stdout; return 0."""
    if arguments.format == "trace-summary" and (text := _trace_summary(arguments.report)) is not None:
        write_text(text)
        return 0
    from pytest_coreml.report.document.read import read_report

    report = read_report(arguments.report)
    text = importlib.import_module(f"pytest_coreml.report.formats.{_FORMATS[arguments.format]}").render(report)
    # The other formats escape what their readers would obey.
    write_text(text) if arguments.format in ("text", "trace-summary") else sys.stdout.write(text)
    return 0


def _trace_summary(path: Path) -> str | None:
    """Return the totals of the timeline at *path*; None if it is not a timeline, but a report."""
    from pytest_coreml.report.document.read_trace import is_trace, read_trace

    if not is_trace(path):
        return None
    from pytest_coreml.report.formats.trace_summary import summary_text

    return summary_text(read_trace(path))
