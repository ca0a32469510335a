"""Measure predictions: warm up until stable, then sample one model, or two of them interleaved.

Progress is reported between samples only, never within one.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.engine.server.core_kinds import CoreKinds
from pytest_coreml.engine.server.run_queue import open_run_queue
from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.facts.measurement import UNDISTURBED_SHARE, Measurement, Pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_coreml.engine.server.run_queue import DelayReading

    # One prediction; returns native and wall time in ms.
    Call = Callable[[], tuple[float, float]]
    # Takes the name of the step, the calls done and the calls planned.
    Report = Callable[[str, int, int], None]

__tracebackhide__ = hidden_for_ours

WINDOW = 10
MAX_WARMUPS = 100
# A model of seconds a call is not warmed up for minutes.
WARMUP_SECONDS = 10.0
STABLE = 0.02
# A shorter sample is the mean of several calls: the clock, and what a prediction costs around the model, would be a
# large part of it.
MIN_SAMPLE_MS = 1.0
MAX_BATCH = 1000
MIN_UNDISTURBED = 30
MAX_EXTENSION = 3
REPORT_SECONDS = 0.25


def measure(
    begin: Callable[[], AbstractContextManager[Call]],
    calls: int,
    first_ms: float | None,
    report: Report,
    *,
    open_delay: Callable[[], DelayReading | None] | None = None,
) -> Measurement:
    """Warm up, then take *calls* samples.

    *begin* makes the call for each of the two sequences. *first_ms*: native time of the model's first prediction;
    None: that of the warm-up. *report* is called a few times a second. *open_delay*: returns the reading of the time
    spent waiting for a CPU, by default that of this process; where it can be read, a disturbed measurement continues
    until 30 samples were undisturbed, up to three times *calls*.
    """
    with begin() as call:
        warm = warm_up(call, report)
    batch = batch_for(warm)
    delay, cores = (open_delay or open_run_queue)(), CoreKinds()
    with begin() as call:
        samples = _take(call, calls, batch, delay, report)
    if delay:
        delay.close()
    return Measurement(
        native_ms=tuple(samples.native_ms),
        wall_ms=tuple(samples.wall_ms),
        wait_ms=tuple(samples.wait_ms) if delay and delay.complete else None,
        warmup=len(warm),
        batch=batch,
        first_ms=first_ms if first_ms is not None else (warm[0] if warm else None),
        efficiency_share=cores.efficiency_share(),
    )


def _take(call: Call, calls: int, batch: int, delay: DelayReading | None, report: Report) -> _Samples:
    samples = _Samples()
    reported = time.monotonic()
    while samples.count < calls or _continues(samples, calls, delay):
        before = delay.read_ms() if delay else 0.0
        native, wall = sample(call, batch)
        after = delay.read_ms() if delay else 0.0
        samples.add(native, wall, max(0.0, after - before) / batch)
        reported = report_progress(report, "measuring", samples.count, max(calls, samples.count), reported)
    return samples


def measure_pairs(current: Call, other: Call, pairs: int, report: Report) -> Pairs:
    """Warm both models up, then take *pairs* pairs of samples; the order within a pair alternates.

    Both get the same number of calls a sample, of at least a millisecond. Interleaved, both see the same machine.
    """
    batch = max(batch_for(warm_up(call, report)) for call in (current, other))
    times: dict[bool, list[float]] = {True: [], False: []}
    reported = time.monotonic()
    for number in range(pairs):
        for is_current in (True, False) if number % 2 == 0 else (False, True):
            times[is_current].append(sample(current if is_current else other, batch)[0])
        reported = report_progress(report, "measuring alternately", number + 1, pairs, reported)
    return Pairs(tuple(times[True]), tuple(times[False]), batch)


def warm_up(call: Call, report: Report) -> list[float]:
    """Call until the times stop falling; return the native times in ms.

    Stable: the median of the last ten calls is at most 2 % below that of the ten before. At most 100 calls are made,
    and none after ten seconds.
    """
    times: list[float] = []
    start = reported = time.monotonic()
    while len(times) < MAX_WARMUPS and not _is_stable(times):
        times.append(call()[0])
        reported = report_progress(report, "warming up", len(times), MAX_WARMUPS, reported)
        if time.monotonic() > start + WARMUP_SECONDS and len(times) > 1:
            break
    return times


def batch_for(times: list[float]) -> int:
    """Return the number of calls that make one sample of at least a millisecond; *times* of calls are in ms."""
    typical = statistics.median(times[-WINDOW:])
    return 1 if typical >= MIN_SAMPLE_MS else min(MAX_BATCH, math.ceil(MIN_SAMPLE_MS / max(typical, 1e-3)))


def sample(call: Call, batch: int) -> tuple[float, float]:
    """Call *batch* times; return the means of native and wall time in ms."""
    if batch == 1:
        return call()
    pairs = [call() for _ in range(batch)]
    return _mean([native for native, _ in pairs]), _mean([wall for _, wall in pairs])


def report_progress(report: Report, doing: str, done: int, total: int, last: float) -> float:
    """Call *report*, unless it was called a moment ago, at *last*. Return the time of its last call, in s."""
    now = time.monotonic()
    if now - last < REPORT_SECONDS:
        return last
    report(doing, done, total)
    return now


@dataclass
class _Samples:
    native_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    wait_ms: list[float] = field(default_factory=list)
    undisturbed: int = 0

    @property
    def count(self) -> int:
        return len(self.native_ms)

    def add(self, native: float, wall: float, wait: float) -> None:
        self.native_ms.append(native)
        self.wall_ms.append(wall)
        self.wait_ms.append(wait)
        self.undisturbed += wait <= UNDISTURBED_SHARE * wall


def _is_stable(times: list[float]) -> bool:
    if len(times) < 2 * WINDOW:
        return False
    before, last = times[-2 * WINDOW : -WINDOW], times[-WINDOW:]
    return statistics.median(last) >= (1 - STABLE) * statistics.median(before)


def _mean(times: list[float]) -> float:
    # Of whole nanoseconds, which is what the clocks give: equal times have that very time as their mean.
    return sum(round(ms * 1e6) for ms in times) / len(times) / 1e6


def _continues(samples: _Samples, calls: int, delay: DelayReading | None) -> bool:
    return (
        delay is not None
        and calls >= MIN_UNDISTURBED
        and samples.undisturbed < MIN_UNDISTURBED
        and samples.count < MAX_EXTENSION * calls
    )
