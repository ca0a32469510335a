"""Run coremltools' own tests on the reference runtime, and print how many of the numeric cases pass.

    python tests/conformance/run.py                             # all operations of MIL
    python tests/conformance/run.py -k test_conv iOS14/test_conv
    python tests/conformance/run.py --suite torch --sample 20   # each 20th case of the PyTorch front end; needs torch
    python tests/conformance/run.py --suite networks            # layers of neural networks
    python tests/conformance/run.py --suite network-ops         # operations of MIL, converted to neural networks
    python tests/conformance/run.py --suite classic             # trees, vectors, features; needs scikit-learn 1.5.1
    python tests/conformance/run.py --failures iOS17            # list what failed, with the reason

A case counts when it predicts, or fails with an error of the runtime. Cases that fail before, in the conversion or for
a package that is missing, are shown as `unreached`. Cases that no CPU runtime can pass are in `impossible.txt`, with
the reason and how far their numbers may differ; they are shown in a separate column, and in the second
percentage, which is over all cases that count. Each file runs in a separate process; a crash or a hang is a failed
case.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import math
import multiprocessing
import multiprocessing.context
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SUITES = {
    "ops": ("converters/mil/mil/ops/tests",),
    "torch": ("converters/mil/frontend/torch/test",),
    "networks": ("test/neural_network",),
    "network-ops": ("converters/mil/mil/ops/tests",),
    "network-torch": ("converters/mil/frontend/torch/test",),
    "models": (
        "converters/mil/test_inputs_outputs_shape.py",
        "converters/mil/mil/tests/test_programs.py",
        "converters/mil/mil/passes/tests",
        "converters/mil/backend/mil",
        "converters/mil/frontend/milproto",
        "test/ml_program",
        "test/api/test_api_examples.py",
        "test/modelpackage",
        "test/pipeline",
        "test/optimize/coreml",
        "optimize/coreml/experimental",
    ),
    "classic": ("test/sklearn_tests", "test/xgboost_tests", "test/pipeline"),
}
COLUMNS = ("passed", "failed", "refused", "crashed", "impossible", "unreached")


def main() -> int:
    """Run the chosen files; return 1 if a case failed that is not listed as impossible."""
    arguments = _parse()
    package = _coremltools()
    impossible = _read_impossible()
    results = []
    for file in _files(package, arguments.suite, arguments.files):
        result = File(file.relative_to(package).as_posix())
        result.run(file, arguments)
        result.sort_out(impossible)
        results.append(result)
        result.record(arguments.record)
        print(result.line(), flush=True)
        if arguments.failures:
            print(*result.failures(*COLUMNS[1:4]), sep="\n", flush=True)
        if arguments.unreached:
            print(*result.failures("unreached"), sep="\n", flush=True)
    total = File("total", sum((result.counts for result in results), Counter()))
    print(total.line())
    return 1 if total.bad else 0


@dataclass(frozen=True)
class Impossible:
    """A line of `impossible.txt`: a pattern of cases, and their allowed error as a share of the largest number."""

    pattern: re.Pattern[str]
    limit: float

    def covers(self, name: str, off: float | None) -> bool:
        """Return True if a failed case is listed as impossible and is within the error allowed for it."""
        return self.pattern.search(name) is not None and (math.isinf(self.limit) or (off or math.inf) <= self.limit)


@dataclass
class File:
    """The outcomes of the cases of one file of tests."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, path: Path, arguments: argparse.Namespace) -> None:
        """Run the cases of *path*, and after a crash the remaining ones."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            log, done = Path(folder, "log"), Path(folder, "done")
            log.touch()
            while True:
                done.write_text("\n".join(self.cases))
                _pytest(path, arguments, log, done, folder)
                unfinished = self._read(log)
                if unfinished is None:
                    return
                text = "the process ended, or the case took too long"
                self.cases[unfinished] = {"id": unfinished, "outcome": "crashed", "counts": True, "text": text}
                log.write_text("")

    def _read(self, log: Path) -> str | None:
        """Read the lines of a log; return the case that began and did not end."""
        unfinished = None
        for line in map(json.loads, log.read_text().splitlines()):
            if "begins" in line:
                unfinished = line["id"]
            else:
                unfinished = None
                self.cases[line["id"]] = line
        return unfinished

    def sort_out(self, impossible: list[Impossible]) -> None:
        """Count the outcomes of the cases that count."""
        # pytest writes ids from its root on, which may be the folder of the file: the folder tells the opset.
        folder = self.name.rpartition("/")[0]
        for name, case in self.cases.items():
            if case["outcome"] == "skipped" or (case["outcome"] == "passed" and not case["counts"]):
                continue
            if not case["counts"]:
                case["outcome"] = "unreached"
            elif case["outcome"] == "failed" and any(
                known.covers(f"{folder}/{name}", case["off"]) for known in impossible
            ):
                case["outcome"] = "impossible"
            self.counts[case["outcome"]] += 1

    def record(self, path: Path | None) -> None:
        """Append every case to a file of JSON lines."""
        if path is not None:
            with path.open("a") as file:
                file.writelines(json.dumps({"file": self.name, **case}) + "\n" for case in self.cases.values())

    @property
    def bad(self) -> int:
        """The number of cases that should have passed."""
        return self.counts["failed"] + self.counts["refused"] + self.counts["crashed"]

    def line(self) -> str:
        """Return the line of the table."""
        judged = self.counts["passed"] + self.bad
        words = " ".join(f"{name} {self.counts[name]:5}" for name in COLUMNS)
        return f"{self._percent(judged)} {self._percent(judged + self.counts['impossible'])}  {words}  {self.name}"

    def _percent(self, cases: int) -> str:
        return f"{100 * self.counts['passed'] / cases:6.2f} %" if cases else "   none "

    def failures(self, *outcomes: str) -> list[str]:
        """Return a line for each case that ended in one of these ways."""
        bad = [case for case in self.cases.values() if case["outcome"] in outcomes]
        return [f"    {case['outcome']} {case['id'].rpartition('/')[2]}: {case['text'][:300]}" for case in bad]


def _pytest(path: Path, arguments: argparse.Namespace, log: Path, done: Path, folder: str) -> None:
    environment = {
        "CONFORMANCE_LOG": str(log),
        "CONFORMANCE_DONE": str(done),
        "CONFORMANCE_SAMPLE": str(arguments.sample),
        "CONFORMANCE_BACKEND": "neuralnetwork" if arguments.suite.startswith("network") else "mlprogram",
        "CONFORMANCE_OFFSET": str(arguments.offset % arguments.sample),
        "RUN_BACKWARD_COMPATIBILITY": "1" if arguments.all_opsets else "0",
        "TMPDIR": folder,
    }
    command = ["-c", str(HERE / "pytest.ini"), f"--rootdir={path.parent}", str(path)]
    command += [f"--coreml-precision={arguments.precision}", *(["-k", arguments.k] if arguments.k else [])]
    child = _context().Process(target=_in_child, args=(command, environment, folder))
    child.start()
    child.join()
    output = Path(folder, "output").read_text(errors="replace")
    if arguments.verbose:
        print(output)
    elif child.exitcode in (2, 3, 4):  # nothing was collected, or could be
        print(f"{path}: {output[-2000:]}", file=sys.stderr)


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    """Return a context of processes that start with coremltools imported, which takes ten seconds with torch."""
    # The networks are small: threads would only wait for each other.
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["coremltools", "pytest"])
    return context


def _in_child(command: list[str], environment: dict[str, str], folder: str) -> None:
    os.environ.update(environment)
    tempfile.tempdir = None  # asked for again
    os.chdir(folder)
    output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.path.insert(0, str(HERE))
    sys.exit(int(pytest.main(command)))


def _coremltools() -> Path:
    spec = importlib.util.find_spec("coremltools")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("coremltools is not installed")
    return Path(spec.submodule_search_locations[0])


def _files(package: Path, suite: str, wanted: list[str]) -> list[Path]:
    """Return the files of a suite whose path contains one of the words."""
    places = [package / place for place in SUITES[suite]]
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("test_*.py")))]
    return [file for file in files if not wanted or any(word in file.as_posix() for word in wanted)]


def _read_impossible() -> list[Impossible]:
    lines = [line for line in (HERE / "impossible.txt").read_text().splitlines() if line and not line.startswith("#")]
    parts = [line.split(" :: ") for line in lines]
    return [Impossible(re.compile(pattern), float(limit)) for pattern, limit, _ in parts]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="only files with one of these words in their path")
    parser.add_argument("--suite", choices=SUITES, default="ops")
    parser.add_argument("-k", help="pytest's -k")
    parser.add_argument("--sample", type=int, default=1, help="run each n-th case of a test only")
    parser.add_argument("--offset", type=int, default=0, help="where in each test the sample begins")
    parser.add_argument("--all-opsets", action="store_true", help="every opset from the first that fits on")
    parser.add_argument("--precision", choices=("fast", "strict"), default="fast")
    parser.add_argument("--failures", action="store_true", help="list what did not pass")
    parser.add_argument("--unreached", action="store_true", help="list what failed before it reached the runtime")
    parser.add_argument("--record", type=Path, help="append a line of JSON for each case to this file")
    parser.add_argument("--verbose", action="store_true", help="show what pytest writes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
