"""Start pytest in an environment with the plugin and in one without, alternating: the cost for runs without models.

Run manually: `python benchmarks/startup.py [STARTS] [PACKAGE...]`, by each Python of interest, which needs a package
index; PACKAGE is installed in both environments, such as pytest-benchmark. Promised: a median within 5 ms. Where the
clock rate moves, the interval of the median is wide: it takes several hundred starts, and the best ones are steadier.

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
    """Return the times of *starts* for each side; which side is first alternates too."""
    rows: dict[str, list[tuple[float, float]]] = {side: [] for side in pythons}
    for index in range(starts):
        for side in sorted(pythons, reverse=index % 2 == 1):
            rows[side].append(start(pythons[side], folder))
    return rows


def difference(without: list[float], with_us: list[float]) -> str:
    """Return the median of the differences within pairs and its 95 % interval, by order statistics, and the best."""
    differences = sorted(after - before for before, after in zip(without, with_us, strict=True))
    middle, reach = len(differences) / 2, 1.96 * math.sqrt(len(differences)) / 2
    low, high = differences[max(0, int(middle - reach))], differences[min(len(differences) - 1, int(middle + reach))]
    medians = f"{statistics.median(without):.1f} -> {statistics.median(with_us):.1f} ms"
    best = f"{min(without):.1f} -> {min(with_us):.1f} ms ({min(with_us) - min(without):+.1f})"
    return f"median {medians}, pairs {statistics.median(differences):+.1f} [{low:+.1f}, {high:+.1f}]; best {best}"


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
