"""Measure what starting an engine adds to a bare `import coremltools`, in separate processes, alternating.

Run manually: `PYTHONPATH=tests/support python benchmarks/engine_speed.py [--reference] [STARTS]`. Promised: less than
150 ms. Over the scripted Core ML, or over the reference runtime; both sides keep out the converters' packages (torch,
scikit-learn ...), as the engine does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from standin.install import environment
from standin.scenario import Scenario

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.server import coremltools_import

BARE = f"import sys; sys.modules.update(dict.fromkeys({coremltools_import._NOT_NEEDED!r})); import coremltools"


def bare() -> float:
    """Import coremltools; give the seconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def engine(runtime: str) -> float:
    """Start an engine until it answers; give the seconds."""
    made = Engine(runtime, 120.0)
    start = time.perf_counter()
    try:
        made.start()
        return time.perf_counter() - start
    finally:
        made.close()


def main(starts: int, runtime: str) -> None:
    """Alternate, and print medians."""
    pairs = [(bare(), engine(runtime)) for _ in range(starts + 1)][1:]
    ours = statistics.median(later - before for before, later in pairs) * 1e3
    imports = statistics.median(before for before, _ in pairs) * 1e3
    print(
        f"{runtime}: import coremltools {imports:.0f} ms, an engine {ours:+.0f} ms "
        f"(medians of {starts} alternating starts)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("starts", type=int, nargs="?", default=10)
    parser.add_argument("--reference", action="store_true", help="over the reference runtime")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.reference:
            scenario = Path(folder) / "scenario.json"
            Scenario().save(scenario)
            os.environ.update(environment(scenario))
        main(arguments.starts, "reference" if arguments.reference else "coreml")
