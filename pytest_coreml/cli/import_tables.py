"""Import tables of Instruments: lay their rows over a timeline of ours, or make a timeline of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.cli.output import write_text
from pytest_coreml.device_reports.xctrace import recording_facts, table_parser
from pytest_coreml.device_reports.xctrace.overlay import overlay
from pytest_coreml.errors import ReportError, UsageError
from pytest_coreml.report.document.read_trace import is_trace, read_trace
from pytest_coreml.report.document.trace_document import trace_lines
from pytest_coreml.report.document.write import OutputKind, write_lines
from pytest_coreml.report.formats.trace_summary import summary_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEAD: Final = 4096
_TRACE: Final = OutputKind("the trace", "--output")


def contains_tables(paths: Sequence[Path]) -> bool:
    """Return True if one of the files is an export of xctrace, or a timeline of ours to lay tables over."""
    return any(is_trace(path) or _root(path) is not None for path in paths)


def import_tables(paths: Sequence[Path], output: Path) -> int:
    """Write the timeline to *output*, and print its totals; return 0.

    Raise `UsageError` where files do not go together, and `ReportError` for one that cannot be imported.
    """
    roots = {path: _root(path) for path in paths}
    traces = [path for path in paths if is_trace(path)]
    if others := [path for path, root in roots.items() if root is None and path not in traces]:
        raise UsageError(f"{others[0]}: not a table of xctrace; import results of other kinds by a separate command")
    if len(traces) > 1:
        raise UsageError(f"{traces[1]}: tables can be laid over one trace")
    tables = [
        table for path, root in roots.items() if root == table_parser.ROOT for table in table_parser.parse_tables(path)
    ]
    contents = [path for path, root in roots.items() if root == recording_facts.ROOT]
    facts = recording_facts.read_recording_facts(contents[0]) if contents else None
    ours = read_trace(traces[0]) if traces else None
    try:
        timeline = overlay(tables, ours, facts)
    except ReportError as error:
        raise ReportError(f"{', '.join(map(str, paths))}: {error}") from error
    write_lines(trace_lines(timeline), output, _TRACE)
    write_text(f"{summary_text(timeline)}written: {output}\n")
    return 0


def _root(path: Path) -> str | None:
    """Return the root of the export at *path*; None for another file."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    # Of a damaged or hostile export, too: it has to be refused for what it is.
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return None
    found = [(head.find(f"<{root}".encode()), root) for root in (table_parser.ROOT, recording_facts.ROOT)]
    return min(((place, root) for place, root in found if place >= 0), default=(0, None))[1]
