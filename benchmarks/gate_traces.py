"""False alarms and power of this gate and of pytest-benchmark's, on latency traces made on the machine at hand.

Run by hand: `python benchmarks/gate_traces.py --save traces.json`, and `--load traces.json` to judge the same traces
again. Small networks run on the reference runtime, each run in a process of its own, half of the runs beside processes
that keep every core busy: these are the busy ones. Of the others those are calm that lost at most 5 % of their time to
processes that nobody asked for; the rest is not used. A trial takes three runs for the baseline and three others for
the present, into which a change is put by scaling. All gates see the same trials: ours as finished reports through
`pytest-coreml compare`, pytest-benchmark's `--benchmark-compare-fail=FIELD:10%` through its own check, of one run with
one saved run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_benchmark.utils import PercentageRegressionCheck

from pytest_coreml.cli import main as command
from pytest_coreml.engine import protocol
from pytest_coreml.engine.client import Engine
from pytest_coreml.record import Record
from pytest_coreml.report.build import build_report
from pytest_coreml.report.decode import decode_measurement
from pytest_coreml.report.encode import encode_measurement
from pytest_coreml.report.write import write_report
from pytest_coreml.verdict.regression import SURE_FROM_MS
from pytest_coreml.verdict.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.measurement import Measurement

    Change = Callable[[Measurement], Measurement]
    # Gate, length of calls, condition, change, verdict.
    Seen = Counter[tuple[str, str, str, str, str]]

# Width and number of layers.
NETWORKS = {"tiny": (256, 2), "small": (1024, 8), "medium": (2048, 5), "large": (3072, 6)}
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
    # Each in a session of its own: Linux shares the cores out between sessions, so that those of one session would all
    # be put on one core, and leave the other one free.
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin, start_new_session=True) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@dataclass
class Traces:
    """The runs of one network, by what else ran."""

    alone: list[Measurement] = field(default_factory=list)
    busy: list[Measurement] = field(default_factory=list)

    @property
    def calm(self) -> list[Measurement]:
        """Those made alone that nobody disturbed."""
        return [run for run in self.alone if Run(MACHINE, run).calm]

    @property
    def size(self) -> str:
        """The word for how long a call is: batched ones are another matter."""
        typical = statistics.median(run.p10_ms for run in self.calm or self.alone)
        return "1 ms and more" if typical >= SURE_FROM_MS else "under 1 ms"


def record(path: Path, wanted: int, calls: int, most: int) -> Traces:
    """Make *wanted* calm runs in at most *most*, and as many beside busy processes."""
    traces = Traces()
    while len(traces.calm) < wanted and len(traces.alone) < most:
        traces.alone.append(trace(path, calls))
    with busy_machine():
        traces.busy += [trace(path, calls) for _ in range(wanted)]
    return traces


def record_all(arguments: argparse.Namespace) -> dict[str, Traces]:
    """Make the runs of every network."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (width, layers) in NETWORKS.items():
            path = Path(folder) / f"{name}.mlpackage"
            save_network(width, layers, path)
            made[name] = record(path, arguments.runs, arguments.calls, 4 * arguments.runs)
    return made


def save(traces: dict[str, Traces], path: Path) -> None:
    """Write traces to a file."""
    document = {
        name: {part: [encode_measurement(run) for run in getattr(runs, part)] for part in ("alone", "busy")}
        for name, runs in traces.items()
    }
    path.write_text(json.dumps(document), encoding="utf-8")


def load(path: Path) -> dict[str, Traces]:
    """Read what `save` has written."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Traces(**{part: [decode_measurement(run) for run in runs] for part, runs in parts.items()})
        for name, parts in document.items()
    }


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


def trials(traces: Traces, count: int) -> Iterator[tuple[str, list[Measurement]]]:
    """Give the six runs of each trial, in three conditions of the machine, where there are enough runs."""
    rng = random.Random(1)
    calm, busy = traces.calm, traces.busy
    for _ in range(count):
        if len(calm) >= 6:
            yield "calm", rng.sample(calm, 6)
        if len(busy) >= 6:
            yield "busy", rng.sample(busy, 6)
        if min(len(calm), len(busy)) >= 3:
            yield "calm, then busy", [*rng.sample(calm, 3), *rng.sample(busy, 3)]


def count_verdicts(traces: Traces, count: int, seen: Seen) -> None:
    """Add the verdicts of all gates on trials with *traces* of one network to *seen*."""
    with tempfile.TemporaryDirectory() as folder:
        size = traces.size
        for condition, chosen in trials(traces, count):
            for name, change in CHANGES.items():
                baseline, current = chosen[:3], [change(run) for run in chosen[3:]]
                ours = our_verdict(Path(folder), baseline, current)
                seen["pytest-coreml", size, condition, name, ours] += 1
                for metric in FIELDS:
                    gate = f"pytest-benchmark {metric}:10%"
                    seen[gate, size, condition, name, their_verdict(metric, baseline[-1], current[0])] += 1


def table(seen: Seen) -> Iterator[str]:
    """Give a Markdown table: % of trials that failed, ?: that could not be told."""
    yield f"| calls | machine | gate | {' | '.join(CHANGES)} | trials |"
    yield f"| --- | --- | --- |{' ---: |' * (len(CHANGES) + 1)}"
    rows = {(size, condition, gate) for gate, size, condition, _, _ in seen}
    for size, condition, gate in sorted(rows, key=lambda row: (*row[:2], row[2] != "pytest-coreml")):
        total = sum(seen[gate, size, condition, "same", verdict] for verdict in ("ok", "fail", "?"))
        cells = []
        for name in CHANGES:
            failed, unsure = (100 * seen[gate, size, condition, name, verdict] / total for verdict in ("fail", "?"))
            cells.append(f"{failed:.0f}" + (f" ?{unsure:.0f}" if unsure else ""))
        yield f"| {size} | {condition} | {gate} | {' | '.join(cells)} | {total} |"


def describe(name: str, traces: Traces) -> str:
    """Say how long the calls of a network are, and how many runs were calm."""
    calm = traces.calm
    levels = [run.p10_ms for run in calm]
    spread = f"{levels_spread(levels):.1f} %" if len(levels) > 1 else "-"
    typical = statistics.median(levels) if levels else float("nan")
    return (
        f"{name}: {typical:.3g} ms, {len(calm)} of {len(traces.alone)} runs calm (spread {spread}), "
        f"{len(traces.busy)} beside others"
    )


def levels_spread(levels: list[float]) -> float:
    """Give the standard deviation of the logarithm of *levels* in percent."""
    return 100 * statistics.stdev(map(math.log, levels))


def main() -> None:
    """Make traces, judge, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="calm ones of each network, and as many busy ones")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--trials", type=int, default=50, help="of each network in each condition")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the traces")
    parser.add_argument("--load", type=Path, metavar="FILE", help="judge kept traces, and make none")
    arguments = parser.parse_args()
    traces = load(arguments.load) if arguments.load else record_all(arguments)
    if arguments.save:
        save(traces, arguments.save)
    seen: Seen = Counter()
    for name, runs in traces.items():
        print(describe(name, runs), file=sys.stderr)
        count_verdicts(runs, arguments.trials, seen)
    print("\n".join(table(seen)))


if __name__ == "__main__":
    main()
