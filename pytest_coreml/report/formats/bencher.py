"""Bencher Metric Format, for `bencher run --adapter json`.

https://bencher.dev/docs/reference/bencher-metric-format: benchmarks by name, measures by name, each with a value and
bounds. Every project there has the measures `latency` (nanoseconds) and `throughput` (operations per second).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.metrics import get_metric
from pytest_coreml.report.formats.measured import measured

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record

Metric = dict[str, float]
# Further measures, which are not in every project.
_MORE: Final = tuple(get_metric(name) for name in ("first_load_ms", "load_ms", "size_mb", "memory_mb"))


def render(report: Report) -> str:
    """Return the median with its p10 and p90, the rate, and load times and memory if they were measured."""
    return json.dumps({name: _measures(record, run) for name, record, run in measured(report)}, indent=2) + "\n"


def _measures(record: Record, measurement: Measurement) -> dict[str, Metric]:
    measures = {"latency": _metric(measurement.median_ms * 1e6, measurement.p10_ms * 1e6, measurement.p90_ms * 1e6)}
    if measurement.p10_ms > 0:
        measures["throughput"] = _metric(measurement.fps, 1e3 / measurement.p90_ms, 1e3 / measurement.p10_ms)
    for metric in _MORE:
        value = metric.value(record.measured) if metric.value is not None else None
        if value is not None:
            measures[metric.exported_as.replace("_", "-")] = {"value": value}
    return measures


def _metric(value: float, low: float, high: float) -> Metric:
    return {"value": value, "lower_value": low, "upper_value": high}
