"""Finished reports against baseline reports: the verdicts that a test run would have reached, without a model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.verdict.regression.judge import Rules, judge_against
from pytest_coreml.verdict.regression.machine_kind import machine_kind, tell_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.judge import Findings
    from pytest_coreml.verdict.regression.run import MeasurementKey, Run, Runs


@dataclass(frozen=True)
class Row:
    """The verdicts on one measurement that both sides have, or on a test that failed before it measured anything.

    *line*: of its test, where the report tells. *machine*: that made the current runs, where several did.
    """

    key: MeasurementKey
    findings: Findings
    line: int | None = None
    machine: str | None = None

    def has(self, verdict: str) -> bool:
        """Return True if any of the verdicts is *verdict*."""
        return verdict in self.findings.verdicts

    @property
    def worst(self) -> Verdict:
        """The verdict that counts; what could not be judged beside something that passed is told, and decides nothing,
        as in a test."""
        worst_first: tuple[Verdict, ...] = ("failed", "inconclusive", "passed")
        return next((verdict for verdict in worst_first if self.has(verdict)), "not_judged")


@dataclass(frozen=True)
class Comparison:
    """The rows of what both sides measured, and of what failed; the keys of what only one side measured."""

    rows: tuple[Row, ...]
    only_baseline: tuple[MeasurementKey, ...]
    only_current: tuple[MeasurementKey, ...]

    def count(self, verdict: str) -> int:
        """Return the number of rows with this verdict."""
        return sum(row.has(verdict) for row in self.rows)

    def open_rows(self) -> Sequence[Row]:
        """Return the rows that are not green."""
        return [row for row in self.rows if row.worst != "passed"]


def compare(baseline: Runs, current: Runs, rules: Rules) -> Comparison:
    """Judge every measurement that both sides have, on each machine for itself.

    A test that failed before it measured anything has failed, though it is new.
    """
    judged = {key for key in current if key in baseline or any(run.failed for run in current.get(key))}
    return Comparison(
        rows=tuple(
            Row(key, judge_against(baseline.get(key), runs, rules), current.lines.get(key), machine)
            for key in current
            if key in judged
            for machine, runs in _by_machine(current.get(key))
        ),
        only_baseline=tuple(key for key in baseline if key not in current),
        only_current=tuple(key for key in current if key not in judged),
    )


def _by_machine(runs: Sequence[Run]) -> Iterator[tuple[str | None, list[Run]]]:
    """Return the runs of each machine with its name, None for the only one."""
    if len(runs) == 1:
        yield None, list(runs)
        return
    groups: dict[object, list[Run]] = defaultdict(list)
    for run in runs:
        groups[machine_kind(run.machine), run.machine_name].append(run)
    names = tell_apart([group[0].machine for group in groups.values()])
    for group, name in zip(groups.values(), names, strict=True):
        yield (group[0].machine_name or name if len(groups) > 1 else None), group
