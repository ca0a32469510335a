"""Observe the devices that a model uses: counters of the system around a second of rest, a load and a section.

The process has loaded nothing before, so that what its counters gain is of this model. The predictions of the section
are like those that were measured, and are not those: reading a registry takes longer than some predictions.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.server.counters.counter_reader import Samples, are_still, take_sample
from pytest_coreml.engine.server.counters.driver_registry import DriverRegistryReader
from pytest_coreml.engine.server.counters.footprint_counter import FootprintReader
from pytest_coreml.engine.server.counters.ioreport import IOReportReader
from pytest_coreml.engine.server.measure import report_progress
from pytest_coreml.facts.observed import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.engine.server.counters.counter_reader import CounterReader, CounterSample
    from pytest_coreml.engine.server.measure import Call, Report

IDLE_SECONDS: Final = 1.0
# Seconds of rest until other programs let the Neural Engine rest.
MAX_RESTS: Final = 3
SECTION_SECONDS: Final = 0.5
MIN_CALLS: Final = 3
_DOING: Final = "observing"


def open_readers(note: Callable[[str], None], *, private: bool) -> list[CounterReader]:
    """Return the readers of this system. *private*: also of counters without a public interface."""
    readers: list[CounterReader] = [FootprintReader(note), DriverRegistryReader(note)]
    return [*readers, IOReportReader(note)] if private else readers


def observe(
    open_all: Callable[[Callable[[str], None]], Sequence[CounterReader]],
    begin: Callable[[], Call],
    report: Report,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Observation:
    """Read the counters beside predictions: *begin* loads the model, warms it up, and returns the call.

    *open_all* returns the readers, which add their notes by the function that it is given. *report* is called between
    the steps. The section lasts half a second, and at least three calls.
    """
    notes: list[str] = []
    readers = open_all(notes.append)

    def read() -> CounterSample:
        report(_DOING, 0, 0)
        return take_sample(readers, clock)

    idle = read()
    for _ in range(MAX_RESTS):
        start = idle
        sleep(IDLE_SECONDS)
        idle = read()
        if are_still(start, idle):
            break
    call = begin()
    before = read()
    began, calls, reported = clock(), 0, time.monotonic()
    while calls < MIN_CALLS or clock() < began + SECTION_SECONDS:
        call()
        calls += 1
        reported = report_progress(report, _DOING, 0, 0, reported)
    seconds = clock() - began
    after = read()
    counters = Samples(start, idle, before, after).counters(notes.append)
    return Observation(counters, seconds, calls, tuple(dict.fromkeys(notes)))
