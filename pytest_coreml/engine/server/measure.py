"""Measure predictions: warm up until stable, then count calls, without a word to anyone in between."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.engine.server.run_queue import RunQueueDelay
from pytest_coreml.facts.measurement import UNDISTURBED_SHARE, Measurement

if TYPE_CHECKING:
    from collections.abc import Callable

    # One prediction; answers native and wall time in ms.
    Call = Callable[[], tuple[float, float]]
    # What is being done, how many calls of how many.
    Report = Callable[[str, int, int], None]

WINDOW = 10
MAX_WARMUPS = 100
# A model of seconds a call is not warmed up for minutes.
WARMUP_SECONDS = 10.0
STABLE = 0.02
# A sample shorter than this is the mean of several calls: the clock, and what a prediction costs around the model,
# would be a large part of it.
MIN_SAMPLE_MS = 1.0
MAX_BATCH = 1000
MIN_UNDISTURBED = 30
MAX_EXTENSION = 3
REPORT_SECONDS = 0.25


def warm_up(call: Call, report: Report) -> list[float]:
    """Call until the times stop falling; give the native times in ms.

    Stable means that the median of the last ten calls is no more than 2 % below that of the ten before. At most 100
    calls, and no more after ten seconds.
    """
    times: list[float] = []
    start = reported = time.monotonic()
    while len(times) < MAX_WARMUPS and not _stable(times):
        times.append(call()[0])
        reported = report_progress(report, "warming up", len(times), MAX_WARMUPS, reported)
        if time.monotonic() > start + WARMUP_SECONDS and len(times) > 1:
            break
    return times


def report_progress(report: Report, doing: str, done: int, total: int, last: float) -> float:
    """Call *report*, unless it was called a moment ago, at *last*. Return the time of its last call, in s."""
    now = time.monotonic()
    if now - last < REPORT_SECONDS:
        return last
    report(doing, done, total)
    return now


def _stable(times: list[float]) -> bool:
    if len(times) < 2 * WINDOW:
        return False
    before, last = times[-2 * WINDOW : -WINDOW], times[-WINDOW:]
    return statistics.median(last) >= (1 - STABLE) * statistics.median(before)


def batch_for(times: list[float]) -> int:
    """Say how many calls make one sample of at least a millisecond."""
    typical = statistics.median(times[-WINDOW:])
    return 1 if typical >= MIN_SAMPLE_MS else min(MAX_BATCH, math.ceil(MIN_SAMPLE_MS / max(typical, 1e-3)))


@dataclass
class _Samples:
    native_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    wait_ms: list[float] = field(default_factory=list)
    undisturbed: int = 0

    def add(self, native: float, wall: float, wait: float) -> None:
        self.native_ms.append(native)
        self.wall_ms.append(wall)
        self.wait_ms.append(wait)
        self.undisturbed += wait <= UNDISTURBED_SHARE * wall


def measure(begin: Callable[[], Call], calls: int, first_ms: float | None, report: Report) -> Measurement:
    """Warm up, then take *calls* samples; *begin* gives the call for each of the two sequences.

    Where waiting for a CPU can be read, a disturbed run goes on until 30 samples were undisturbed, or three times
    *calls* were taken. *report* is told what is done (words, calls done, calls planned) a few times a second.
    """
    warm = warm_up(begin(), report)
    call = begin()
    batch = batch_for(warm)
    delay = RunQueueDelay() if RunQueueDelay.available() else None
    samples = _Samples()
    reported = time.monotonic()
    while len(samples.native_ms) < calls or _goes_on(samples, calls, delay):
        before = delay.read_ms() if delay else 0.0
        native, wall = sample(call, batch)
        after = delay.read_ms() if delay else 0.0
        samples.add(native, wall, max(0.0, after - before) / batch)
        reported = report_progress(
            report, "measuring", len(samples.native_ms), max(calls, len(samples.native_ms)), reported
        )
    if delay:
        delay.close()
    return Measurement(
        native_ms=tuple(samples.native_ms),
        wall_ms=tuple(samples.wall_ms),
        wait_ms=tuple(samples.wait_ms) if delay else None,
        warmup=len(warm),
        batch=batch,
        first_ms=first_ms if first_ms is not None else (warm[0] if warm else None),
    )


def sample(call: Call, batch: int) -> tuple[float, float]:
    """Call *batch* times; give the means of native and wall time in ms."""
    if batch == 1:
        return call()
    pairs = [call() for _ in range(batch)]
    return _mean([native for native, _ in pairs]), _mean([wall for _, wall in pairs])


def _mean(times: list[float]) -> float:
    # Of whole nanoseconds, which is what the clocks give: equal times have that very time as their mean.
    return sum(round(ms * 1e6) for ms in times) / len(times) / 1e6


def _goes_on(samples: _Samples, calls: int, delay: RunQueueDelay | None) -> bool:
    return (
        delay is not None
        and calls >= MIN_UNDISTURBED
        and samples.undisturbed < MIN_UNDISTURBED
        and len(samples.native_ms) < MAX_EXTENSION * calls
    )
