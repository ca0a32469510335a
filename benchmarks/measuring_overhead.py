"""Measure what `measure()` adds to a bare `session.run` loop over the same graph: interleaved medians, one thread.

Run manually: `python benchmarks/measuring_overhead.py [ROUNDS]`. Promised: within 2 % on a model of about 5 ms.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.protocol import Load, Measure
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

CALLS = 40
SIZE = 768


def save_model(folder: Path) -> Path:
    """Save a chain of matrix products that takes a few milliseconds."""
    weight = np.random.default_rng(0).standard_normal((SIZE, SIZE)).astype(np.float32) / SIZE**0.5

    @mb.program(input_specs=[mb.TensorSpec(shape=(64, SIZE))])
    def program(x):
        for _ in range(6):
            x = mb.relu(x=mb.linear(x=x, weight=weight))
        return mb.identity(x=x, name="y")

    path = folder / "Chain.mlpackage"
    options = {"convert_to": "mlprogram", "compute_precision": ct.precision.FLOAT32, "skip_model_load": True}
    ct.convert(program, **options).save(str(path))
    return path


def bare_median(function: executable.Executable, x: np.ndarray) -> float:
    """Run the session `CALLS` times; give the median in ms."""
    feeds = {function.lowered.inputs[0].value: x}
    names = [port.value for port in function.lowered.outputs]
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        function.session.run(names, feeds)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main(rounds: int) -> None:
    """Alternate, and print the median ratio."""
    x = np.random.default_rng(1).standard_normal((64, SIZE)).astype(np.float32)
    engine = Engine("reference", 120.0)
    with tempfile.TemporaryDirectory() as folder:
        path = save_model(Path(folder))
        package = open_package(path)
        function = executable.load(package, read_spec(package).mlProgram, "main", RuntimeOptions())
        try:
            engine.ask(Load(str(path), "all"))
            pairs = [(bare_median(function, x), engine.ask(Measure({"x": x}, CALLS)).median_ms) for _ in range(rounds)]
        finally:
            engine.close()
    bare, measured = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(theirs / ours for ours, theirs in pairs)
    print(f"bare {bare:.3f} ms, measure() {measured:.3f} ms, ratio {ratio:.3f} (median of {rounds} alternating rounds)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
