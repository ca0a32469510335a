"""Compare two reports of 10,000 tests with 100 calls each: seconds and peak memory of the command.

Run manually: `python benchmarks/compare_speed.py`. Promised: under 10 s and under 1 GB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report_speed import MACHINE, record

from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report


def write(path: Path, tests: int, calls: int) -> Path:
    """Write a report of many tests."""
    write_report(build_report([record(number, calls) for number in range(tests)], [], MACHINE), path)
    return path


def timed(command: list[str]) -> tuple[float, float, float]:
    """Run *command*; give its wall time and its processor time in s, and its peak memory in megabytes."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return wall, used.ru_utime + used.ru_stime, peak


def main(tests: int = 10_000, calls: int = 100) -> None:
    """Print what the comparison takes."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(write(Path(folder) / f"{side}.json", tests, calls)) for side in ("base", "now")]
        command = [sys.executable, "-m", "pytest_coreml", "compare", paths[0], "--current", paths[1]]
        for _ in range(3):
            wall, cpu, peak = timed(command)
            print(f"{wall:.1f} s, {cpu:.1f} s of processor time, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
