"""Remarks on a sustained load: calls that become slower, and memory that grows from call to call.

The thresholds are ours, except where a source is named.
"""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.reason import Cause, MemoryGrowth, Reason, Slowdown
from pytest_coreml.facts.sustained import QUARTERS, footprint_slope, parts
from pytest_coreml.verdict.plan_timing import MIN_NOISE

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Measurement

# Each quarter is five parts. By chance alone all five of the last one are above all five of the first one in 1 of 252
# measurements: 5! 5! / 10!.
_PARTS_OF_QUARTER: Final = 5
# Less is what an allocator keeps for itself.
_MIN_GROWTH_BYTES: Final = 1_000_000
_MIN_READINGS: Final = 2 * QUARTERS


def slowdown(sustained: Measurement) -> Reason | None:
    """Return a reason if the last quarter is slower than the first beyond noise; None if not, or if it cannot be told.

    Beyond noise: the medians differ by more than 3 %, and each fifth of the last quarter is slower than each fifth of
    the first one. Only undisturbed calls count where the system reports waiting.
    """
    every = parts(sustained, QUARTERS * _PARTS_OF_QUARTER)
    if len(every) < QUARTERS * _PARTS_OF_QUARTER:
        return None
    first, last = every[:_PARTS_OF_QUARTER], every[-_PARTS_OF_QUARTER:]
    if not all(part.usable for part in (*first, *last)):
        return None
    before, after = ([part.median_ms for part in quarter] for quarter in (first, last))
    start, end = statistics.median(before), statistics.median(after)
    if min(after) <= max(before) or end <= start * (1 + MIN_NOISE):
        return None
    return Reason(Cause.SLOWS_DOWN, Slowdown(start, end, sustained.thermal))


def memory_growth(sustained: Measurement) -> Reason | None:
    """Return a reason if the memory of the process grew from call to call; None if not, or if it is unknown.

    It grew if it was higher in each quarter than in the one before, by at least 1 MB since the second one: the first
    calls of a process take memory that they keep.
    """
    footprint = sustained.footprint
    if footprint is None or len(footprint.bytes) < _MIN_READINGS:
        return None
    size = len(footprint.bytes) / QUARTERS
    levels = [
        statistics.median(footprint.bytes[round(size * quarter) : round(size * (quarter + 1))])
        for quarter in range(QUARTERS)
    ]
    rises = all(later > earlier for earlier, later in pairwise(levels))
    slope = footprint_slope(footprint)
    if not rises or levels[-1] - levels[1] < _MIN_GROWTH_BYTES or slope is None or slope <= 0:
        return None
    calls = footprint.calls[-1] - footprint.calls[0]
    return Reason(Cause.MEMORY_GROWS, MemoryGrowth(slope, footprint.bytes[-1] - footprint.bytes[0], calls))
