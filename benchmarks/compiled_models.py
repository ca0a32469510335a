"""Compare loading a compiled model with loading its package, and time the parser of the text.

Run manually: `PYTHONPATH=tests/support python benchmarks/compiled_models.py [--rounds 7] PACKAGE...`. The compiled
folders are written from the packages. Each load is in a fresh process, in turns; medians of CPU time; imports are not
counted. The text is that of the first package, its operations repeated up to 30,000.
Promised: a load 1.2 times the package's or less, and 30,000 operations in under 1.5 s.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

from compiled_folders import save_compiled
from taking_turns import fresh, ours

from pytest_coreml.engine.server.coremltools_import import import_coremltools
from pytest_coreml.reference.format.mil.grammar import parse_program
from pytest_coreml.reference.lowering.ops import handlers

OPERATIONS = 30_000


def main() -> None:
    """Print a line for each package, and one for the text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, nargs="+", metavar="PACKAGE")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = [compare(package, Path(folder), arguments.rounds) for package in arguments.packages]
    times = [fresh(parse, repeated(texts[0])) for _ in range(arguments.rounds)]
    print(f"{OPERATIONS} operations of text: {statistics.median(times):.2f} s")


def compare(package: Path, folder: Path, rounds: int) -> str:
    """Print the medians of both loads and their ratio; return the text."""
    compiled = save_compiled(package, folder / f"{package.stem}.mlmodelc")
    rows = [(fresh(load, package), fresh(load, compiled)) for _ in range(rounds)]
    of_package, of_compiled = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = of_compiled / of_package
    print(f"{package.stem}: package {of_package:.0f} ms, compiled {of_compiled:.0f} ms: {ratio:.2f}", flush=True)
    return (compiled / "model.mil").read_text()


def load(path: Path) -> float:
    """Load once; return the CPU time in ms."""
    import_coremltools("reference", "fast")
    handlers()
    began = time.process_time()
    ours(path)
    return (time.process_time() - began) * 1e3


def repeated(text: str) -> str:
    """Return the text with its operations repeated, under other names."""
    head, first, body, end = re.fullmatch(r"(.*?\{\n)( +func [^\n]*\n)(.*)( +\} -> .*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    lines = body.splitlines()
    copies = -(-OPERATIONS // len(lines))
    again = [line.replace('>("', f'>("r{copy}_') for copy in range(copies) for line in lines]
    return head + first + "\n".join(again[:OPERATIONS]) + "\n" + end


def parse(text: str) -> float:
    """Parse once; return the CPU time in s."""
    began = time.process_time()
    parse_program(text, "model.mil")
    return time.process_time() - began


if __name__ == "__main__":
    main()
