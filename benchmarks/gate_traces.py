"""False alarms and power of this gate and of pytest-benchmark's, on latency traces made on the machine at hand.

Run manually: `python benchmarks/gate_traces.py --save traces.json`, and `--load traces.json` to judge the same traces
again. Small networks run on the reference runtime (`traces.py`), each run in a separate process, half of the runs
beside processes that keep every core busy: these are the busy ones. Of the others those are calm that lost at most 5 %
of their time to unrelated processes; the rest is not used. All gates see the same trials, drawn by
`gate_trials.py`.

Printed are a short table, what was promised with 95 % intervals (of the trials; those of one network share its
runs), and a table of everything: % of trials that failed, after `?` % that could not be told.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import gate_trials
import traces as recorded
from gate_trials import CHANGES, CONDITIONS, GATES, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gate_trials import Verdicts
    from traces import Traces


@dataclass(frozen=True)
class Figure:
    """One share of trials that matters: those of *change* that got *verdict*."""

    words: str
    verdict: str
    change: str
    conditions: Sequence[str]
    least: float = 0.0
    most: float = 1.0
    short_calls_too: bool = True

    @property
    def promise(self) -> str:
        """The bound in words."""
        return f"at least {self.least:.0%}" if self.least else f"at most {self.most:.0%}"


ALWAYS = CONDITIONS
FIGURES = (
    Figure("false alarms, calm", "fail", "same", ("calm",), most=0.01),
    Figure("false alarms, busy", "fail", "same", ("busy",), most=0.01),
    Figure("false alarms, changed in between", "fail", "same", ("changed in between",), most=0.01),
    Figure("10 % slower fails, calm", "fail", "+10 %", ("calm",), least=0.95, short_calls_too=False),
    Figure("10 % slower called ok", "ok", "+10 %", ALWAYS, most=0.02, short_calls_too=False),
    Figure("every 10th call twice as slow fails, calm", "fail", "tail", ("calm",), least=0.95, short_calls_too=False),
    Figure("10 % faster fails", "fail", "-10 %", ALWAYS, most=0.01),
)


@dataclass(frozen=True)
class Results:
    """The verdicts, and which networks have calls of which kind."""

    verdicts: Verdicts
    classes: dict[str, list[str]]

    @classmethod
    def of(cls, traces: dict[str, Traces], trials: int) -> Results:
        """Judge *traces*."""
        classes: dict[str, list[str]] = {"1 ms and more": [], "under 1 ms": [], "bound by memory": []}
        for name, runs in traces.items():
            kind = "under 1 ms" if runs.batched else "1 ms and more"
            classes["bound by memory" if recorded.NETWORKS[name].memory_bound else kind].append(name)
        return cls(gate_trials.judge_all(traces, trials), {kind: names for kind, names in classes.items() if names})

    def share(self, figure: Figure, gate: str) -> tuple[int, int]:
        """Count the trials with a verdict, and all trials, without the networks that are bound by memory."""
        kinds = ("1 ms and more", "under 1 ms") if figure.short_calls_too else ("1 ms and more",)
        names = [name for kind in kinds for name in self.classes.get(kind, [])]
        where = (gate, names, figure.conditions, figure.change)
        return self.verdicts.count(figure.verdict, *where), self.verdicts.trials(*where)


def short_table(results: Results) -> Iterator[str]:
    """Return a line for each figure, and a column for each gate."""
    yield f"| % of trials | {' | '.join(GATES)} |"
    yield f"| --- |{' ---: |' * len(GATES)}"
    for figure in FIGURES:
        cells = [f"{100 * hits / total:.1f}" for hits, total in (results.share(figure, gate) for gate in GATES)]
        yield f"| {figure.words} | {' | '.join(cells)} |"


def promises(results: Results) -> Iterator[str]:
    """Return a line for each value: its promise, met or not."""
    for figure in FIGURES:
        hits, total = results.share(figure, OURS)
        low, high = interval(hits, total)
        kept = figure.least <= hits / total <= figure.most
        yield (
            f"{'kept' if kept else 'MISSED'}: {figure.words}: {100 * hits / total:.2f} % "
            f"[{100 * low:.2f}, {100 * high:.2f}] of {total} trials, promised {figure.promise}"
        )


def interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's score."""
    z = 1.959964
    middle, spread = hits + z * z / 2, z * sqrt(hits * (total - hits) / total + z * z / 4)
    return (middle - spread) / (total + z * z), (middle + spread) / (total + z * z)


def whole_table(results: Results) -> Iterator[str]:
    """Return a line for each kind of calls, condition and gate."""
    yield f"| calls | machine | gate | {' | '.join(CHANGES)} |"
    yield f"| --- | --- | --- |{' ---: |' * len(CHANGES)}"
    for kind, names in results.classes.items():
        for condition in CONDITIONS:
            for gate in GATES:
                cells = [_cell(results.verdicts, gate, names, condition, change) for change in CHANGES]
                yield f"| {kind} | {condition} | {gate} | {' | '.join(cells)} |"


def _cell(verdicts: Verdicts, gate: str, names: Sequence[str], condition: str, change: str) -> str:
    total = verdicts.trials(gate, names, (condition,), change)
    if not total:
        return "-"
    failed, unsure = (
        100 * verdicts.count(verdict, gate, names, (condition,), change) / total for verdict in ("fail", "?")
    )
    return f"{failed:.1f}" + (f" ?{unsure:.1f}" if unsure else "")


def main() -> None:
    """Make traces, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="calm ones of each network, and as many busy ones")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--trials", type=int, default=200, help="of each network in each condition")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the traces")
    parser.add_argument("--load", type=Path, metavar="FILE", help="judge kept traces, and make none")
    arguments = parser.parse_args()
    traces = recorded.load(arguments.load) if arguments.load else recorded.record_all(arguments.runs, arguments.calls)
    if arguments.save:
        recorded.save(traces, arguments.save)
    if arguments.load:
        print("\n".join(recorded.describe(name, runs) for name, runs in traces.items()), file=sys.stderr)
    results = Results.of(traces, arguments.trials)
    for part in (short_table, promises, whole_table):
        print("\n".join(part(results)), end="\n\n")


if __name__ == "__main__":
    main()
