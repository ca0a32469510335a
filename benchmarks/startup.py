"""Start pytest in an environment with the plugin and in one without, alternating: the cost for runs without models.

Run manually: `python benchmarks/startup.py [STARTS] [PACKAGE...]`, by each Python of interest, which needs a package
index; PACKAGE is installed in both environments, such as pytest-benchmark. Promised: a median within 5 ms.

The clock rate of many machines moves by tens of percent. Each start with the plugin therefore stands between two
without, and counts only if these two agree.

The plugin is installed from the clone by `pip install`, with all that it needs, as a user installs it: at each start
pytest goes through all files of a distribution with a plugin, also with `-p no:coreml`, and an editable installation
has few of them. The environment without the plugin is made in the same way, and the plugin is removed.
"""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

# Two starts without the plugin, relative to each other.
AGREEMENT = 0.02
REPOSITORY = Path(__file__).resolve().parents[1]
# Where compiled modules are not kept, each start would compile ours and the tests, but not pytest's.
LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}


def make_environment(folder: Path, packages: list[str]) -> str:
    """Install the plugin and *packages*; return the path of the environment's Python."""
    venv.create(folder)
    python = str(folder / "bin" / "python")
    run_pip(python, "install", "-q", *packages, str(REPOSITORY))
    return python


def run_pip(python: str, *arguments: str) -> None:
    """Run pip for the environment of *python*."""
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *arguments], check=True)


def start(python: str, folder: Path) -> tuple[float, float]:
    """Run the one test of *folder*; return wall time and CPU time, both in ms."""
    before, began = children_cpu(), time.perf_counter()
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return (time.perf_counter() - began) * 1e3, (children_cpu() - before) * 1e3


def children_cpu() -> float:
    """Return the seconds of CPU that ended children took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def alternate(pythons: dict[str, str], folder: Path, starts: int) -> dict[str, list[tuple[float, float]]]:
    """Return the times of *starts* with the plugin, and of those before, between and after them without."""
    rows: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    for _ in range(starts):
        for side in ("without", "with"):
            rows[side].append(start(pythons[side], folder))
    rows["without"].append(start(pythons["without"], folder))
    return rows


def difference(without: list[float], with_us: list[float]) -> str:
    """Return the median difference of a start from those around it, with its 95 % interval by order statistics."""
    around = list(zip(without, without[1:], with_us, strict=False))
    steady = [triple for triple in around if abs(triple[0] / triple[1] - 1) <= AGREEMENT]
    if not steady:
        return f"no two of {len(without)} starts without the plugin, one after the other, agree; try an idle machine"
    differences = sorted(ours - (before + after) / 2 for before, after, ours in steady)
    middle, reach = len(differences) / 2, 1.96 * math.sqrt(len(differences)) / 2
    low, high = differences[max(0, int(middle - reach))], differences[min(len(differences) - 1, int(middle + reach))]
    alone = statistics.median(before for before, _, _ in steady)
    best = f"best {min(without):.1f} -> {min(with_us):.1f} ms"
    found = f"{statistics.median(differences):+.1f} ms [{low:+.1f}, {high:+.1f}] to {alone:.1f} ms"
    return f"{found}, by {len(steady)} of {len(with_us)} starts; {best}"


def main(starts: int, packages: list[str]) -> None:
    """Alternate, and print the differences of wall time and of CPU time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "project"
        project.mkdir()
        (project / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        pythons = {side: make_environment(folder / side, packages) for side in ("without", "with")}
        run_pip(pythons["without"], "uninstall", "-q", "-y", "pytest-coreml", "pytest-coreml-library")
        # These write the caches of compiled modules.
        alternate(pythons, project, 1)
        rows = alternate(pythons, project, starts)
    for index, clock in enumerate(("wall", "CPU")):
        print(clock, difference(*([row[index] for row in rows[side]] for side in ("without", "with"))))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
