"""False alarms and power of this gate and of pytest-benchmark's, on latency traces made on the machine at hand.

Run by hand: `python benchmarks/gate_traces.py --runs 12`. Small networks run on the reference runtime, each run in a
process of its own, half of the runs beside processes that keep every core busy. A run is calm when at most 5 % of its
time was lost to others. A trial takes three runs for the baseline and three others for the present, into which a
change is put by scaling. All gates see the same trials: ours as finished reports through `pytest-coreml compare`,
pytest-benchmark's `--benchmark-compare-fail=FIELD:10%` through its own check, of one run with one saved run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_benchmark.utils import PercentageRegressionCheck

from pytest_coreml.cli import main as command
from pytest_coreml.engine import protocol
from pytest_coreml.engine.client import Engine
from pytest_coreml.record import Record
from pytest_coreml.report.build import build_report
from pytest_coreml.report.write import write_report
from pytest_coreml.verdict.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.measurement import Measurement

    Change = Callable[[Measurement], Measurement]

# Width and number of layers.
NETWORKS = {"tiny": (256, 2), "small": (1024, 4), "medium": (2048, 5)}
MACHINE = {"chip": None, "os": {"name": "any", "version": None}, "python": "3", "coremltools": None, "runtime": None}
FIELDS: dict[str, Callable[[tuple[float, ...]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
}


def save_network(width: int, layers: int, path: Path) -> None:
    """Save a perceptron in single precision."""
    import coremltools as ct
    import numpy as np
    from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)

    rng = np.random.default_rng(0)

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, width))])
    def program(x: Any) -> Any:
        for _ in range(layers):
            weight = rng.standard_normal((width, width)).astype(np.float32) / width
            x = mb.relu(x=mb.linear(x=x, weight=weight, bias=np.zeros(width, np.float32)))
        return x

    target, precision = ct.target.iOS17, ct.precision.FLOAT32
    ct.convert(
        program, convert_to="mlprogram", minimum_deployment_target=target, compute_precision=precision,
        skip_model_load=True,
    ).save(str(path))  # fmt: skip


def trace(path: Path, calls: int) -> Measurement:
    """Measure once, in a new process."""
    engine = Engine("reference", 600)
    try:
        engine.ask(protocol.Load(str(path), "all"))
        return engine.ask(protocol.Measure(None, calls))
    finally:
        engine.close()


@contextlib.contextmanager
def busy_machine() -> Iterator[None]:
    """Keep every core busy meanwhile."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def scaled(factor: float, every: int = 1) -> Change:
    """Make a change: every *every*-th call takes *factor* times as long, and waits as long as it did."""

    def change(run: Measurement) -> Measurement:
        def scale(times: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(ms * factor if i % every == every - 1 else ms for i, ms in enumerate(times))

        wait = scale(run.wait_ms) if run.wait_ms is not None else None
        return replace(run, native_ms=scale(run.native_ms), wall_ms=scale(run.wall_ms), wait_ms=wait)

    return change


CHANGES = {"same": scaled(1.0), "+10 %": scaled(1.1), "tail": scaled(2.0, 10), "-10 %": scaled(0.9)}


def our_verdict(folder: Path, baseline: list[Measurement], current: list[Measurement]) -> str:
    """Judge finished reports by the command."""
    paths = [_write(folder / f"{number}.json", run) for number, run in enumerate([*baseline, *current])]
    with contextlib.redirect_stdout(io.StringIO()):
        status = command(["compare", *paths[: len(baseline)], "--current", *paths[len(baseline) :]])
    return {0: "ok", 1: "fail", 3: "?"}[status]


def _write(path: Path, run: Measurement) -> str:
    record = Record("t.py::t[all]", "0" * 64, "m", "all", None, "reference", predict=run)
    write_report(build_report([record], [], MACHINE), path)
    return str(path)


def their_verdict(field: str, saved: Measurement, current: Measurement) -> str:
    """Judge as `--benchmark-compare-fail=FIELD:10%` does."""
    now, before = ({field: FIELDS[field](run.native_ms)} for run in (current, saved))
    return "fail" if PercentageRegressionCheck(field, 10).fails(now, before) else "ok"


def trials(calm: list[Measurement], busy: list[Measurement], count: int) -> Iterator[tuple[str, list[Measurement]]]:
    """Give the six runs of each trial, in three conditions of the machine, where there are enough runs."""
    rng = random.Random(1)
    for _ in range(count):
        if len(calm) >= 6:
            yield "calm", rng.sample(calm, 6)
        if len(busy) >= 6:
            yield "busy", rng.sample(busy, 6)
        if min(len(calm), len(busy)) >= 3:
            yield "calm, then busy", [*rng.sample(calm, 3), *rng.sample(busy, 3)]


def count_verdicts(runs: list[Measurement], count: int, seen: Counter[tuple[str, str, str, str]]) -> None:
    """Add the verdicts of all gates on trials with *runs* of one network to *seen*."""
    calm = [run for run in runs if Run(MACHINE, run).calm]
    busy = [run for run in runs if not Run(MACHINE, run).calm]
    with tempfile.TemporaryDirectory() as folder:
        for condition, chosen in trials(calm, busy, count):
            for name, change in CHANGES.items():
                baseline, current = chosen[:3], [change(run) for run in chosen[3:]]
                seen["pytest-coreml", condition, name, our_verdict(Path(folder), baseline, current)] += 1
                for field in FIELDS:
                    gate = f"pytest-benchmark {field}:10%"
                    seen[gate, condition, name, their_verdict(field, baseline[-1], current[0])] += 1


def table(seen: Counter[tuple[str, str, str, str]]) -> Iterator[str]:
    """Give a Markdown table: % of trials that failed, ?: that could not be told."""
    yield f"| gate | machine | {' | '.join(CHANGES)} | trials |"
    yield f"| --- | --- |{' ---: |' * (len(CHANGES) + 1)}"
    for gate, condition in dict.fromkeys((gate, condition) for gate, condition, _, _ in seen):
        total = sum(seen[gate, condition, "same", verdict] for verdict in ("ok", "fail", "?"))
        cells = []
        for name in CHANGES:
            failed, unsure = (100 * seen[gate, condition, name, verdict] / total for verdict in ("fail", "?"))
            cells.append(f"{failed:.0f}" + (f" ?{unsure:.0f}" if unsure else ""))
        yield f"| {gate} | {condition} | {' | '.join(cells)} | {total} |"


def main() -> None:
    """Make traces, judge, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=24, help="of each network; half of them beside busy processes")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--trials", type=int, default=50, help="of each network in each condition")
    arguments = parser.parse_args()
    seen: Counter[tuple[str, str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, (width, layers) in NETWORKS.items():
            path = Path(folder) / f"{name}.mlpackage"
            save_network(width, layers, path)
            runs = [trace(path, arguments.calls) for _ in range(arguments.runs // 2)]
            with busy_machine():
                runs += [trace(path, arguments.calls) for _ in range(arguments.runs // 2)]
            calm = sum(bool(Run(MACHINE, run).calm) for run in runs)
            typical = statistics.median(run.median_ms for run in runs)
            print(f"{name}: {typical:.3g} ms, {calm} of {len(runs)} runs calm", file=sys.stderr)
            count_verdicts(runs, arguments.trials, seen)
    print("\n".join(table(seen)))


if __name__ == "__main__":
    main()
