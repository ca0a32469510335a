"""Completion handlers, which Core ML calls on its threads."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Completion:
    """The answer to one asynchronous call.

    It belongs to one call, so that a handler which is called again, or late, cannot be taken for the answer to another
    one. There is no time limit here: an engine that does not respond is killed as a whole, and a late answer with it.
    """

    calls = 0
    """The number of times that Core ML has called the handler."""

    def __init__(self) -> None:
        self._result: Any = None
        self._error: Any = None
        self._at = 0
        self._done = threading.Event()

    def make_handler(self) -> Callable[[Any, Any], None]:
        """Return the handler: a plain function, since PyObjC counts its arguments.

        It is not kept here. A cycle would keep the outputs of predictions until Python collects garbage.
        """

        def handler(result: Any, error: Any) -> None:
            now = time.perf_counter_ns()
            self.calls += 1
            if self.calls == 1:
                self._result, self._error, self._at = result, error, now
                self._done.set()

        return handler

    def wait(self) -> tuple[Any, Any, int]:
        """Wait for the answer; return result, error, and when the handler was called, by `perf_counter_ns`."""
        self._done.wait()
        return self._result, self._error, self._at
