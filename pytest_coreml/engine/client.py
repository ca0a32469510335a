"""Ask an engine and wait for its answer, within a time limit; survive an engine that crashes or hangs."""

from __future__ import annotations

import os
import threading
from multiprocessing.reduction import ForkingPickler
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pytest_coreml.engine.process import EngineProcess
from pytest_coreml.engine.protocol import Done, Failed, Hello, Progress, RecordedDone, Request
from pytest_coreml.errors import (
    CoreMLTestError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    InputError,
    ModelError,
    UnfitVariantError,
    hidden_for_ours,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.facts.runtime import RuntimeFacts
    from pytest_coreml.facts.timeline import Recording

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")

_ERRORS = {"model": ModelError, "input": InputError, "engine": EngineError, "variant": UnfitVariantError}


class Engine:
    """One engine process, started by the first `ask`.

    Threads may share it: one request and its answer are one critical section, and the others wait.

    *runtime*: `auto`, `coreml` or `reference`. *timeout*: seconds without a response before the process is killed.
    *arguments*: further words for its command line. *environment*: further variables of its environment. *recorded*:
    gets what the engine has recorded for a timeline; None for no timeline.
    """

    def __init__(
        self,
        runtime: str,
        timeout: float,
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
        recorded: Callable[[Recording], None] | None = None,
    ) -> None:
        self.runtime = runtime
        self.timeout = timeout
        self.load_timeout: float | None = None
        """Seconds without a response to a request that loads a model; None for *timeout*."""
        self.subject = "the engine"
        self.facts: RuntimeFacts | None = None
        self.dead: str | None = None
        # True if it is dead since this process was interrupted, for which its model is not to blame.
        self.interrupted = False
        self._doing = ""
        self._limit = timeout
        self._arguments = arguments if recorded is None else (*arguments, "--timeline")
        self._recorded = recorded
        self._environment = environment
        self._process: EngineProcess | None = None
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._is_asked = False

    def start(self) -> RuntimeFacts:
        """Start the process and wait until it has imported coremltools; later calls return the same facts."""
        self._refuse_forked()
        with self._lock:
            if self._process is None:
                self._process = EngineProcess(self.runtime, self.timeout, self._arguments, self._environment)
                self.facts = self._converse(self._process, Hello(), None)
            assert self.facts is not None, "an engine that failed to start is not asked again"
            return self.facts

    def ask(self, request: Request[T], on_progress: Callable[[Progress], None] | None = None) -> T:
        """Send *request* and return its answer.

        Raises `ModelError`, `InputError` or `EngineError` as the engine reports, `EngineTimeoutError` when the time
        limit is over, and `EngineDiedError` when the process ends. After the last two the engine cannot be used again.
        Raises `EngineError` in a forked child, and in a signal handler that interrupted another request.
        """
        self._refuse_forked()
        with self._lock:
            if self.dead:
                raise EngineDiedError(self.dead)
            self.start()
            assert self._process is not None
            return self._converse(self._process, request, on_progress)

    def close(self) -> None:
        """End the process, and remove all that it left behind."""
        # The engine belongs to the process that started it: a forked child must not end it.
        if os.getpid() != self._owner:
            return
        with self._lock:
            if self._process is not None:
                self._process.end()

    def _refuse_forked(self) -> None:
        # Before the lock is taken: another thread of the parent may have held it at the fork.
        if os.getpid() != self._owner:
            raise EngineError(
                f"{self.subject}: a forked child process cannot use the engine of its parent; "
                "predict in the parent, or start the child with multiprocessing's method 'spawn'"
            )

    def _converse(
        self, process: EngineProcess, request: Request[T], on_progress: Callable[[Progress], None] | None
    ) -> T:
        if self._is_asked:
            raise EngineError(f"{self.subject}: asked while the same thread waits for an answer ({self._doing})")
        self._is_asked = True
        try:
            return self._answer(process, request, on_progress)
        finally:
            self._is_asked = False

    def _answer(self, process: EngineProcess, request: Request[T], on_progress: Callable[[Progress], None] | None) -> T:
        self._doing = request.doing
        timeout = self.load_timeout if request.loads and self.load_timeout is not None else self.timeout
        self._limit = max(timeout, request.min_timeout)
        if self.facts is not None and process.has_ended:
            raise self._died(process, f"between two steps, before {self._doing}")
        # What cannot be pickled is an error of the caller, before anything is sent.
        message = ForkingPickler.dumps(request)
        try:
            reply = self._exchange(process, message, on_progress)
        except (EOFError, ConnectionError):
            raise self._died(process, f"while {self._doing}") from None
        except BlockingIOError:
            raise self._timed_out(process) from None
        except BaseException:
            # Ctrl-C, or a plugin's time limit: the pending answer would be taken for that of the next request.
            self.interrupted = True
            self._give_up(process, f"the engine process was interrupted while {self._doing} {self.subject}")
            raise
        if isinstance(reply, Failed):
            raise self._error(reply)
        if self._recorded is not None and isinstance(reply, RecordedDone):
            self._recorded(reply.recording)
        value: T = reply.value
        return value

    def _exchange(
        self, process: EngineProcess, message: memoryview, on_progress: Callable[[Progress], None] | None
    ) -> Done | Failed:
        """Send *message* and return the answer. Raises `BlockingIOError` when the time limit is over."""
        process.connection.send_bytes(message)
        while True:
            if not process.connection.poll(self._limit):
                raise BlockingIOError
            reply = process.connection.recv()
            if isinstance(reply, (Done, Failed)):
                return reply
            if isinstance(reply, Progress):
                self._doing = reply.doing
                if on_progress:
                    on_progress(reply)

    def _error(self, failed: Failed) -> CoreMLTestError:
        if failed.kind == "memory":
            return EngineError(f"the engine process ran out of memory while {self._doing} {self.subject}")
        return _ERRORS[failed.kind](failed.message)

    def _timed_out(self, process: EngineProcess) -> EngineTimeoutError:
        text = (
            f"the engine process did not respond for {self._limit:g} s while {self._doing} {self.subject} "
            f"and was killed{_output_text(process)}\n  to allow more time: --coreml-timeout={self._limit * 2:g}"
        )
        self._give_up(process, text)
        return EngineTimeoutError(text)

    def _died(self, process: EngineProcess, when: str) -> EngineDiedError:
        text = f"the engine process {process.exit_text()} {when} {self.subject}{_output_text(process)}"
        self._give_up(process, text)
        return EngineDiedError(text)

    def _give_up(self, process: EngineProcess, why: str) -> None:
        self.dead = why
        process.kill()


def _output_text(process: EngineProcess) -> str:
    lines = process.last_lines()
    return "".join(["\n  its last output:", *(f"\n    {line}" for line in lines)]) if lines else ""
