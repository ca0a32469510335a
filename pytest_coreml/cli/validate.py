"""`pytest-coreml validate REPORT...`: check files against the report schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_text
from pytest_coreml.errors import ReportError, UnreadableReportError

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "validate",
        help="check that files are valid reports (exit status 1: invalid, 2: unreadable)",
        description="Check reports against the schema. Exit status: 0 all are valid, 1 one is invalid, 2 one cannot be "
        "read.",
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="report to check")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the result for each file; return 0 if all are valid, 1 if one is not, 2 if one cannot be read."""
    return max([_validate(path) for path in arguments.reports])


def _validate(path: Path) -> int:
    from pytest_coreml.report.document.read import read_document

    try:
        document = read_document(path)
    except ReportError as error:
        sys.stderr.write(f"pytest-coreml: {error}\n")
        return 2 if isinstance(error, UnreadableReportError) else 1
    write_text(f"{path}: valid, {len(document['tests'])} tests\n")
    return 0
