"""What it takes to read and check a package of 400 MB, before any session is made.

Run by hand: `python benchmarks/reading.py PACKAGE [--rounds 7]`, with `BERT-base/fp32-iOS18.mlpackage`, for example,
of `network_files.py`. Each time in a fresh process, in which everything is imported; medians of wall and CPU time. Read
is: find the files, parse the program, check its types and values, and look at the header of every weight. Lowered is:
every operation is found to be executable, and the graph is made. Promised: 15 ms or less for both together.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from taking_turns import fresh

from pytest_coreml.engine.server.binding import import_coremltools
from pytest_coreml.reference.lowering import handlers
from pytest_coreml.reference.lowering.function import lower_function
from pytest_coreml.reference.package import open_package
from pytest_coreml.reference.program import read_function
from pytest_coreml.reference.proto import read_spec


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    size = sum(file.stat().st_size for file in arguments.package.rglob("*") if file.is_file()) / 1e6
    rows = [fresh(read, arguments.package) for _ in range(arguments.rounds)]
    read_wall, read_cpu, wall, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{size:.0f} MB: read {read_wall:.1f} ms ({read_cpu:.1f} of CPU), and lowered {wall:.1f} ms ({cpu:.1f})")


def read(path: Path) -> tuple[float, float, float, float]:
    """Read once; give wall and CPU time in ms until the program is read, and until it is lowered."""
    import_coremltools("reference", "fast")
    known = handlers()
    wall, cpu = time.perf_counter(), time.process_time()
    package = open_package(path)
    function = read_function(read_spec(package).mlProgram, "main", package.blob_file)
    middle_wall, middle_cpu = time.perf_counter(), time.process_time()
    lower_function(function, known, "fast")
    times = (middle_wall - wall, middle_cpu - cpu, time.perf_counter() - wall, time.process_time() - cpu)
    return tuple(seconds * 1e3 for seconds in times)


if __name__ == "__main__":
    main()
