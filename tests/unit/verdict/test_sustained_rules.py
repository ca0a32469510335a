"""A sustained load is noted if it became slower or grew, and else it is not."""

from __future__ import annotations

import random

import pytest

from pytest_coreml.facts.measurement import Footprint, Measurement
from pytest_coreml.facts.reason import Cause, MemoryGrowth, Slowdown
from pytest_coreml.verdict.sustained_rules import memory_growth, slowdown


def of(times: list[float], wait: float | None = None) -> Measurement:
    """Make a measurement of these native times in ms, during each of which its threads waited for *wait* ms."""
    waits = None if wait is None else (wait,) * len(times)
    return Measurement(tuple(times), tuple(times), waits, warmup=0, seconds=60.0, thermal=("nominal", "fair"))


def noisy(*levels: float) -> list[float]:
    """Make 200 calls of each level, which differ by up to 10 %."""
    random_ = random.Random(4)
    return [level * random_.uniform(0.95, 1.05) for level in levels for _ in range(200)]


def with_footprint(levels: list[int]) -> Measurement:
    """Make a measurement with these readings, a hundred calls apart."""
    calls = tuple(range(0, 100 * len(levels), 100))
    return Measurement((1.0,), (1.0,), None, warmup=0, seconds=60.0, footprint=Footprint(calls, tuple(levels)))


def test_a_slower_end_is_told_with_both_medians() -> None:
    """20 % more, with the thermal states."""
    found = slowdown(of(noisy(10.0, 10.5, 11.5, 12.0)))

    assert found is not None
    assert found.cause == Cause.SLOWS_DOWN
    assert isinstance(found.details, Slowdown)
    assert found.details.first_ms == pytest.approx(10.0, rel=0.01)
    assert found.details.last_ms == pytest.approx(12.0, rel=0.01)
    assert found.details.thermal == ("nominal", "fair")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(noisy(10.0, 10.0, 10.0, 10.0), id="the same all the time"),
        pytest.param(noisy(10.0, 10.0, 10.0, 10.2), id="within what runs differ by"),
        pytest.param(noisy(12.0, 10.0, 10.0, 10.0), id="faster"),
        pytest.param([10.0, 14.0] * 200 + [11.0, 14.2] * 200, id="overlapping"),
        pytest.param([10.0, 10.0, 20.0, 20.0], id="too few calls to tell"),
    ],
)
def test_what_is_within_noise_is_not_told(times: list[float]) -> None:
    """Neither luck nor a few calls make a remark."""
    swinging = [time * (1.05 if index // 37 % 2 else 1.0) for index, time in enumerate(times)]

    assert slowdown(of(times)) is None
    assert slowdown(of(swinging)) is None


def test_calls_that_waited_cannot_tell() -> None:
    """Other processes may be what became slower."""
    assert slowdown(of(noisy(10.0, 10.5, 11.5, 12.0), wait=5.0)) is None


def test_memory_that_grows_is_told_in_bytes_a_call() -> None:
    """1 kB a call, over 63 intervals of 100 calls."""
    found = memory_growth(with_footprint([50_000_000 + 102_400 * n for n in range(64)]))

    assert found is not None
    assert found.details == MemoryGrowth(1024.0, 6_451_200, 6300)


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param([50_000_000] * 64, id="constant"),
        pytest.param([50_000_000 + 4096 * n for n in range(64)], id="less than 1 MB"),
        pytest.param([10_000_000] * 8 + [50_000_000] * 56, id="only at first"),
        pytest.param([50_000_000 + 9_000_000 * (n % 2) for n in range(64)], id="up and down"),
        pytest.param([60_000_000 - 102_400 * n for n in range(64)], id="released"),
        pytest.param([0, 9_000_000], id="too few readings"),
    ],
)
def test_memory_that_a_process_keeps_is_not_told(levels: list[int]) -> None:
    """An allocator takes memory for the first calls, and gives some back at any time."""
    assert memory_growth(with_footprint(levels)) is None


def test_unknown_memory_is_not_told() -> None:
    """A system that does not report it has no growth."""
    assert memory_growth(of([1.0] * 100)) is None
