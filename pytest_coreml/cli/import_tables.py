"""Import tables of Instruments: lay their rows over a timeline of ours, or make a timeline of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.cli.output import write_text
from pytest_coreml.device_reports.xctrace import recording_facts, table_parser
from pytest_coreml.device_reports.xctrace.export_root import CONTENTS_ROOT, TABLES_ROOT, export_root
from pytest_coreml.device_reports.xctrace.overlay import overlay
from pytest_coreml.errors import ReportError, UsageError
from pytest_coreml.report.document.read_trace import read_trace
from pytest_coreml.report.document.trace_document import trace_lines
from pytest_coreml.report.document.trace_format import is_trace
from pytest_coreml.report.document.write import OutputKind, write_lines
from pytest_coreml.report.formats.trace_summary import summary_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TRACE: Final = OutputKind("the trace", "--output")


def import_tables(paths: Sequence[Path], output: Path) -> int:
    """Write the timeline to *output*, and print its totals; return 0.

    Raise `UsageError` where files do not go together, and `ReportError` for one that cannot be imported.
    """
    roots = {path: export_root(path) for path in paths}
    traces = [path for path in paths if is_trace(path)]
    if others := [path for path, root in roots.items() if root is None and path not in traces]:
        raise UsageError(f"{others[0]}: not a table of xctrace; import results of other kinds by a separate command")
    if len(traces) > 1:
        raise UsageError(f"{traces[1]}: tables can be laid over one trace")
    tables = [table for path, root in roots.items() if root == TABLES_ROOT for table in table_parser.parse_tables(path)]
    contents = [path for path, root in roots.items() if root == CONTENTS_ROOT]
    facts = recording_facts.read_recording_facts(contents[0]) if contents else None
    ours = read_trace(traces[0]) if traces else None
    try:
        timeline = overlay(tables, ours, facts)
    except ReportError as error:
        raise ReportError(f"{', '.join(map(str, paths))}: {error}") from error
    write_lines(trace_lines(timeline), output, _TRACE)
    write_text(f"{summary_text(timeline)}written: {output}\n")
    return 0
