"""Measure what reading a plan of 5,000 operations takes beyond the native calls, over the stand-in.

Run manually: `PYTHONPATH=tests/support python benchmarks/plan_speed.py`. Promised: under 0.5 s. In 10,000 operations
every other one is a constant. The time of each call into the (scripted) native module is taken off.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import standin_models
from standin.install import install
from standin.scenario import Scenario

OPERATIONS = 5_000


class NativeClock:
    """Adds up the time spent in native calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, owner: Any, name: str) -> None:
        """Time every call of the function *name* of *owner*."""
        is_static = isinstance(vars(owner)[name], staticmethod)
        original = getattr(owner, name)

        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*arguments)
            finally:
                self.seconds += time.perf_counter() - start

        setattr(owner, name, staticmethod(timed) if is_static else timed)


def main() -> None:
    """Print the median of five readings."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        scenario = Path(folder) / "scenario.json"
        Scenario().save(scenario)
        install(scenario)
        from coremltools.models.utils import compile_model
        from standin.model import _MLModelProxy
        from standin.plan import _MLComputePlanProxy

        from pytest_coreml.engine.server.plan import read_plan

        package = standin_models.save(standin_models.program_spec(OPERATIONS), Path(folder) / "Model.mlpackage")
        compiled = str(compile_model(str(package), str(Path(folder) / "Model.mlmodelc")))
        clock = NativeClock()
        clock.watch(_MLModelProxy, "get_compute_plan")
        for name in vars(_MLComputePlanProxy).copy():
            if name.startswith("get_"):
                clock.watch(_MLComputePlanProxy, name)
        ours = []
        for _ in range(5):
            clock.seconds = 0.0
            start = time.perf_counter()
            placement = read_plan(compiled, "all", "main")
            ours.append(time.perf_counter() - start - clock.seconds)
        assert len(placement.placed) == OPERATIONS
        print(f"{len(placement.ops)} rows, {len(placement.placed)} placed: {statistics.median(ours):.3f} s of our own")


if __name__ == "__main__":
    main()
