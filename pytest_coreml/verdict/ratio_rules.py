"""The verdicts on a variant's limits relative to its original: its size, and its time in interleaved calls."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from pytest_coreml.facts.against_original import AgainstOriginal, PairedTimes
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.confirmation import MAX_RUNS, combine, is_settled
from pytest_coreml.verdict.regression.level import ROUNDING, RunVerdict
from pytest_coreml.verdict.regression.paired import MIN_PAIRS, lower_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Pairs
    from pytest_coreml.facts.model_spec import ModelSpec


def compare_specs(variant: ModelSpec, original: ModelSpec) -> AgainstOriginal:
    """Return how *variant* differs from *original*, by their files alone."""
    counts = {
        name: variant.operations.get(name, 0) - original.operations.get(name, 0)
        for name in sorted({*variant.operations, *original.operations})
    }
    return AgainstOriginal(
        original=original.sha256,
        size_mb=variant.size_mb,
        size_ratio=variant.size_bytes / max(1, original.size_bytes),
        gained={name: count for name, count in counts.items() if count > 0},
        lost={name: -count for name, count in counts.items() if count < 0},
    )


def paired_times(runs: Sequence[Pairs]) -> PairedTimes | None:
    """Return the times of the last of *runs*, in which the variant is the current model; None without a usable pair."""
    if not runs or not (ratios := _log_ratios(runs[-1])):
        return None
    last = runs[-1]
    return PairedTimes(
        original_ms=statistics.median(last.other_ms),
        variant_ms=statistics.median(last.current_ms),
        ratio=math.exp(statistics.median(ratios)),
        pairs=len(ratios),
        processes=len(runs),
    )


def wants_another_run(runs: Sequence[Pairs], limit: float) -> bool:
    """Return True if a further process may confirm or clear what *runs* say about a *limit* on the ratio."""
    return len(runs) < MAX_RUNS and not is_settled([_judge_run(pairs, limit) for pairs in runs])


def judge_time_ratio(limit: float, runs: Sequence[Pairs], not_judged: Reason | str | None = None) -> Check:
    """Judge the ratio of a variant's prediction time to its original's.

    A process passes it whose median ratio keeps the *limit*, and fails it if also the 1 % lower bound of the median is
    beyond. Two must fail it. *not_judged*: the reason why times are not judged here at all.
    """
    times = paired_times(runs)
    value = times.ratio if times is not None else None
    if not_judged is not None or value is None:
        return Check("max_time_ratio", limit, value, "not_judged", not_judged or Reason(Cause.NOTHING_MEASURED))
    verdict, cause = combine([_judge_run(pairs, limit) for pairs in runs], sure_alone=False)
    if verdict != "inconclusive" or cause is None:
        return Check("max_time_ratio", limit, value, verdict)
    details = times.pairs if times is not None and cause == Cause.TOO_FEW_PAIRS else None
    return Check("max_time_ratio", limit, value, verdict, Reason(cause, details))


def _judge_run(pairs: Pairs, limit: float) -> RunVerdict:
    ratios = _log_ratios(pairs)
    if len(ratios) < MIN_PAIRS:
        return RunVerdict("void", Cause.TOO_FEW_PAIRS)
    middle, accepted = statistics.median(ratios), math.log(limit) + ROUNDING
    margin = middle - lower_bound(ratios)
    if middle <= accepted:
        return RunVerdict("fine", None, middle, margin)
    if middle - margin > accepted:
        return RunVerdict("slower", None, middle, margin)
    return RunVerdict("unsure", Cause.TOO_NOISY, middle, margin)


def _log_ratios(pairs: Pairs) -> list[float]:
    both = zip(pairs.current_ms, pairs.other_ms, strict=True)
    return [math.log(current / other) for current, other in both if current > 0 and other > 0]
