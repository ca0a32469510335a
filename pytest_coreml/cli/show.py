"""`pytest-coreml show REPORT...`: print a report as text or in the format of another tool, or several as a page."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_document, write_lines
from pytest_coreml.cli.output import write_text as print_text
from pytest_coreml.errors import UsageError

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
# The formats that the name of a file tells.
_SUFFIXES = {".html": "html", ".md": "markdown", ".csv": "csv", ".json": "json"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "show",
        help="print a report as text, as a page or in another tool's format",
        description="Print a report as text, write it as a page, or convert it to another tool's format.",
    )
    parser.add_argument(
        "reports",
        type=Path,
        nargs="+",
        metavar="REPORT",
        help="report; with --format=html also several reports, folders of reports, and traces",
    )
    formats = [*_FORMATS, "html"]
    parser.add_argument(
        "--format", choices=formats, help="output format (default: by the suffix of --output, else text)"
    )
    parser.add_argument("--output", type=Path, metavar="PATH", help="file to write to instead of stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the reports to stdout or to a file; return 0."""
    form = arguments.format or _SUFFIXES.get(arguments.output.suffix if arguments.output else "", "text")
    if form == "html":
        text = _page(arguments.reports)
    elif len(arguments.reports) > 1:
        raise UsageError(f"--format={form} shows one report; several are a page: --format=html")
    elif form == "text" and arguments.output is None:
        _print_lines(arguments.reports[0])
        return 0
    else:
        text = _text(arguments.reports[0], form)
    if arguments.output is not None:
        from pytest_coreml.report.document.write import SHOWN, write_text

        write_text(text, arguments.output, SHOWN)
    # The other formats escape what their readers would obey.
    elif form == "trace-summary":
        print_text(text)
    else:
        write_document(text)
    return 0


def _print_lines(path: Path) -> None:
    from pytest_coreml.report.document.read import read_report
    from pytest_coreml.report.formats.report_text import lines

    write_lines(lines(read_report(path)))


def _text(path: Path, form: str) -> str:
    if form == "trace-summary" and (text := _trace_summary(path)) is not None:
        return text
    from pytest_coreml.report.document.read import read_report

    format_module = importlib.import_module(f"pytest_coreml.report.formats.{_FORMATS[form]}")
    return str(format_module.render(read_report(path)))


def _page(paths: list[Path]) -> str:
    from pytest_coreml.report.document.read import read_report
    from pytest_coreml.report.document.read_trace import read_trace
    from pytest_coreml.report.document.runs import find_reports
    from pytest_coreml.report.document.trace_format import is_trace
    from pytest_coreml.report.formats.html.html_page import render

    files = find_reports(paths)
    traces = [path for path in files if is_trace(path)]
    reports = [read_report(path) for path in files if path not in traces]
    if not reports:
        raise UsageError("a page needs a report; a trace only adds lanes to it")
    return render(reports, list(map(read_trace, traces)))


def _trace_summary(path: Path) -> str | None:
    """Return the totals of the timeline at *path*; None if it is not a timeline, but a report."""
    from pytest_coreml.report.document.trace_format import is_trace

    if not is_trace(path):
        return None
    from pytest_coreml.report.document.read_trace import read_trace
    from pytest_coreml.report.formats.trace_summary import summary_text

    return summary_text(read_trace(path))
