"""Measure two models alternately, so that whatever the machine does, it does to both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_coreml.engine.server.measure import batch_for, report_progress, sample, warm_up
from pytest_coreml.facts.measurement import Pairs

if TYPE_CHECKING:
    from pytest_coreml.engine.server.measure import Call, Report


def measure_pairs(current: Call, other: Call, pairs: int, report: Report) -> Pairs:
    """Warm both up, then take *pairs* pairs of samples; the order within a pair alternates.

    Both get the same number of calls a sample, of at least a millisecond.
    """
    batch = max(batch_for(warm_up(call, report)) for call in (current, other))
    times: dict[bool, list[float]] = {True: [], False: []}
    reported = time.monotonic()
    for number in range(pairs):
        for is_current in (True, False) if number % 2 == 0 else (False, True):
            times[is_current].append(sample(current if is_current else other, batch)[0])
        reported = report_progress(report, "measuring alternately", number + 1, pairs, reported)
    return Pairs(tuple(times[True]), tuple(times[False]), batch)
