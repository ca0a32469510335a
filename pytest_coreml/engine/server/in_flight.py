"""Several predictions in flight: a thread for each, which predicts again as soon as its prediction has ended."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.engine.server.measure import Call


class _Ended(NamedTuple):
    """A prediction that has ended: its native and wall time in ms, or its error, and the time in ns."""

    times: tuple[float, float]
    error: Exception | None
    at: int


class InFlight:
    """A `Call` that returns the times of the next prediction that ends, of all that run in threads."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._is_over = threading.Event()
        self._start = time.perf_counter_ns()
        self._last = self._start
        self._threads = [threading.Thread(target=self._repeat, args=(call,), daemon=True) for call in calls]

    def __call__(self) -> tuple[float, float]:
        """Wait for a prediction to end, and return native and wall time in ms. Raises the error of one that failed."""
        ended = self._ended.get()
        if ended.error is not None:
            raise ended.error
        self._last = ended.at
        return ended.times

    @property
    def elapsed_ms(self) -> float:
        """The time from the start to the end of the last prediction that was returned."""
        return (self._last - self._start) / 1e6

    @contextlib.contextmanager
    def running(self) -> Iterator[InFlight]:
        """Start the threads; at the end, wait for the predictions that are still in flight."""
        self._start = time.perf_counter_ns()
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _repeat(self, call: Call) -> None:
        while not self._is_over.is_set():
            try:
                times = call()
            except Exception as error:  # noqa: BLE001  (raised again by the thread that waits)
                self._ended.put(_Ended((0.0, 0.0), error, time.perf_counter_ns()))
                return
            self._ended.put(_Ended(times, None, time.perf_counter_ns()))
