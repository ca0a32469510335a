"""Collect 5,000 Core ML tests, and the same tests without markers, alternating: what reading the markers adds.

Run manually: `python benchmarks/collection.py [ROUNDS]`. Promised: less than 25 %, for a few tests with many parameters
as for many tests with few.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from startup import ENVIRONMENT

UNITS = ("all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine")
TEST = """
{marks}
@pytest.mark.parametrize("size", range({sizes}))
def test_{number}({model}, size):
    pass
"""
MARKS = f"""
@pytest.mark.coreml_model("Encoder.mlpackage")
@pytest.mark.coreml_compute_units{UNITS}
@pytest.mark.coreml_budget(predict_ms=25, load_ms=400)
@pytest.mark.coreml_placement(forbid="gpu")
"""
PLAIN = f'@pytest.mark.parametrize("model", {UNITS})'
# How many tests, each on four compute units, of how many sizes: 5,000 in all.
SHAPES = {"50 tests of 100 instances": (50, 25), "1250 tests of 4 instances": (1250, 1)}


def write(path: Path, tests: int, sizes: int, marked: bool) -> Path:
    """Write a file of tests."""
    marks, model = (MARKS, "coreml_model") if marked else (PLAIN, "model")
    each = [TEST.format(marks=marks, model=model, number=number, sizes=sizes) for number in range(tests)]
    path.write_text("import pytest\n" + "".join(each))
    return path


def collect(path: Path) -> float:
    """Collect the tests of *path*; give the seconds, with pytest's start."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    start = time.perf_counter()
    subprocess.run([*command, path.name], cwd=path.parent, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


def compare(plain: Path, marked: Path, rounds: int) -> str:
    """Collect both files interleaved; return the medians, and that of the ratios."""
    # The first of them writes the caches of compiled modules.
    pairs = [(collect(plain), collect(marked)) for _ in range(rounds + 1)][1:]
    before, after = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(after / before for before, after in pairs)
    return f"{before:.2f} -> {after:.2f} s, {100 * (ratio - 1):+.0f} % ({rounds} alternating rounds)"


def main(rounds: int) -> None:
    """Alternate, and print the medians."""
    with tempfile.TemporaryDirectory() as name:
        for shape, (tests, sizes) in SHAPES.items():
            plain = write(Path(name, f"test_plain_{tests}.py"), tests, sizes, marked=False)
            marked = write(Path(name, f"test_marked_{tests}.py"), tests, sizes, marked=True)
            print(f"{shape}: {compare(plain, marked, rounds)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
