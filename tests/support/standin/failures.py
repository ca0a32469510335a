"""Failures at the stages that the scenario names."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from typing import TYPE_CHECKING

from standin.errors import from_framework
from standin.session import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from standin.scenario import Failure, Stage

_kept: list[bytearray] = []


class NoResultError(Exception):
    """The framework gives neither a result nor an error."""


def enter(
    stage: Stage, path: str = "", units: str = "", dress: Callable[[str], Exception] = from_framework, **facts: object
) -> None:
    """Note a native call, then let go wrong what the scenario wants."""
    session = current()
    session.note(stage, path=path, units=units, **facts)
    for index, failure in enumerate(session.scenario.failures):
        if failure.stage != stage or not _matches(failure, path, units):
            continue
        session.calls[index] += 1
        if failure.call in (None, session.calls[index]):
            _strike(failure, dress)


def _matches(failure: Failure, path: str, units: str) -> bool:
    return failure.units in (None, units) and (failure.model is None or failure.model in path)


def _strike(failure: Failure, dress: Callable[[str], Exception]) -> None:
    if failure.kind == "error":
        raise dress(failure.text)
    if failure.kind == "other_error":
        raise MemoryError(failure.text)
    if failure.kind == "none":
        raise NoResultError
    if failure.kind == "stdout":
        os.write(1, failure.text.encode())
        return
    if failure.kind == "grow":
        # Written, since pages that were never touched are not resident.
        _kept.append(bytearray(os.urandom(1) * (failure.megabytes * 10**6)))
        return
    os.write(2, failure.text.encode())
    _FATAL[failure.kind]()


def _hang() -> None:
    """Lock a mutex twice, with the GIL held: like a native deadlock, no signal handler of Python's ever runs."""
    libc = ctypes.PyDLL(None)
    mutex = ctypes.create_string_buffer(256)
    libc.pthread_mutex_init(mutex, None)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)


def _later(strike: Callable[..., object], *arguments: object) -> None:
    timer = threading.Timer(0.05, strike, arguments)
    timer.daemon = True
    timer.start()


_FATAL: dict[str, Callable[[], object]] = {
    "abort": os.abort,
    # A real bad access, not a raised signal: the address is what a null pointer plus offset looks like.
    "segfault": lambda: ctypes.string_at(8),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "exit_later": lambda: _later(os._exit, 7),
    "hang": _hang,
    "hang_later": lambda: _later(_hang),
    "bus": lambda: os.kill(os.getpid(), signal.SIGBUS),
    "trap": lambda: os.kill(os.getpid(), signal.SIGTRAP),
    "stderr": lambda: None,
}
