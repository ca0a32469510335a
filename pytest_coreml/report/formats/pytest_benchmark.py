"""A saved run of pytest-benchmark, for `pytest-benchmark compare` and everything that reads its files.

https://pytest-benchmark.readthedocs.io: one JSON object with machine, commit and benchmarks, times in seconds. The
statistics are computed by pytest-benchmark itself, from the native times of all calls.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_coreml.report.formats.measured import measured, short_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record


def render(report: Report) -> str:
    """Return the file; its commit is empty, because a report does not contain one."""
    from pytest_benchmark import __version__

    document = {
        "machine_info": _machine_info(report.machine),
        "commit_info": {},
        "benchmarks": [_benchmark(*found) for found in measured(report)],
        "datetime": report.created,
        "version": __version__,
    }
    return json.dumps(document, indent=4) + "\n"


def _machine_info(machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "python_version": machine["python"],
        "system": machine["os"]["name"],
        "release": machine["os"]["version"],
        "machine": machine.get("model_identifier") or machine["chip"] or machine.get("product"),
        "cpu": {"brand_raw": machine["chip"]},
    }


def _benchmark(name: str, record: Record, measurement: Measurement) -> dict[str, Any]:
    return {
        "group": None,
        "name": short_name(name),
        "fullname": name,
        "params": {"coreml_compute_units": record.compute_units},
        "param": record.compute_units,
        "extra_info": {"model": record.model_name, "sha256": record.model, "runtime": record.runtime},
        "options": {"timer": "native", "warmup": measurement.warmup > 0},
        "stats": _statistics(measurement),
    }


def _statistics(measurement: Measurement) -> dict[str, Any]:
    from pytest_benchmark.stats import Stats

    make: Callable[[], Any] = Stats  # pytest-benchmark is not annotated
    found = make()
    for sample in measurement.native_ms:
        found.update(sample / 1e3)
    return {**found.as_dict(), "data": found.data, "iterations": measurement.batch}
