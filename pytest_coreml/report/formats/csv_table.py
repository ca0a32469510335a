"""A line of CSV for each test, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import statistics
from typing import TYPE_CHECKING, Any

from pytest_coreml.escaping import csv_cell

if TYPE_CHECKING:
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record


def render(report: Report) -> str:
    """Return CSV (RFC 4180) with a header line; the cell of a value that was not measured is empty."""
    stream = io.StringIO(newline="")
    rows = [_cells(record) for record in report.records]
    writer = csv.DictWriter(stream, list(_HEAD), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


_HEAD = (
    *("id", "model", "model_name", "compute_units", "function", "loaded", "runtime", "outcome", "attempt"),
    *("compile_ms", "first_load_ms", "load_ms", "min_ms", "p10_ms", "median_ms", "p90_ms", "p95_ms", "fps"),
    *("undisturbed", "calls", "size_mb", "memory_mb", "failed", "inconclusive", "not_judged", "passed"),
    *("machine", "measured_by"),
)
_FACTS = (
    "id",
    "model",
    "model_name",
    "compute_units",
    "function",
    "loaded",
    "runtime",
    "outcome",
    "attempt",
    "size_mb",
    "memory_mb",
    "machine",
    "measured_by",
)
_METRICS = ("min_ms", "p10_ms", "median_ms", "p90_ms", "p95_ms", "undisturbed")


def _cells(record: Record) -> dict[str, Any]:
    cells: dict[str, Any] = {name: _safe(getattr(record, name)) for name in _FACTS}
    cells |= {name: record.verdicts.count(name) for name in ("failed", "inconclusive", "not_judged", "passed")}
    if record.load:
        loads = {name: getattr(record.load, name) for name in ("compile_ms", "first_load_ms", "load_ms")}
        cells |= {name: statistics.median(samples) for name, samples in loads.items() if samples}
    if record.predict:
        cells |= {name: getattr(record.predict, name) for name in _METRICS}
        cells |= {"calls": len(record.predict.native_ms)}
        cells |= {"fps": record.predict.fps} if record.predict.median_ms > 0 else {}
    return cells


def _safe(value: Any) -> Any:
    return csv_cell(value) if isinstance(value, str) else value
