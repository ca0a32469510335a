"""Write and read a report of 10,000 tests with 100 calls each: seconds and peak memory.

Run manually: `python benchmarks/report_speed.py`. Promised: written and validated in under 15 s with under 1 GB, read
in under 5 s.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.read import read_report
from pytest_coreml.report.document.write import write_report
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record

MACHINE = {"chip": None, "os": {"name": "Linux", "version": None}, "python": "3", "coremltools": None, "runtime": None}
UNITS = ("all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine")


def sample(calls: int) -> tuple[float, ...]:
    """Return times with a resolution of a nanosecond, as clocks give them."""
    return tuple(random.randrange(4_900_000, 5_300_000) / 1e6 for _ in range(calls))


def record(number: int, calls: int) -> Record:
    """Make the record of one measured test with two budgets."""
    return Record(
        id=f"tests/test_models.py::test_model[{number}]",
        model="0" * 64,
        model_name="Model.mlpackage",
        compute_units=UNITS[number % 4],
        function="main",
        runtime="reference",
        load=LoadTimes(first_load_ms=(31.25,), load_ms=(12.5,)),
        predict=Measurement(sample(calls), sample(calls), (0.0,) * calls, warmup=20, first_ms=6.5),
        memory_mb=15.5,
        checks=[Check("predict_ms", 25, 5.1, "passed"), Check("size_mb", 10, 9.5, "passed")],
    )


def peak_mb() -> float:
    """Return the peak memory of this process so far in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def main(tests: int = 10_000, calls: int = 100) -> None:
    """Print what writing and reading take."""
    records = [record(number, calls) for number in range(tests)]
    print(f"records made: peak {peak_mb():.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        start = time.perf_counter()
        write_report(build_report(records, [], MACHINE), path)
        written = time.perf_counter()
        print(f"written: {written - start:.1f} s, {path.stat().st_size / 1e6:.0f} MB, peak {peak_mb():.0f} MB")
        read_report(path)
        print(f"read: {time.perf_counter() - written:.1f} s, peak {peak_mb():.0f} MB")


if __name__ == "__main__":
    main()
