"""Measuring, with a clock that the test advances."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.server import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def quiet(doing: str, done: int, total: int) -> None:
    """Take progress, and say nothing."""


def playing(times: Iterator[float]) -> measure.Call:
    """Make a call that took the next of *times*, native and wall alike."""

    def call() -> tuple[float, float]:
        time = next(times)
        return time, time

    return call


def once(call: measure.Call) -> Callable[[], AbstractContextManager[measure.Call]]:
    """Begin each sequence with the same call."""
    return lambda: nullcontext(call)


def test_warm_up_ends_when_times_stop_falling() -> None:
    """Twenty equal calls are enough: two windows that do not differ."""
    warm = measure.warm_up(playing(iter([5.0] * 100)), quiet)

    assert len(warm) == 20


def test_warm_up_goes_on_while_times_fall() -> None:
    """Times that keep falling are warmed up to the limit."""
    warm = measure.warm_up(playing(iter(0.97**n * 50 for n in range(200))), quiet)

    assert len(warm) == measure.MAX_WARMUPS


@pytest.mark.parametrize(("typical", "batch"), [(5.0, 1), (1.0, 1), (0.25, 4), (0.03, 34)])
def test_short_calls_are_batched_to_a_millisecond(typical: float, batch: int) -> None:
    """A sample is at least a millisecond of calls."""
    assert batch == measure.batch_for([typical] * 20)


@pytest.mark.parametrize("nanoseconds", [1_001, 30_003, 123_457, 300_001, 999_999])
def test_equal_calls_have_their_time_as_the_mean(nanoseconds: int) -> None:
    """To the last bit, whatever the size of the batch."""
    ms = nanoseconds / 1e6

    assert measure.sample(playing(itertools.repeat(ms)), measure.batch_for([ms] * 20)) == (ms, ms)


def test_samples_are_the_native_times_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reading of waiting there are exactly as many samples as asked for, and no wait times."""
    monkeypatch.setattr(measure, "open_run_queue", lambda: None)
    times = [9.0] * 20 + [float(n) for n in range(1, 11)]

    measured = measure.measure(once(playing(iter(times))), 10, 42.0, quiet)

    assert measured.native_ms == tuple(float(n) for n in range(1, 11))
    assert measured.wait_ms is None
    assert measured.warmup == 20
    assert measured.first_ms == 42.0


def test_a_disturbed_run_is_extended_to_three_times_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every call waited for a CPU, measuring ends at three times the planned calls."""

    class Waiting:
        total = 0.0
        complete = True

        def read_ms(self) -> float:
            Waiting.total += 1.0
            return Waiting.total

        def close(self) -> None:
            pass

    monkeypatch.setattr(measure, "open_run_queue", Waiting)

    measured = measure.measure(once(playing(iter([2.0] * 1000))), 40, None, quiet)

    assert len(measured.native_ms) == 120
    assert measured.undisturbed == 0
    assert not measured.usable


def test_the_order_within_a_pair_alternates() -> None:
    """Neither model is always the first of a pair, and each keeps its own times."""
    order: list[str] = []

    def timed(name: str, ms: float) -> measure.Call:
        def call() -> tuple[float, float]:
            order.append(name)
            return ms, ms

        return call

    pairs = measure.measure_pairs(timed("current", 2.0), timed("other", 3.0), 4, quiet)

    assert order[-8:] == ["current", "other", "other", "current"] * 2
    assert (pairs.current_ms, pairs.other_ms) == ((2.0,) * 4, (3.0,) * 4)


def test_a_sustained_load_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of 40 ms fill a second with 25 of them, after the warm-ups; the memory is read before the first call."""
    clock = [100.0]
    monkeypatch.setattr(measure.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(measure, "open_run_queue", lambda: None)

    def call() -> tuple[float, float]:
        clock[0] += 0.040_001
        return 40.0, 40.0

    measured = measure.measure(once(call), measure.Duration(1.0), 1.0, quiet)

    assert (len(measured.native_ms), measured.seconds) == (25, 1.0)
    assert measured.footprint is not None
    assert measured.footprint.calls == tuple(range(26))


def test_a_long_load_of_short_calls_has_few_samples() -> None:
    """A minute of calls of 1 ms: each sample is the mean of 20 of them, so that 3,000 samples fill the minute."""
    assert measure.batch_for([1.0] * 20, 1e3 * 60 / measure.MAX_SAMPLES) == 20
