"""Bencher Metric Format, for `bencher run --adapter json`.

https://bencher.dev/docs/reference/bencher-metric-format: benchmarks by name, measures by name, each with a value and
bounds. The measures `latency` (nanoseconds) and `throughput` (operations a second) exist in every project there.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from pytest_coreml.report.formats.measured import measured

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record

Metric = dict[str, float]


def render(report: Report) -> str:
    """Give the median with its p10 and p90, the rate, and load times and memory where they were measured."""
    return json.dumps({name: _measures(record, run) for name, record, run in measured(report)}, indent=2) + "\n"


def _measures(record: Record, run: Measurement) -> dict[str, Metric]:
    measures = {"latency": _metric(run.median_ms * 1e6, run.p10_ms * 1e6, run.p90_ms * 1e6)}
    if run.p10_ms > 0:
        measures["throughput"] = _metric(run.fps, 1e3 / run.p90_ms, 1e3 / run.p10_ms)
    if record.load is not None:
        loads = {"first-load-ms": record.load.first_load_ms, "load-ms": record.load.loads_ms}
        measures |= {name: {"value": statistics.median(samples)} for name, samples in loads.items() if samples}
    if record.memory_mb is not None:
        measures["memory-mb"] = {"value": record.memory_mb}
    return measures


def _metric(value: float, low: float, high: float) -> Metric:
    return {"value": value, "lower_value": low, "upper_value": high}
