"""Two versions of a model, interleaved in one process: the ratio of pairs, which a busy machine slows alike."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.reason import Cause
from pytest_coreml.verdict.regression.confirmation import MAX_RUNS, combine, is_settled
from pytest_coreml.verdict.regression.distributions import binomial_tail
from pytest_coreml.verdict.regression.level import MIN_EFFECT, ROUNDING, RunVerdict
from pytest_coreml.verdict.regression.prediction_time import Regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Pairs

# Of nothing but a ratio of neighbours, this much can be told; of finished runs only more.
DEFAULT_TOLERANCE: Final = math.expm1(MIN_EFFECT)
MIN_PAIRS: Final = 20
DOUBT: Final = 0.01
# Pairs that leave this slowdown open decide nothing, wherever their median is.
EXCLUDED: Final = math.log(1.10)


def judge_pairs(pairs: Pairs, tolerance: float = DEFAULT_TOLERANCE) -> RunVerdict:
    """Judge the pairs of one process.

    Slower when the median ratio is above *tolerance*, a share, and its 1 % lower bound above 2 %. Fine when the median
    is not above *tolerance*, and its 1 % upper bound neither above 10 %, nor, where more is accepted, 2 % beyond that.
    """
    ratios = [math.log(now / other) for now, other in zip(pairs.current_ms, pairs.other_ms, strict=True) if now * other]
    if len(ratios) < MIN_PAIRS:
        return RunVerdict("void", Cause.TOO_FEW_PAIRS)
    middle = statistics.median(ratios)
    margin = middle - lower_bound(ratios)
    if middle > math.log1p(tolerance) + ROUNDING:
        if middle - margin > MIN_EFFECT:
            return RunVerdict("slower", None, middle, margin)
    elif upper_bound(ratios) <= max(EXCLUDED, math.log1p(tolerance) + MIN_EFFECT) + ROUNDING:
        return RunVerdict("fine", None, middle, margin)
    return RunVerdict("unsure", Cause.TOO_NOISY, middle, margin)


def lower_bound(values: Sequence[float]) -> float:
    """Return the order statistic that is above the median of what *values* are drawn from with a chance of 1 % at most.

    There must be seven values at least: of fewer, even the least may be above it.
    """
    n = len(values)
    rank = max(rank for rank in range(1, n + 1) if 1 - binomial_tail(n, 0.5, rank) <= DOUBT)
    return sorted(values)[rank - 1]


def upper_bound(values: Sequence[float]) -> float:
    """Return the order statistic that is below that median with a chance of 1 % at most."""
    return -lower_bound([-value for value in values])


def wants_another_duet(runs: Sequence[Pairs], tolerance: float = DEFAULT_TOLERANCE) -> bool:
    """Return True if a further process may confirm or clear the result of *runs*."""
    return len(runs) < MAX_RUNS and not is_settled([judge_pairs(pairs, tolerance) for pairs in runs])


def judge_duet(runs: Sequence[Pairs], against: str, tolerance: float = DEFAULT_TOLERANCE) -> Regression:
    """Judge one to three processes, in the order made.

    *against*: the name of the other model. *tolerance*: slowdown that is accepted, as a share.
    """
    verdicts = [judge_pairs(pairs, tolerance) for pairs in runs]
    verdict, reason = combine(verdicts, sure_alone=False)
    last, pairs = verdicts[-1], runs[-1]
    return Regression(
        runs=len(runs),
        effect=math.expm1(last.ratio) if last.ratio is not None else None,
        margin=math.expm1(last.margin) if last.margin is not None else None,
        verdict=verdict,
        reason=reason,
        processes=len(runs),
        baseline_ms=statistics.median(pairs.other_ms),
        current_ms=statistics.median(pairs.current_ms),
        calls=len(pairs.current_ms),
        sensitivity=max(tolerance, math.expm1(MIN_EFFECT + last.margin)) if last.margin is not None else None,
        against=against,
    )
