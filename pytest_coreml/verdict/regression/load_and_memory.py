"""Comparison of load times, compile times, memory and size with a baseline, by tolerances that fit their spread.

As for predictions, the unit is the process, the log of a low figure is compared, and a rise is a regression only when
the spread between runs cannot explain it. The spread is another one: load times of one model on one machine differ by
40 % between runs, and other processes make them many times longer. Only the predictions that the same process made
right after show that. Sizes have no spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.reason import Cause, Noise, Reason, UnusableRuns
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.confirmation import MAX_RUNS, combine, is_settled
from pytest_coreml.verdict.regression.level import MIN_EFFECT, Baseline, RunVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.regression.run import Run


@dataclass(frozen=True)
class Cost:
    """A figure of a run, and how much it moves without a cause.

    *tolerance*: rise that is accepted, as a share. *least*: rise that does not matter, in the unit of the figure.
    *prior_sd*: what is believed of the spread of its log between runs. *timed*: other processes can raise it.
    """

    name: str
    tolerance: float
    least: float
    prior_sd: float
    timed: bool

    def of(self, run: Run) -> float | None:
        """Return the figure of *run*: the least of several loads, since what disturbs a load makes it longer."""
        if not self.timed:
            return run.memory_mb
        samples: tuple[float, ...] = getattr(run.load, self.name, ())
        return min(samples) if samples else None

    def disturbance(self, run: Run) -> Cause | None:
        """Return the cause that may have raised the figure of *run*; None if none is known."""
        if not self.timed:
            return None
        if run.load is not None and not run.load.alone:
            return Cause.LOADED_BESIDE_OTHERS
        if run.calm is False:
            return Cause.THERMAL_CHANGE if run.thermal_changed else Cause.RUN_DISTURBED
        return None

    def limit(self, level: float) -> float:
        """Return the highest figure that is accepted, where *level* is usual."""
        return max(level * (1 + self.tolerance), level + self.least)


SIZE_CHECK: Final = "regression[size_mb]"
# About compiling, and loading files that were never loaded before.
FIRST_LOAD_CHECKS: Final = ("regression[first_load_ms]", "regression[compile_ms]")
COSTS: Final = (
    Cost("load_ms", tolerance=0.50, least=10.0, prior_sd=0.20, timed=True),
    Cost("first_load_ms", tolerance=0.50, least=20.0, prior_sd=0.20, timed=True),
    Cost("compile_ms", tolerance=0.50, least=20.0, prior_sd=0.20, timed=True),
    Cost("memory_mb", tolerance=0.20, least=5.0, prior_sd=0.05, timed=False),
)


def judge_costs(baseline: Sequence[Run], current: Sequence[Run], assume_idle: bool = False) -> list[Check]:
    """Return one check for each figure that the baseline has, over one to three *current* runs.

    The names are those of budgets: `regression[load_ms]`. What looks higher on a machine that was busy, or of which
    for which this is unknown, is inconclusive (the latter unless *assume_idle*).
    """
    judge = _Judge(current[:MAX_RUNS], assume_idle)
    return [check for cost in COSTS for check in judge.check(cost, baseline)]


def judge_size(baseline: Sequence[Run], current: Sequence[Run]) -> list[Check]:
    """Compare the newest sizes exactly, since a file has no noise; no check where a model is not described."""
    before = next((run.model for run in reversed(baseline) if run.model), None)
    now = next((run.model for run in reversed(current) if run.model), None)
    if before is None or now is None:
        return []
    more = now.size_bytes - before.size_bytes
    if more <= 0:
        return [Check(SIZE_CHECK, before.size_mb, now.size_mb, "passed")]
    # Megabytes with three digits may be the same.
    return [Check(SIZE_CHECK, before.size_mb, now.size_mb, "failed", Reason(Cause.MORE_BYTES, more))]


def unusable_costs(baseline: Sequence[Run]) -> Iterator[tuple[str, Reason]]:
    """Yield each figure that the *baseline* runs have, and that none of them can be compared by, with the reason."""
    for cost in COSTS:
        known = _with_figure(cost, baseline)
        if known and _summary(cost, known) is None:
            yield cost.name, _no_usable_run(cost, known)


@dataclass(frozen=True)
class _Judge:
    current: Sequence[Run]
    assume_idle: bool

    def check(self, cost: Cost, baseline: Sequence[Run]) -> Iterator[Check]:
        name = f"regression[{cost.name}]"
        known = _with_figure(cost, baseline)
        measured = [run for run in self.current if cost.of(run) is not None]
        if not known:
            return
        summary = _summary(cost, known)
        if summary is None:
            yield Check(name, None, None, "not_judged", _no_usable_run(cost, known))
        elif not measured:
            yield Check(name, None, None, "not_judged", Reason(Cause.NOTHING_MEASURED))
        else:
            yield self._judged(cost, name, summary, measured)

    def _judged(self, cost: Cost, name: str, summary: Baseline, measured: Sequence[Run]) -> Check:
        verdicts: list[RunVerdict] = []
        for run in measured:
            verdicts.append(self._one(cost, summary, run))
            if is_settled(verdicts):
                break
        verdict, cause = combine(verdicts, sure_alone=True)
        limit = cost.limit(math.exp(summary.level))
        value = cost.of(measured[len(verdicts) - 1])
        # A table shows the figure of the first process, and the two differ.
        more = (Reason(Cause.LAST_PROCESS, len(verdicts)),) if len(verdicts) > 1 else ()
        reason = _reason(cause, summary, more) if cause is not None else None
        return Check(name, limit, value, verdict, reason)

    def _one(self, cost: Cost, summary: Baseline, run: Run) -> RunVerdict:
        value = cost.of(run)
        assert value is not None, "only measured runs are judged"
        if value <= cost.limit(math.exp(summary.level)):
            return RunVerdict("fine")
        if (disturbance := cost.disturbance(run)) is not None:
            return RunVerdict("void", disturbance)
        if cost.timed and run.calm is None and not self.assume_idle:
            return RunVerdict("void", Cause.CONDITIONS_UNKNOWN)
        margin = summary.margin(0.0, cost.prior_sd)
        sure = math.log(value) - summary.level - margin > MIN_EFFECT
        return RunVerdict("slower") if sure else RunVerdict("unsure", Cause.TOO_NOISY)


def _with_figure(cost: Cost, runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if cost.of(run) is not None]


def _no_usable_run(cost: Cost, runs: Sequence[Run]) -> Reason:
    causes = [cause for run in runs if (cause := cost.disturbance(run)) is not None]
    return Reason(Cause.BASELINE_DISTURBED, UnusableRuns(tuple(causes)))


def _summary(cost: Cost, runs: Sequence[Run]) -> Baseline | None:
    """Summarise the runs on a calm machine, all of them where this is unknown; None when none was calm."""
    trusted = [run for run in runs if cost.disturbance(run) is None]
    # A figure of zero has no logarithm: the least that a clock or a page shows stands for it.
    levels = tuple(math.log(max(cost.of(run) or 0.0, 1e-3)) for run in trusted)
    return Baseline(len(runs), levels, ()) if levels else None


def _reason(cause: Cause, summary: Baseline, more: tuple[Reason, ...]) -> Reason:
    if cause is Cause.SLOWER:
        return Reason(Cause.HIGHER, summary.runs, more)
    return Reason(cause, Noise(summary.runs) if cause is Cause.TOO_NOISY else None, more)
