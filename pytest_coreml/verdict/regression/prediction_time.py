"""Comparison of prediction times with a baseline: the three-valued verdict over one to three current runs."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.measurement import MAX_EFFICIENCY_SHARE, UNDISTURBED_SHARE
from pytest_coreml.facts.reason import Cause, Reason, UnusableRuns, find_cause
from pytest_coreml.verdict.regression.confirmation import MAX_RUNS, combine, is_settled
from pytest_coreml.verdict.regression.level import DEFAULT_TOLERANCE, MIN_EFFECT, judge_run, make_baseline, why_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.level import Baseline, RunVerdict

# Between processes, calls shorter than this differ by 5 % through memory layout alone.
SURE_FROM_MS: Final = 1.0
MAX_LOG_RATIO: Final = 700.0


@dataclass(frozen=True)
class Regression:
    """The verdict on one measurement against its baseline; values are None if nothing could be compared."""

    runs: int
    """The number of baseline runs that were used."""
    effect: float | None
    """The relative change of the current run; +0.10 is 10 % slower."""
    margin: float | None
    """The relative uncertainty of the effect."""
    verdict: Verdict
    """The verdict."""
    reason: Reason | str | None = None
    """The reason for a verdict other than `passed`: mostly a cause code, whose sentence is made from the other fields;
    a text is one of a report that contains no cause."""
    baseline_runs: int = 0
    """The number of baseline runs that were given."""
    processes: int = 0
    """The number of current runs that were judged."""
    baseline_ms: float | None = None
    """The time of the baseline, in ms."""
    current_ms: float | None = None
    """The time of the current run that decided, in ms."""
    calls: int = 0
    """The number of calls of the run that decided; of pairs if *against* is given."""
    undisturbed: int | None = 0
    """The number of its undisturbed calls; None if wait time is not reported."""
    disturbance: float | None = None
    """The median share of its disturbed calls that the process waited."""
    spread: float | None = None
    """The relative difference among the baseline runs."""
    sensitivity: float | None = None
    """The smallest slowdown that would have failed."""
    tail: float | None = None
    """The share of calls that took more than 1.5 times the median of their run."""
    baseline_tail: float | None = None
    """The same share in the baseline."""
    against: str | None = None
    """The model whose calls were interleaved with this one's, in place of baseline runs."""

    @property
    def cause(self) -> Cause | None:
        """The cause code; None if it passed."""
        return find_cause(self.reason)

    @property
    def least_effect(self) -> float | None:
        """The one-sided lower bound of the effect, with a confidence of 99 %; negative if the model may be faster."""
        return None if self.effect is None or self.margin is None else (1 + self.effect) / (1 + self.margin) - 1


def judge_regression(
    baseline: Sequence[Measurement],
    current: Sequence[Measurement],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    assume_idle: bool = False,
) -> Regression:
    """Judge one to three *current* runs, in the order made, against the *baseline* runs.

    A run that is fine clears the model, two slower ones confirm a regression, anything else is inconclusive. Without a
    reading of wait time a confirmed one is inconclusive too, unless *assume_idle*, and so is one of runs that were on
    efficiency cores for much of their time. Raises `ValueError` without a current run.
    """
    if not current:
        raise ValueError("no current run to judge")
    summary = make_baseline(baseline)
    judged: list[tuple[Measurement, RunVerdict]] = []
    for run in current[:MAX_RUNS]:
        judged.append((run, judge_run(summary, run, tolerance)))
        if is_settled([verdict for _, verdict in judged]):
            break
    alone = any(verdict.slower and _sure_alone(run) for run, verdict in judged)
    verdict, reason = combine([verdict for _, verdict in judged], sure_alone=alone)
    if verdict == "failed" and not assume_idle and _unmeasured(judged):
        verdict, reason = "inconclusive", Cause.CONDITIONS_UNKNOWN
    share = max((run.efficiency_share or 0.0 for run, of_run in judged if of_run.slower), default=0.0)
    if verdict == "failed" and share > MAX_EFFICIENCY_SHARE:
        return _describe(summary, judged, tolerance, "inconclusive", Reason(Cause.EFFICIENCY_CORES, share))
    if reason is Cause.BASELINE_DISTURBED:
        return _describe(summary, judged, tolerance, verdict, no_usable_run(baseline))
    return _describe(summary, judged, tolerance, verdict, reason)


def no_usable_run(baseline: Sequence[Measurement]) -> Reason:
    """Return the reason why none of the *baseline* runs can be compared with."""
    causes = [cause for run in baseline if (cause := why_unusable(run)) is not None]
    return Reason(Cause.BASELINE_DISTURBED, UnusableRuns(tuple(causes)))


def _sure_alone(measurement: Measurement) -> bool:
    return statistics.median(measurement.undisturbed_ms) >= SURE_FROM_MS


def _unmeasured(judged: list[tuple[Measurement, RunVerdict]]) -> bool:
    return any(run.wait_ms is None for run, verdict in judged if verdict.slower)


def _describe(
    baseline: Baseline,
    judged: list[tuple[Measurement, RunVerdict]],
    tolerance: float,
    verdict: Verdict,
    reason: Reason | Cause | None,
) -> Regression:
    run, last = judged[-1]
    return Regression(
        runs=baseline.runs,
        effect=_change(last.ratio) if last.ratio is not None else None,
        margin=_change(last.margin) if last.margin is not None else None,
        verdict=verdict,
        reason=reason,
        baseline_runs=baseline.given,
        processes=len(judged),
        baseline_ms=math.exp(baseline.level) if baseline.runs else None,
        current_ms=math.exp(min(baseline.level + last.ratio, MAX_LOG_RATIO)) if last.ratio is not None else None,
        calls=len(run.native_ms),
        undisturbed=run.undisturbed if run.wait_ms is not None else None,
        disturbance=_disturbance(run),
        spread=baseline.spread if baseline.runs else None,
        sensitivity=max(tolerance, _change(last.margin + MIN_EFFECT)) if last.margin is not None else None,
        tail=last.tail,
        baseline_tail=last.usual_tail,
    )


def _change(log_ratio: float) -> float:
    # Times of a forged report may differ by more than a float can say.
    return math.expm1(min(log_ratio, MAX_LOG_RATIO))


def _disturbance(measurement: Measurement) -> float | None:
    if measurement.wait_ms is None or measurement.undisturbed == len(measurement.native_ms):
        return None
    waits = zip(measurement.wait_ms, measurement.wall_ms, strict=True)
    shares = [wait / wall for wait, wall in waits if wait > UNDISTURBED_SHARE * wall and wall > 0]
    return statistics.median(shares) if shares else None
