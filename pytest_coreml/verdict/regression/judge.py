"""The verdicts on one measurement against its baseline: prediction time, costs, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.verdict.regression.changes import Changes, find_changes
from pytest_coreml.verdict.regression.confirmation import CONFIRMING_RUNS, MAX_RUNS
from pytest_coreml.verdict.regression.level import DEFAULT_TOLERANCE
from pytest_coreml.verdict.regression.load_and_memory import (
    FIRST_LOAD_CHECKS,
    SIZE_CHECK,
    judge_costs,
    judge_size,
)
from pytest_coreml.verdict.regression.machine_kind import machine_differences, value_at
from pytest_coreml.verdict.regression.moved import MOVED, judge_moved
from pytest_coreml.verdict.regression.prediction_time import Regression, judge_regression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.facts.compute_units import Device
    from pytest_coreml.verdict.check import Check, Verdict
    from pytest_coreml.verdict.regression.run import Run

# What a further run of the same kind would say again.
_FINAL = (Cause.BASELINE_DISTURBED, Cause.TOO_FEW_CALLS)


@dataclass(frozen=True)
class Rules:
    """The rules of a comparison."""

    tolerance: float = DEFAULT_TOLERANCE
    """The slowdown that is accepted, as a share."""
    assume_idle: bool = False
    """True to assume an idle machine where its conditions are unknown."""
    max_moved: Mapping[Device, float] = field(default_factory=dict)
    """The maximum share of the plan, 0 to 1, that may have left each device."""


@dataclass(frozen=True)
class Findings:
    """The verdicts on one measurement. *time*: None when neither side predicted. *processes*: current runs."""

    time: Regression | None
    checks: tuple[Check, ...]
    changes: Changes
    processes: int = 1

    @property
    def verdicts(self) -> list[str]:
        """Every verdict."""
        return [*([self.time.verdict] if self.time else []), *(check.verdict for check in self.checks)]

    @property
    def wants_first_load(self) -> bool:
        """True if a fresh process has to compile the model and load it for the first time, to confirm or clear it."""
        return any(check.check in FIRST_LOAD_CHECKS and _open_cost(check, self.processes) for check in self.checks)

    @property
    def wants_another_run(self) -> bool:
        """True if a fresh process may confirm or clear what looks worse."""
        if self.processes >= MAX_RUNS:
            return False
        return _open(self.time, self.processes) or any(_open_cost(check, self.processes) for check in self.checks)


def judge_against(baseline: Sequence[Run], current: Sequence[Run], rules: Rules) -> Findings:
    """Judge the *current* runs, in the order made, against the *baseline* runs, oldest first.

    A current run whose test failed before anything was measured has failed, on any machine and without a baseline;
    otherwise neither may be empty.
    Times and memory are compared on the same kind of machine only; sizes, plans and operations always. Times of another
    runtime are not judged: one baseline of a Mac serves a job on Linux, for everything else.
    """
    changes = changes_since(baseline, current[-1]) if baseline else Changes()
    if any(run.failed for run in current):
        failure = Regression(0, None, None, "failed", Reason(Cause.TEST_FAILED), baseline_runs=len(baseline))
        return Findings(failure, (), changes, len(current))
    moved = judge_moved(_newest(baseline, current[-1]), current, rules.max_moved)
    alike, reason = _comparable(baseline, current)
    if reason is not None:
        predicted = any(run.predict for run in (*baseline, *current))
        verdict: Verdict = "not_judged" if reason.cause is Cause.OTHER_RUNTIME else "inconclusive"
        time = Regression(0, None, None, verdict, reason, baseline_runs=len(baseline)) if predicted else None
        return Findings(time, (*judge_size(baseline, current), *moved), changes, len(current))
    checks = (*judge_costs(alike, current, rules.assume_idle), *judge_size(baseline, current), *moved)
    return Findings(_time(alike, current, rules), checks, changes, len(current))


def changes_since(baseline: Sequence[Run], run: Run) -> Changes:
    """Return the differences of *run* from the newest baseline run of its machine kind, else of any kind."""
    return find_changes(_newest(baseline, run), run)


def _newest(baseline: Sequence[Run], run: Run) -> Run:
    alike = [before for before in baseline if not machine_differences(before.machine, run.machine)]
    return (alike or baseline)[-1]


def _comparable(baseline: Sequence[Run], current: Sequence[Run]) -> tuple[Sequence[Run], Reason | None]:
    here = current[0].machine
    if any(machine_differences(here, run.machine) for run in current):
        return (), Reason(Cause.OTHER_MACHINE, ("current runs differ",))
    alike = [run for run in baseline if not machine_differences(run.machine, here)]
    runtimes = [value_at(run.machine, ("runtime", "name")) for run in (*baseline, current[0])]
    if runtimes[-1] not in runtimes[:-1]:
        return (), Reason(Cause.OTHER_RUNTIME, tuple(runtimes[-2:]))
    if not alike:
        return (), Reason(Cause.OTHER_MACHINE, tuple(machine_differences(baseline[-1].machine, here)))
    return alike, None


def _time(baseline: Sequence[Run], current: Sequence[Run], rules: Rules) -> Regression | None:
    before = [run.predict for run in baseline if run.predict is not None]
    now = [run.predict for run in current if run.predict is not None]
    if not before and not now:
        return None
    if not before or not now:
        side = "baseline" if not before else "current report"
        reason = Reason(Cause.NO_PREDICTIONS, side)
        return Regression(0, None, None, "inconclusive", reason, baseline_runs=len(before))
    alike = [measurement for measurement in before if measurement.workload == now[-1].workload]
    if not alike or any(measurement.workload != now[-1].workload for measurement in now):
        reason = Reason(Cause.OTHER_WORKLOAD, (before[-1].workload, now[-1].workload))
        return Regression(0, None, None, "inconclusive", reason, baseline_runs=len(before))
    return judge_regression(alike, now, tolerance=rules.tolerance, assume_idle=rules.assume_idle)


def _open(time: Regression | None, processes: int) -> bool:
    # Nothing was compared at all without a run that was looked at.
    if time is None or time.verdict == "passed" or not time.processes or time.cause in _FINAL:
        return False
    confirmed = time.verdict == "failed" or time.cause == Cause.CONDITIONS_UNKNOWN
    return not confirmed or processes < CONFIRMING_RUNS


def _open_cost(check: Check, processes: int) -> bool:
    if check.check == SIZE_CHECK or check.check.startswith(MOVED) or check.verdict in ("passed", "not_judged"):
        return False
    return check.verdict == "inconclusive" or processes < CONFIRMING_RUNS
