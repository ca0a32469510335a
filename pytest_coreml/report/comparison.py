"""Finished reports against baseline reports: the verdicts that a test run would have reached, without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.errors import UsageError
from pytest_coreml.report.read import read_report
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression import Regression, judge_regression
from pytest_coreml.verdict.same_machine import machine_differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_coreml.measurement import Measurement
    from pytest_coreml.report.encode import Json

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Run:
    """One measurement in one report, and what it is comparable by. *size_bytes* is None where the model is unknown."""

    predict: Measurement | None
    machine: Json
    size_bytes: int | None


@dataclass(frozen=True)
class Row:
    """The verdicts on one measurement: *time* is None when nothing was predicted."""

    key: Key
    time: Regression | None
    checks: tuple[Check, ...]

    @property
    def verdicts(self) -> list[str]:
        """Every verdict of the row."""
        return [*([self.time.verdict] if self.time else []), *(check.verdict for check in self.checks)]


@dataclass(frozen=True)
class Comparison:
    """The rows of what both sides measured, and the keys of what only one did."""

    rows: tuple[Row, ...]
    only_baseline: tuple[Key, ...]
    only_current: tuple[Key, ...]

    def has(self, verdict: str) -> bool:
        """Whether any row has this verdict."""
        return any(verdict in row.verdicts for row in self.rows)


def find_reports(paths: Iterable[Path]) -> list[Path]:
    """Give report files for files and folders; raises `UsageError` for a folder without a report."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"no reports (*.json) in the folder {path}")
        found += inside
    return found


def read_runs(paths: Iterable[Path]) -> dict[Key, list[Run]]:
    """Read reports, each one run, oldest first, and gather their measurements by key.

    Of a test that was rerun in one report, the last attempt counts. Raises `ReportError` for what is no report.
    """
    by_report = sorted((_runs_of(path) for path in find_reports(paths)), key=lambda pair: pair[0])
    gathered: dict[Key, list[Run]] = {}
    for _, runs in by_report:
        for key, run in runs.items():
            gathered.setdefault(key, []).append(run)
    return gathered


def _runs_of(path: Path) -> tuple[str, dict[Key, Run]]:
    report = read_report(path)
    runs: dict[Key, Run] = {}
    for record in report.records:
        spec = report.models.get(record.model)
        size = spec.size_bytes if spec is not None else None
        runs[record.key] = Run(record.predict, report.machine_of(record), size)
    return report.created, runs


def compare(baseline: dict[Key, list[Run]], current: dict[Key, list[Run]], tolerance: float) -> Comparison:
    """Judge every measurement that both sides have."""
    both = [key for key in current if key in baseline]
    return Comparison(
        rows=tuple(_row(key, baseline[key], current[key], tolerance) for key in both),
        only_baseline=tuple(key for key in baseline if key not in current),
        only_current=tuple(key for key in current if key not in baseline),
    )


def _row(key: Key, baseline: Sequence[Run], current: Sequence[Run], tolerance: float) -> Row:
    return Row(key, _time(baseline, current, tolerance), tuple(_size(baseline, current)))


def _time(baseline: Sequence[Run], current: Sequence[Run], tolerance: float) -> Regression | None:
    before = [run for run in baseline if run.predict is not None]
    now = [run for run in current if run.predict is not None]
    if not before and not now:
        return None
    if not before or not now:
        side = "baseline" if not before else "current report"
        return Regression(0, None, None, "inconclusive", f"the {side} has no predictions", baseline_runs=len(before))
    here = now[0].machine
    alike = [run for run in before if not machine_differences(run.machine, here)]
    foreign = next((run for run in now if machine_differences(here, run.machine)), None)
    if not alike or foreign is not None:
        other = machine_differences(before[-1].machine, here) if foreign is None else ["current runs differ"]
        reason = f"not the same machine: {'; '.join(other)}"
        return Regression(0, None, None, "inconclusive", reason, baseline_runs=len(before))
    return judge_regression(
        [run.predict for run in alike if run.predict], [run.predict for run in now if run.predict], tolerance=tolerance
    )


def _size(baseline: Sequence[Run], current: Sequence[Run]) -> list[Check]:
    """Compare the newest sizes exactly: a file has no noise."""
    before, now = baseline[-1].size_bytes, current[-1].size_bytes
    if before is None or now is None:
        return []
    return [Check("regression[size_mb]", before / 1e6, now / 1e6, "passed" if now <= before else "failed")]
