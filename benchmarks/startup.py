"""Start pytest in an environment with the plugin and in one without, alternating: the cost for runs without models.

Run manually: `python benchmarks/startup.py [STARTS] [PACKAGE...]`, by each Python of interest, which needs a package
index; PACKAGE is installed in both environments, such as pytest-benchmark. Promised: a median within 5 ms. The best of
many starts is steadier where the machine's clock rate moves.

The plugin is installed from the clone by `pip install`, with all that it needs, as a user installs it: at each start
pytest goes through all files of a distribution with a plugin, also with `-p no:coreml`, and an editable installation
has few of them. The environment without the plugin is made in the same way, and the plugin is removed.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).resolve().parents[1]
# Where compiled modules are not kept, each start would compile ours and the tests, but not pytest's.
LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
FIGURES: dict[str, Callable[[list[float]], float]] = {"median": statistics.median, "best": min}


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


def columns_of(rows: list[tuple[float, float]]) -> dict[str, list[float]]:
    """Return wall times and CPU times; the first row is left out, since it wrote the caches of compiled modules."""
    return dict(zip(("wall", "CPU"), map(list, zip(*rows[1:], strict=True)), strict=True))


def main(starts: int, packages: list[str]) -> None:
    """Alternate, and print medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Path(folder, "project").mkdir()
        Path(folder, "project", "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        pythons = {side: make_environment(folder / side, packages) for side in ("without", "with")}
        run_pip(pythons["without"], "uninstall", "-q", "-y", "pytest-coreml", "pytest-coreml-library")
        sides: dict[str, list[tuple[float, float]]] = {side: [] for side in pythons}
        for _ in range(starts + 1):
            for side, python in pythons.items():
                sides[side].append(start(python, folder / "project"))
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:])
