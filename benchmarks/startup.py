"""Start pytest with and without the installed plugin, alternating: what the plugin costs a run that does not use it.

Run manually: `python benchmarks/startup.py [STARTS]`. Promised: a median within 5 ms. The best of
many starts is steadier where the machine's clock rate moves.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Other people's plugins would only add their own noise to both sides.
OTHERS = ("benchmark", "cacheprovider", "hypothesispytest", "randomly", "rerunfailures", "xdist", "xdist.looponfail")
# Where compiled modules are not kept, each start would compile ours and the tests, but not pytest's.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
FIGURES: dict[str, Callable[[list[float]], float]] = {"median": statistics.median, "best": min}
QUIET = ("-q", *(word for name in OTHERS for word in ("-p", f"no:{name}")))


def start(folder: Path, *options: str) -> tuple[float, float]:
    """Run the one test of *folder*; give wall time and CPU time, both in ms."""
    before, began = children_cpu(), time.perf_counter()
    command = [sys.executable, "-m", "pytest", *QUIET, *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return (time.perf_counter() - began) * 1e3, (children_cpu() - before) * 1e3


def children_cpu() -> float:
    """Return the seconds of CPU that ended children took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def columns_of(rows: list[tuple[float, float]]) -> dict[str, list[float]]:
    """Return wall times and CPU times; the first row is left out, since it wrote the caches of compiled modules."""
    return dict(zip(("wall", "CPU"), map(list, zip(*rows[1:], strict=True)), strict=True))


def main(starts: int) -> None:
    """Alternate, and print medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        sides: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
        for _ in range(starts + 1):
            sides["without"].append(start(folder, "-p", "no:coreml"))
            sides["with"].append(start(folder))
    without, with_us = columns_of(sides["without"]), columns_of(sides["with"])
    for clock in without:
        print(
            clock, *(f"{name} {line(function, without[clock], with_us[clock])}" for name, function in FIGURES.items())
        )


def line(figure: Callable[[list[float]], float], without: list[float], with_us: list[float]) -> str:
    """Return one figure of both sides, and the difference."""
    before, after = figure(without), figure(with_us)
    return f"{before:.1f} -> {after:.1f} ms ({after - before:+.1f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
