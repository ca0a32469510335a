"""Finished reports against baseline reports: the verdicts that a test run would have reached, without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.verdict.against import Rules, judge_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.report.runs import Key, Runs
    from pytest_coreml.verdict.against import Findings


@dataclass(frozen=True)
class Row:
    """The verdicts on one measurement that both sides have; *line*: of its test, where the report tells."""

    key: Key
    findings: Findings
    line: int | None = None

    def has(self, verdict: str) -> bool:
        """Whether any of the verdicts is this one."""
        return verdict in self.findings.verdicts

    @property
    def worst(self) -> str:
        """The verdict that counts: failed, inconclusive, not_judged or passed."""
        return next((word for word in ("failed", "inconclusive", "not_judged") if self.has(word)), "passed")


@dataclass(frozen=True)
class Comparison:
    """The rows of what both sides measured, and the keys of what only one did."""

    rows: tuple[Row, ...]
    only_baseline: tuple[Key, ...]
    only_current: tuple[Key, ...]

    def count(self, verdict: str) -> int:
        """How many rows have this verdict."""
        return sum(row.has(verdict) for row in self.rows)

    def open_rows(self) -> Sequence[Row]:
        """Give the rows that are not green."""
        return [row for row in self.rows if row.worst != "passed"]


def compare(baseline: Runs, current: Runs, rules: Rules) -> Comparison:
    """Judge every measurement that both sides have."""
    return Comparison(
        rows=tuple(
            Row(key, judge_against(baseline.of(key), current.of(key), rules), current.lines.get(key))
            for key in current
            if key in baseline
        ),
        only_baseline=tuple(key for key in baseline if key not in current),
        only_current=tuple(key for key in current if key not in baseline),
    )
