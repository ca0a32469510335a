"""One current run against a baseline of several runs: the statistic of the regression gate.

A run is one process that measured a model, and it is the unit of repetition: calls of one process resemble each
other more than calls of two, so that tests over calls see differences where nothing changed. The level of a run is
a low quantile of its undisturbed calls, because everything that a machine does to a call makes it longer.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_coreml.facts.measurement import USABLE_CALLS, USABLE_SHARE, quantile
from pytest_coreml.facts.reason import Cause
from pytest_coreml.verdict.regression.distributions import binomial_tail, student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Measurement

# fine, slower, slower in the tail; unsure: the data cannot decide; void: there is no data to decide with.
State = Literal["fine", "slower", "slower in the tail", "unsure", "void"]
DEFAULT_TOLERANCE = 0.05
MIN_CALLS = 30
# Below this slowdown nobody minds, however sure it is.
MIN_EFFECT = math.log(1.02)
# A slowdown of the tolerance to the last digit is accepted, and logarithms differ in their last digits.
ROUNDING = 1e-12
LEVEL_QUANTILE = 0.10
SURE = 0.99
# What is believed of the spread between runs before any baseline is seen: 1 %, worth six runs.
PRIOR_SD = 0.01
PRIOR_RUNS = 6
# A call is in the tail when it takes this many times the median of its own run.
TAIL_FROM = 1.5
TAIL_GROWTH = 0.05
TAIL_DOUBT = 0.01


@dataclass(frozen=True)
class Baseline:
    """The usable baseline runs: the log of each run's level, and the share of its calls in the tail."""

    given: int
    levels: tuple[float, ...]
    tails: tuple[float, ...]

    @property
    def runs(self) -> int:
        """The number of usable runs."""
        return len(self.levels)

    @cached_property
    def level(self) -> float:
        """Log of the time in ms that a current run is compared with."""
        return statistics.median(self.levels)

    @cached_property
    def tail(self) -> float:
        """Share of calls in the tail that is usual."""
        return statistics.median(self.tails)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the spread."""
        return PRIOR_RUNS + self.runs - 1

    def variance(self, prior_sd: float = PRIOR_SD) -> float:
        """Variance of the log level between runs, with what is believed beforehand."""
        mean = statistics.fmean(self.levels)
        return (PRIOR_RUNS * prior_sd**2 + sum((level - mean) ** 2 for level in self.levels)) / self.freedom

    def margin(self, within: float, prior_sd: float = PRIOR_SD) -> float:
        """Return the log ratio that luck alone may cause, if one run is uncertain by *within* in itself."""
        between = self.variance(prior_sd) * (1 + 1 / self.runs)
        return student_quantile(SURE, self.freedom) * math.sqrt(between + within**2)

    @property
    def spread(self) -> float:
        """The slowest usable run relative to the fastest: 0.1 is 10 % slower."""
        return math.exp(max(self.levels) - min(self.levels)) - 1


@dataclass(frozen=True)
class RunVerdict:
    """The result of one current run.

    *ratio*: log of its level over the baseline's. *margin*: what luck may cause, in the same unit. *tail*,
    *usual_tail*: shares of calls in the tail, of this run and of the baseline.
    """

    state: State
    cause: Cause | None = None
    ratio: float | None = None
    margin: float | None = None
    tail: float | None = None
    usual_tail: float | None = None

    @property
    def slower(self) -> bool:
        """True if the run is surely slower, on the whole or in the tail."""
        return self.state in ("slower", "slower in the tail")


def make_baseline(runs: Sequence[Measurement]) -> Baseline:
    """Summarise the baseline runs that count."""
    usable = [sorted(run.undisturbed_ms) for run in runs if why_unusable(run) is None]
    return Baseline(
        given=len(runs),
        levels=tuple(math.log(quantile(calls, LEVEL_QUANTILE)) for calls in usable),
        tails=tuple((_tail_count(calls) + 0.5) / (len(calls) + 1) for calls in usable),
    )


def why_unusable(measurement: Measurement) -> Cause | None:
    """Return the cause that keeps *measurement* from being compared, as a baseline or with one; None if it is usable.

    It needs fewer calls than a current run, whose slowdown has to be sure.
    """
    if len(measurement.native_ms) < USABLE_CALLS:
        return Cause.TOO_FEW_CALLS
    if measurement.thermal_changed:
        return Cause.THERMAL_CHANGE
    if not _counts(measurement):
        return Cause.RUN_DISTURBED
    return None if quantile(sorted(measurement.undisturbed_ms), LEVEL_QUANTILE) > 0 else Cause.NOT_POSITIVE


def judge_run(baseline: Baseline, current: Measurement, tolerance: float = DEFAULT_TOLERANCE) -> RunVerdict:
    """Judge one current run: *tolerance* is the slowdown that is accepted, as a share."""
    calls = sorted(current.undisturbed_ms)
    cause = _why_void(baseline, current)
    if cause is not None:
        return RunVerdict("void", cause)
    ratio = math.log(quantile(calls, LEVEL_QUANTILE)) - baseline.level
    margin = baseline.margin(_uncertainty(calls))
    tail = _tail_count(calls) / len(calls)
    state, cause = _level_state(ratio, margin, tolerance) or _tail_state(calls, baseline)
    return RunVerdict(state, cause, ratio, margin, tail, baseline.tail)


def _why_void(baseline: Baseline, current: Measurement) -> Cause | None:
    if len(current.native_ms) < MIN_CALLS:
        return Cause.TOO_FEW_CALLS
    return why_unusable(current) or (None if baseline.runs else Cause.BASELINE_DISTURBED)


def _level_state(ratio: float, margin: float, tolerance: float) -> tuple[State, Cause | None] | None:
    if not ratio > math.log1p(tolerance) + ROUNDING:
        return None
    return ("slower", None) if ratio - margin > MIN_EFFECT else ("unsure", Cause.TOO_NOISY)


def _tail_state(calls: list[float], baseline: Baseline) -> tuple[State, Cause | None]:
    count, n = _tail_count(calls), len(calls)
    if not count / n > baseline.tail + TAIL_GROWTH:
        return "fine", None
    if n >= MIN_CALLS and binomial_tail(n, baseline.tail + TAIL_GROWTH / 2, count) < TAIL_DOUBT:
        return "slower in the tail", None
    return "unsure", Cause.TAIL_TOO_NOISY


def _counts(measurement: Measurement) -> bool:
    # Stricter than `Measurement.usable`, which is for budgets: they judge a test that plans fewer calls, too, whereas
    # the level of a run is a low quantile, and fewer than USABLE_CALLS calls have none.
    return measurement.undisturbed >= max(USABLE_CALLS, USABLE_SHARE * len(measurement.native_ms))


def _uncertainty(calls: list[float]) -> float:
    """Return the standard error of the log level within a run, from the quantiles beside it."""
    h = math.sqrt(LEVEL_QUANTILE * (1 - LEVEL_QUANTILE) / len(calls))
    below = quantile(calls, LEVEL_QUANTILE - h)
    return math.log(quantile(calls, LEVEL_QUANTILE + h) / below) / 2 if below > 0 else math.inf


def _tail_count(calls: list[float]) -> int:
    """Count the calls in the tail; *calls* are in order of length."""
    return len(calls) - bisect_right(calls, TAIL_FROM * statistics.median(calls))
