"""Measure importing a performance report of Xcode of about a megabyte.

Run manually: `PYTHONPATH=tests/support python benchmarks/import_speed.py [--rounds 7]`. The report has 230 operations
with a usage, four constants and an argument each beside them, and the line breaks of an export, as published ones have.
Each time in a fresh process: from the path to the facts, without and with the imports of the package; and the whole
command, which also checks the report by the schema and writes it, its wall time and its CPU time. Promised: 0.5 s for
the command.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from compare_speed import timed
from device_files import conv_and_relu, operation, xcode_report
from taking_turns import fresh


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder))
        rows = [fresh(import_once, path) for _ in range(rounds)]
        commands = [command(path) for _ in range(rounds)]
    facts, imports, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
    wall, whole = (statistics.median(column) for column in zip(*commands, strict=True))
    print(f"facts {facts:.0f} ms, {cpu:.0f} of CPU; with imports {imports:.0f} ms")
    print(f"the command {wall:.0f} ms, {whole:.0f} of CPU")


def write(folder: Path) -> Path:
    """Write the report; return its path."""
    argument = {"bindings": [{"name": {"_0": "a_name_as_long_as_converters_make_them"}}]}
    operations = []
    for each in conv_and_relu(200, 30):
        operations += [operation("const", f"{each['outputs'][0]['name']}_{number}", None) for number in range(4)]
        operations.append({**each, "inputs": dict.fromkeys(("x", "weight", "bias", "pad", "strides"), argument)})
    path = folder / "report.json"
    path.write_text(json.dumps(xcode_report(operations), indent=2))
    print(f"{path.stat().st_size / 1e6:.2f} MB, {len(operations)} operations")
    return path


def import_once(path: Path) -> tuple[float, float, float]:
    """Import twice, the first time with the imports; return ms of the second and the first, and CPU of the second."""
    begin = time.perf_counter()
    from pytest_coreml.device_reports.find_importers import import_results

    import_results([path])
    wall, cpu = time.perf_counter(), time.process_time()
    import_results([path])
    return (time.perf_counter() - wall) * 1e3, (wall - begin) * 1e3, (time.process_time() - cpu) * 1e3


def command(path: Path) -> tuple[float, float]:
    """Run the whole command; return its wall time and its CPU time in ms."""
    words = [sys.executable, "-m", "pytest_coreml", "import", str(path), f"--output={path.parent / 'r.json'}"]
    wall, cpu, _ = timed(words)
    return wall * 1e3, cpu * 1e3


if __name__ == "__main__":
    main()
