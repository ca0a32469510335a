"""The clock that counts native time."""

from __future__ import annotations

import time

import pytest

from pytest_coreml.engine.protocol import Prediction
from pytest_coreml.session.native_clock import NativeClock


def test_only_native_time_of_a_prediction_passes() -> None:
    """A prediction that took 100 s, 2 of them native, moves the clock by 2 s less 100."""
    clock = NativeClock()
    before = clock()

    clock.record("model", Prediction({}, native_ms=2_000.0, wall_ms=3_000.0), since=time.perf_counter() - 100)

    # The 100 s have not really passed; what passes between the lines is far less than a second, on any machine.
    assert clock() - before == pytest.approx(2 - 100, abs=1)


def test_predictions_are_kept_while_watched() -> None:
    """Before and after nothing is kept, so that memory does not grow."""
    clock, now = NativeClock(), time.perf_counter()
    one = Prediction({}, native_ms=1.0, wall_ms=2.0)

    clock.record("a", one, now)
    clock.start_recording()
    clock.record("b", one, now)

    assert [seen.model for seen in clock.stop_recording()] == ["b"]
    assert clock.stop_recording() == []
