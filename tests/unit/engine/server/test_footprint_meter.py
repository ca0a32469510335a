"""Readings of the memory at even intervals, from figures that the test gives."""

from __future__ import annotations

from pytest_coreml.engine.server.memory import FootprintMeter
from pytest_coreml.facts.measurement import Footprint


def test_the_memory_is_read_64_times_however_many_calls_there_are() -> None:
    """1,000 calls in 64 s: one reading a second."""
    levels = iter(range(1000))
    meter = FootprintMeter(lambda: next(levels), seconds=64.0)

    for call in range(1000):
        meter.read(call, elapsed=call * 0.064)

    found = meter.footprint
    assert found is not None
    assert found.bytes == tuple(range(len(found.bytes)))
    assert 60 <= len(found.calls) <= 64
    assert found.calls[:3] == (0, 16, 32)


def test_a_reading_that_the_system_refuses_is_left_out() -> None:
    """One of two readings does not make a course."""
    levels = iter([None, 7, None])
    meter = FootprintMeter(lambda: next(levels), seconds=64.0)

    for second in range(3):
        meter.read(second, elapsed=float(second))

    assert meter.footprint is None


def test_linux_and_macs_report_it_in_bytes() -> None:
    """A list of 30 MB shows."""
    meter = FootprintMeter.open(1.0)
    assert meter is not None

    meter.read(0, 0.0)
    kept = bytearray(b"x" * 30_000_000)
    meter.read(1, 0.5)

    assert isinstance(meter.footprint, Footprint)
    assert meter.footprint.bytes[1] - meter.footprint.bytes[0] >= len(kept) * 0.9
