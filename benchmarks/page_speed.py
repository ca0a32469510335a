"""Make pages of 100 tests with plans of 2,000 operations each: seconds, bytes and peak memory.

Run manually: `PYTHONPATH=tests/support python benchmarks/page_speed.py`. Promised: in under 3 s, with at most 1.5 MB.
The plans are of 25 networks on four compute units each, then of 100 networks.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from page_reports import large_report

from pytest_coreml.report.document.read import read_report
from pytest_coreml.report.document.write import write_report
from pytest_coreml.report.formats.html.html_page import write_page


def peak_mb() -> float:
    """Return the peak memory of this process so far in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def main() -> None:
    """Print what reading such a report and writing its page take: CPU time, and time on the wall."""
    with tempfile.TemporaryDirectory() as folder:
        for share_names, words in ((4, "25 networks"), (1, "100 networks")):
            path, page = Path(folder) / "report.json", Path(folder) / "page.html"
            write_report(large_report(share_names=share_names).document, path)
            start = time.perf_counter(), time.process_time()
            report = read_report(path)
            read = time.perf_counter(), time.process_time()
            write_page([report], page)
            written = time.perf_counter(), time.process_time()
            print(f"{words}: report of {path.stat().st_size / 1e6:.0f} MB read in {read[1] - start[1]:.2f} s CPU")
            print(
                f"  page written in {written[1] - read[1]:.2f} s CPU, {written[0] - read[0]:.2f} s on the wall, "
                f"{page.stat().st_size / 1e6:.2f} MB, peak {peak_mb():.0f} MB"
            )


if __name__ == "__main__":
    main()
