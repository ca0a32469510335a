"""Start pytest with and without the installed plugin, alternating: what the plugin costs a run that does not use it.

Run by hand: `python benchmarks/startup.py [STARTS]`. Promised: a median within 5 ms.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Other people's plugins would only add their own noise to both sides.
OTHERS = ("benchmark", "cacheprovider", "hypothesispytest", "randomly", "rerunfailures", "xdist", "xdist.looponfail")
QUIET = ("-q", *(word for name in OTHERS for word in ("-p", f"no:{name}")))


def start(folder: Path, *options: str) -> tuple[float, float]:
    """Run the one test of *folder*; give wall time and CPU time, both in ms."""
    before, began = children_cpu(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", *QUIET, *options], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    return (time.perf_counter() - began) * 1e3, (children_cpu() - before) * 1e3


def children_cpu() -> float:
    """Give the seconds of CPU that ended children took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def medians_of(rows: list[tuple[float, float]]) -> list[float]:
    """Give the median of each column."""
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def main(starts: int) -> None:
    """Alternate, and print medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        sides: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
        for _ in range(starts + 1):
            sides["without"].append(start(folder, "-p", "no:coreml"))
            sides["with"].append(start(folder))
    # The first of each writes the caches of compiled modules.
    medians = {side: medians_of(rows[1:]) for side, rows in sides.items()}
    for side, (wall, cpu) in medians.items():
        print(f"{side:>8}: wall {wall:7.1f} ms, CPU {cpu:7.1f} ms")
    wall, cpu = (after - before for before, after in zip(medians["without"], medians["with"], strict=True))
    print(f"    more: wall {wall:7.1f} ms, CPU {cpu:7.1f} ms (medians of {starts} alternating starts)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
