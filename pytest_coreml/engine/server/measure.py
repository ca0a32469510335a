"""Measure predictions: warm up until stable, then sample one model, or two of them interleaved.

Progress is reported between samples only, never within one.
"""

from __future__ import annotations

import math
import statistics
import time
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pytest_coreml.engine.server.core_kinds import CoreKinds
from pytest_coreml.engine.server.memory import FootprintMeter
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
# A sustained measurement of short calls takes longer samples: a report holds them all.
MAX_SAMPLES = 3000
REPORT_SECONDS = 0.25


class Duration(NamedTuple):
    """The time for which a sustained load is measured."""

    seconds: float


def measure(
    begin: Callable[[], AbstractContextManager[Call]],
    length: int | Duration,
    first_ms: float | None,
    report: Report,
    *,
    open_delay: Callable[[], DelayReading | None] | None = None,
) -> Measurement:
    """Warm up, then take a number of samples, or samples for a time.

    *begin* makes the call for each of the two sequences. *first_ms*: native time of the model's first prediction;
    None: that of the warm-up. *report* is called a few times a second. *open_delay*: returns the reading of the time
    spent waiting for a CPU, by default that of this process; where it can be read, a disturbed measurement continues
    until 30 samples were undisturbed, up to three times the number; one for a time does not.
    """
    seconds = length.seconds if isinstance(length, Duration) else None
    with begin() as call:
        warm = warm_up(call, report)
    batch = batch_for(warm, MIN_SAMPLE_MS if seconds is None else max(MIN_SAMPLE_MS, 1e3 * seconds / MAX_SAMPLES))
    delay, cores = (open_delay or open_run_queue)(), CoreKinds()
    samples = _Samples(batch, delay)
    meter = FootprintMeter.open(seconds) if seconds is not None else None
    with begin() as call:
        if isinstance(length, Duration):
            _take_for(call, length.seconds, samples, meter, report)
        else:
            _take(call, length, samples, report)
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
        seconds=seconds,
        footprint=meter.footprint if meter is not None else None,
    )


def _take(call: Call, calls: int, samples: _Samples, report: Report) -> None:
    reported = time.monotonic()
    while samples.count < calls or _continues(samples, calls):
        samples.take(call)
        reported = report_progress(report, "measuring", samples.count, max(calls, samples.count), reported)


def _take_for(call: Call, seconds: float, samples: _Samples, meter: FootprintMeter | None, report: Report) -> None:
    start = now = reported = time.monotonic()
    while now < start + seconds:
        if meter is not None:
            meter.read(samples.calls, now - start)
        samples.take(call)
        now = time.monotonic()
        done = min(int(seconds), int(now - start))
        reported = report_progress(report, "measuring a sustained load (s) of", done, math.ceil(seconds), reported)
    if meter is not None:
        meter.read(samples.calls, now - start)


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
        reported = report_progress(report, "measuring interleaved", number + 1, pairs, reported)
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


def batch_for(times: list[float], sample_ms: float = MIN_SAMPLE_MS) -> int:
    """Return the number of calls that make one sample of at least *sample_ms*; *times* of calls are in ms."""
    typical = statistics.median(times[-WINDOW:])
    return 1 if typical >= sample_ms else min(MAX_BATCH, math.ceil(sample_ms / max(typical, 1e-3)))


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
    batch: int
    delay: DelayReading | None
    # Not lists: their numbers would show as growing memory.
    native_ms: array[float] = field(default_factory=lambda: array("d"))
    wall_ms: array[float] = field(default_factory=lambda: array("d"))
    wait_ms: array[float] = field(default_factory=lambda: array("d"))
    undisturbed: int = 0

    @property
    def count(self) -> int:
        return len(self.native_ms)

    @property
    def calls(self) -> int:
        return self.count * self.batch

    def take(self, call: Call) -> None:
        before = self.delay.read_ms() if self.delay else 0.0
        native, wall = sample(call, self.batch)
        after = self.delay.read_ms() if self.delay else 0.0
        wait = max(0.0, after - before) / self.batch
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


def _continues(samples: _Samples, calls: int) -> bool:
    return (
        samples.delay is not None
        and calls >= MIN_UNDISTURBED
        and samples.undisturbed < MIN_UNDISTURBED
        and samples.count < MAX_EXTENSION * calls
    )
