"""Compare the reference runtime with the same torch network exported to ONNX: CPU time of a load, and peak memory.

Run manually: `python benchmarks/load_cost.py --models FOLDER [--rounds 5] [NETWORK ...]`; `network_files.py` says how
the folder is filled. Each load is in a fresh process, all in turns; medians. Imports are not counted; memory is what
the peak of resident memory grows by over the load and one prediction. `control` is the export once more.
Promised: CPU time 1.0 or less for weights over 50 MB, for others 1.3 (fp32) and 1.5 (fp16); memory 1.0 or less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from network_files import NAMES, PRECISIONS, NetworkFiles, add_arguments
from taking_turns import fresh, native, ours

from pytest_coreml.engine.server.coremltools_import import import_coremltools
from pytest_coreml.engine.server.memory import PeakMemory
from pytest_coreml.reference.lowering.ops import handlers

if TYPE_CHECKING:
    from pathlib import Path

    from taking_turns import Arrays


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.networks or NAMES:
        files = NetworkFiles(arguments.models, name)
        paths = {"native": files.native(), "control": files.native()}
        paths.update((precision, files.package(precision)) for precision in PRECISIONS)
        costs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in paths}
        for _ in range(arguments.rounds):
            for kind, path in paths.items():
                costs[kind].append(fresh(cost, path, files.inputs()))
        show(name, costs)


def cost(path: Path, inputs: Arrays) -> tuple[float, float]:
    """Load once and predict once; give the CPU time of the load in ms, and the growth of the peak in MB."""
    import_coremltools("reference", "fast")
    handlers()
    memory, began = PeakMemory(), time.process_time()
    if path.suffix == ".onnx":
        session = native(path)
        taken = time.process_time() - began
        session.run(None, inputs)
    else:
        function = ours(path)
        taken = time.process_time() - began
        function.run(inputs)
    return taken * 1e3, memory.growth_bytes() / 1e6


def show(name: str, costs: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians, and their ratios to the export's."""
    medians = {kind: [statistics.median(column) for column in zip(*rows, strict=True)] for kind, rows in costs.items()}
    base_ms, base_mb = medians["native"]
    for kind, (ms, mb) in medians.items():
        print(f"{name:12} {kind:8} {ms:8.1f} ms: {ms / base_ms:.2f}  {mb:8.1f} MB: {mb / base_mb:.2f}", flush=True)


if __name__ == "__main__":
    main()
