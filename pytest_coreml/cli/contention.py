"""Prove that waiting for a CPU is seen on this machine: run a loop beside more busy processes than it has cores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.server.run_queue import open_run_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_PROCESSES_PER_CORE: Final = 2
# They end by themselves when this process is killed.
_BUSY: Final = "import signal; signal.alarm(20)\nwhile True: pass"


def waiting_share(seconds: float = 1.0) -> float | None:
    """Return the share of *seconds* that a loop in this process waits for a CPU, 0 to 1, beside two busy processes a
    core; None if this system does not report it."""
    delay = open_run_queue()
    if delay is None:
        return None
    with _busy_processes(BUSY_PROCESSES_PER_CORE * (os.cpu_count() or 1)):
        start, before = time.monotonic(), delay.read_ms()
        while time.monotonic() < start + seconds:
            pass
        waited, elapsed = delay.read_ms() - before, time.monotonic() - start
    delay.close()
    return min(1.0, waited / 1e3 / elapsed) if delay.complete else None


@contextlib.contextmanager
def _busy_processes(count: int) -> Iterator[None]:
    command = [sys.executable, "-I", "-S", "-c", _BUSY]
    processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
