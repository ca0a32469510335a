"""Input of benchmark-action/github-action-benchmark, tool `customSmallerIsBetter`.

https://github.com/benchmark-action/github-action-benchmark: a list of objects with `name`, `unit` and `value`, and
optionally `range` and `extra`, which are text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_coreml.report.formats.measured import measured
from pytest_coreml.report.text.numbers import machine_words, number

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record


def render(report: Report) -> str:
    """Return the median of each measured test in ms, with the spread and the machine."""
    return json.dumps([_entry(report, *found) for found in measured(report)], indent=2) + "\n"


def _entry(report: Report, name: str, record: Record, measurement: Measurement) -> dict[str, str | float]:
    return {
        "name": name,
        "unit": "ms",
        "value": measurement.median_ms,
        "range": f"{number(measurement.p10_ms)}-{number(measurement.p90_ms)}",
        "extra": f"{len(measurement.native_ms)} calls, {machine_words(report.get_machine(record))}",
    }
