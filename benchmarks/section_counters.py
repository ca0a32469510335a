"""Measure what the counters of the measuring process cost around a section: opened, read before and after, closed.

Run manually: `PYTHONPATH=tests/support python benchmarks/section_counters.py [ROUNDS]`. Promised: less than 5 ms.
On Linux the counters are those of the kernel; the same is then done as on a Mac, over a double of the system's library,
which shows what our side of it costs. CPU time, since waiting for other jobs does not count.
"""

from __future__ import annotations

import ctypes
import platform
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from standin.system_library import SystemLibrary, mach_units, pack

from pytest_coreml.engine.server import resource_usage
from pytest_coreml.engine.server.core_kinds import CoreKinds
from pytest_coreml.engine.server.memory import FootprintMeter, PeakMemory
from pytest_coreml.engine.server.run_queue import open_run_queue

if TYPE_CHECKING:
    from collections.abc import Callable


def read_around_a_section() -> None:
    """Read everything that `measure` and `load` read, before and after."""
    queue, cores, memory, meter = open_run_queue(), CoreKinds(), PeakMemory(), FootprintMeter.open(1.0)
    assert queue is not None
    assert meter is not None
    for elapsed in (0.0, 1.0):
        queue.read_ms()
        meter.read(1, elapsed)
    cores.efficiency_share()
    memory.growth_bytes()
    queue.close()


def quantiles_ms(work: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the median and the 90 % quantile of the CPU time of *work*, in ms."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times), statistics.quantiles(times, n=10)[-1]


def usage() -> bytes:
    """Return the usage of this process in the form of macOS."""
    cpu = mach_units(time.process_time() * 1e3)
    sizes = {"phys_footprint": 1 << 26, "lifetime_max_phys_footprint": 1 << 26}
    return pack(user_time=cpu, runnable_time=cpu, user_ptime=cpu, **sizes)


def become_a_mac() -> None:
    """Let this process read its counters as on a Mac."""
    load = ctypes.CDLL
    platform.system = lambda: "Darwin"

    def find(name: Any, *arguments: Any, **options: Any) -> Any:
        return SystemLibrary(usage) if name == resource_usage._LIBRARY else load(name, *arguments, **options)

    ctypes.CDLL = find  # type: ignore[misc, assignment]


def main(rounds: int) -> None:
    """Print the times of both systems."""
    for name, prepare in (("Linux", lambda: None), ("a simulated Mac", become_a_mac)):
        prepare()
        median, p90 = quantiles_ms(read_around_a_section, rounds)
        print(f"{name}: median {median:.2f} ms, p90 {p90:.2f} ms, {rounds} rounds")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
