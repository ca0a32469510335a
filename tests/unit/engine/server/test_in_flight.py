"""Several predictions in flight."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.server.in_flight import InFlight
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from pytest_coreml.engine.server.measure import Call


def test_as_many_predictions_run_at_the_same_time_as_there_are_calls() -> None:
    """Three calls that wait for each other end only if all three run at once."""
    together = threading.Barrier(3, timeout=30)

    def call() -> tuple[float, float]:
        together.wait()
        return 2.0, 3.0

    with InFlight([call] * 3).running() as in_flight:
        assert [in_flight() for _ in range(9)] == [(2.0, 3.0)] * 9
        # The threads that wait now would wait for ever.
        together.abort()


def test_the_elapsed_time_ends_with_the_last_prediction_that_was_returned() -> None:
    """Two at a time, of 20 ms each: ten take at least 100 ms, and what is in flight afterwards does not count."""

    def call() -> tuple[float, float]:
        time.sleep(0.02)
        return 20.0, 20.0

    with InFlight([call, call]).running() as in_flight:
        for _ in range(10):
            in_flight()
        before = in_flight.elapsed_ms
        time.sleep(0.1)

    assert before == in_flight.elapsed_ms
    assert 100 <= before < 10 * 20 + 1000


def test_the_error_of_a_prediction_is_raised_once_all_have_ended() -> None:
    """The other threads stop as well."""
    ended: list[str] = []

    def fail() -> tuple[float, float]:
        raise ModelError("no luck")

    def succeed() -> tuple[float, float]:
        time.sleep(0.001)
        return 1.0, 1.0

    def noted(call: Call) -> Call:
        def repeated() -> tuple[float, float]:
            try:
                return call()
            finally:
                ended.append(threading.current_thread().name)

        return repeated

    with InFlight([noted(fail), noted(succeed)]).running() as in_flight, pytest.raises(ModelError, match="no luck"):
        list(iter(in_flight, None))
    count = len(ended)
    time.sleep(0.02)
    assert len(ended) == count
