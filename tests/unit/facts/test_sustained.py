"""Quarters and slopes of measurements whose course is known."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.measurement import Footprint, Measurement
from pytest_coreml.facts.sustained import footprint_slope, last_quarter, parts, quarter_medians, time_slope


def of(*times: float, seconds: float = 1.0) -> Measurement:
    """Make a measurement of these native times in ms, each of which is the wall time too."""
    return Measurement(times, times, None, warmup=0, seconds=seconds, thermal=("nominal", "heavy"))


def test_quarters_are_of_time_and_not_of_calls() -> None:
    """Eight calls of 1 ms and four of 2 ms: half of the time each."""
    measured = of(*[1.0] * 8, *[2.0] * 4)

    assert [part.native_ms for part in parts(measured, 4)] == [(1.0,) * 4, (1.0,) * 4, (2.0,) * 2, (2.0,) * 2]


def test_a_call_longer_than_a_quarter_leaves_quarters_empty() -> None:
    """They are left out, and the last one is that of the last call."""
    measured = of(1.0, 9.0)

    assert quarter_medians(measured) == [1.0, 9.0]
    assert last_quarter(measured).native_ms == (9.0,)


def test_the_last_quarter_has_no_thermal_states() -> None:
    """A change of the whole must not make it inconclusive: becoming warm is what it is about."""
    assert not last_quarter(of(*[1.0] * 8)).thermal_changed


def test_no_time_has_no_quarters() -> None:
    """A clock that saw no time pass gives nothing to judge."""
    assert quarter_medians(of(0.0, 0.0)) == []
    with pytest.raises(ValueError, match="took no time"):
        last_quarter(of(0.0))


def test_the_slope_is_in_ms_a_minute() -> None:
    """10 ms at the start, 1 ms more after each second: 60 ms a minute."""
    times = [10.0]
    while sum(times) < 20_000:
        times.append(10.0 + sum(times) / 1000)

    assert time_slope(of(*times, seconds=20.0)) == pytest.approx(60, rel=0.02)


def test_single_slow_calls_are_no_slope() -> None:
    """One call in ten takes ten times as long."""
    assert time_slope(of(*[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0] * 40)) == 0.0


def test_one_call_has_no_slope() -> None:
    """Nothing is known of a change."""
    assert time_slope(of(5.0)) is None
    assert footprint_slope(Footprint((3,), (100,))) is None


def test_memory_grows_by_bytes_a_call() -> None:
    """4 kB a call, and one reading that is far off."""
    assert footprint_slope(Footprint((0, 10, 20, 30, 40), (0, 40_960, 900_000, 122_880, 163_840))) == 4096
