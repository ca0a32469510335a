"""Verdicts of this gate and of pytest-benchmark's on the same trials, drawn from recorded traces.

A trial takes three runs for the baseline and three others for the current runs, which are scaled to have a change.
Ours judges them as finished reports through `pytest-coreml compare`; pytest-benchmark's
`--benchmark-compare-fail=FIELD:10%` judges one run by one saved run, through its own check.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_benchmark.utils import PercentageRegressionCheck
from traces import MACHINE

from pytest_coreml.cli import main as command
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from traces import Traces

    from pytest_coreml.facts.measurement import Measurement

    Change = Callable[[Measurement], Measurement]

OURS = "pytest-coreml"
SIDE = 3
CONDITIONS = ("calm", "busy", "changed in between")
FIELDS: dict[str, Callable[[tuple[float, ...]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
}
GATES = (OURS, *(f"pytest-benchmark {name}:10%" for name in FIELDS))


def scaled(factor: float, every: int = 1) -> Change:
    """Make a change: every *every*-th call takes *factor* times as long, and waits as large a share of it as before."""

    def change(run: Measurement) -> Measurement:
        def scale(times: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(ms * factor if i % every == every - 1 else ms for i, ms in enumerate(times))

        wait = scale(run.wait_ms) if run.wait_ms is not None else None
        return replace(run, native_ms=scale(run.native_ms), wall_ms=scale(run.wall_ms), wait_ms=wait)

    return change


CHANGES = {
    "same": scaled(1.0),
    "+10 %": scaled(1.1),
    "+20 %": scaled(1.2),
    "tail": scaled(2.0, 10),
    "-10 %": scaled(0.9),
}


@dataclass(frozen=True)
class Trial:
    """The runs of both sides, on a machine in some *condition*, and what was changed."""

    condition: str
    change: str
    baseline: Sequence[Measurement]
    current: Sequence[Measurement]


@dataclass(frozen=True)
class Verdicts:
    """Counts of verdicts by gate, network, condition and change."""

    seen: Counter[tuple[str, str, str, str, str]]

    def count(self, verdict: str, gate: str, networks: Sequence[str], conditions: Sequence[str], change: str) -> int:
        """Count the trials of *networks* in *conditions* that got *verdict* (fail, ok or ?) from *gate*."""
        return sum(self.seen[gate, name, where, change, verdict] for name in networks for where in conditions)

    def trials(self, gate: str, networks: Sequence[str], conditions: Sequence[str], change: str) -> int:
        """The number of trials."""
        return sum(self.count(verdict, gate, networks, conditions, change) for verdict in ("fail", "ok", "?"))


def judge_all(traces: dict[str, Traces], trials: int) -> Verdicts:
    """Draw *trials* for each network, condition and change, and judge them by every gate."""
    seen: Counter[tuple[str, str, str, str, str]] = Counter()
    for name, runs in traces.items():
        drawn = list(_draw(runs, trials))
        for gate, verdicts in _by_gate(drawn):
            for trial, verdict in zip(drawn, verdicts, strict=True):
                seen[gate, name, trial.condition, trial.change, verdict] += 1
    return Verdicts(seen)


def _draw(traces: Traces, count: int) -> Iterator[Trial]:
    rng = random.Random(1)
    calm, busy = traces.calm, traces.busy
    for number in range(count):
        for condition, (before, now) in zip(CONDITIONS, _sides(rng, calm, busy, number), strict=True):
            if len(before) == len(now) == SIDE:
                for name, change in CHANGES.items():
                    yield Trial(condition, name, before, [change(run) for run in now])


def _sides(
    rng: random.Random, calm: list[Measurement], busy: list[Measurement], number: int
) -> list[tuple[list[Measurement], list[Measurement]]]:
    """Return the runs of both sides for each condition; in every second trial the machine became calm in between."""
    some_calm, some_busy = (rng.sample(runs, min(2 * SIDE, len(runs))) for runs in (calm, busy))
    sides = [(some_calm[:SIDE], some_calm[SIDE:]), (some_busy[:SIDE], some_busy[SIDE:])]
    across = (rng.sample(calm, min(SIDE, len(calm))), rng.sample(busy, min(SIDE, len(busy))))
    return [*sides, across if number % 2 else across[::-1]]


def _by_gate(trials: list[Trial]) -> Iterator[tuple[str, list[str]]]:
    yield OURS, _ours(trials)
    for field in FIELDS:
        gate = f"pytest-benchmark {field}:10%"
        yield gate, [_theirs(field, trial.baseline[-1], trial.current[0]) for trial in trials]


def _ours(trials: list[Trial]) -> list[str]:
    """Judge all trials by one command: each is a test of the same six reports."""
    with tempfile.TemporaryDirectory() as folder:
        sides = [[_write(Path(folder), trials, side, run) for run in range(SIDE)] for side in ("baseline", "current")]
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            command(["compare", *sides[0], "--current", *sides[1], "--format=json"])
    rows = {row["id"]: row["verdict"] for row in json.loads(printed.getvalue())["measurements"]}
    words = {"passed": "ok", "failed": "fail", "inconclusive": "?"}
    return [words[rows[_id(number)]] for number in range(len(trials))]


def _write(folder: Path, trials: list[Trial], side: str, run: int) -> str:
    records = [
        Record(_id(number), "0" * 64, "m", "all", None, "reference", predict=getattr(trial, side)[run])
        for number, trial in enumerate(trials)
    ]
    path = folder / f"{side}-{run}.json"
    write_report(build_report(records, [], MACHINE), path)
    return str(path)


def _id(number: int) -> str:
    return f"t.py::t[{number}]"


def _theirs(field: str, saved: Measurement, current: Measurement) -> str:
    now, before = ({field: FIELDS[field](run.native_ms)} for run in (current, saved))
    return "fail" if PercentageRegressionCheck(field, 10).fails(now, before) else "ok"
