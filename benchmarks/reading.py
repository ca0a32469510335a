"""Measure reading and checking a package of 400 MB, before a session of ONNX Runtime is made.

Run manually: `python benchmarks/reading.py PACKAGE [--rounds 7]`, with `BERT-base/fp32-iOS18.mlpackage`, for example,
of `network_files.py`. Each time in a fresh process, in which everything is imported; medians of wall and CPU time. Read
is: find the files, parse the program, check its types and values, look at the header of every weight, and look for a
handler of every operation. Lowered is: the same, and the graph is made. Promised: 15 ms or less for the first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from taking_turns import fresh

from pytest_coreml.engine.server.coremltools_import import import_coremltools
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.program import read_function, walk
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.lowering.ops import handlers
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    size = sum(file.stat().st_size for file in arguments.package.rglob("*") if file.is_file()) / 1e6
    for what, call in (("read", read), ("read and lowered", lower)):
        rows = [fresh(timed, call, arguments.package) for _ in range(arguments.rounds)]
        wall, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{size:.0f} MB {what}: {wall:.1f} ms, {cpu:.1f} of CPU")


def timed(call: Callable[[Path], object], path: Path) -> tuple[float, float]:
    """Call once; give wall and CPU time in ms."""
    import_coremltools("reference", "fast")
    handlers()
    wall, cpu = time.perf_counter(), time.process_time()
    call(path)
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def read(path: Path) -> bool:
    """Read a package, and say whether all its operations have handlers."""
    package, known = open_package(path), handlers()
    function = read_function(read_spec(package).mlProgram, "main", package.blob_file)
    return all(operation.type in known or operation.type == "const" for operation in walk(function.block))


def lower(path: Path) -> object:
    """Read a package and make the graph."""
    package = open_package(path)
    return executable.lower(package, read_spec(package).mlProgram, "main", RuntimeOptions())


if __name__ == "__main__":
    main()
