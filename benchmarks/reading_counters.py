"""Measure what reading the counters of observed devices costs, without the time of the system's own work.

Run manually, on any machine: `PYTHONPATH=tests/support python benchmarks/reading_counters.py [ROUNDS]`. The resource
usage is read through a double of the library, and the registry from a dump of 150 clients of the GPU, by a command that
only prints it. All of it is read four times in an observation, in a separate process, and never in a measurement.
"""

from __future__ import annotations

import plistlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standin.registry import client, neural_engine, usage
from standin.system_library import SystemLibrary, pack

from pytest_coreml.engine.server.counters.driver_registry import DriverRegistryReader
from pytest_coreml.engine.server.resource_usage import ResourceUsageReader
from pytest_coreml.machine.commands import run_limited

if TYPE_CHECKING:
    from collections.abc import Callable

PID = 4242
# As many as a busy Mac was seen to have.
CLIENTS = 150


def dump() -> bytes:
    """Return a registry with the properties that entries of a driver have."""
    more = {f"property {number}": number for number in range(20)}
    clients = [
        client("AGXDeviceUserClient", PID + number % 60, "python", AppUsage=[usage(number)] * 3, **more)
        for number in range(CLIENTS)
    ]
    return plistlib.dumps([{"IOObjectClass": "AGXAcceleratorG16X", "IORegistryEntryChildren": clients}])


def median_ms(work: Callable[[], Any], rounds: int) -> float:
    """Return the median CPU time of *work*, which other jobs change least."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times)


def main(rounds: int) -> None:
    """Print the time of each reader."""
    data = dump()
    usages = ResourceUsageReader(SystemLibrary(lambda: pack(neural_footprint=1)).proc_pid_rusage, 1e-6)
    few = plistlib.dumps(neural_engine([PID]))
    answers = {"IOAccelerator": data, "H1xANELoadBalancer": few}
    registry = DriverRegistryReader(print, lambda words, *_: answers[words[4]], PID)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data)
        print(f"Neural Engine footprint: {median_ms(usages.read, rounds):.3f} ms")
        parsed = median_ms(registry.read, rounds)
        print(f"registries of {len(data):,} and {len(few):,} bytes, parsed: {parsed:.2f} ms")
        command = median_ms(lambda: run_limited(("cat", str(path)), 5, 1 << 25), rounds)
        print(f"start of a command that prints one: {command:.2f} ms, twice a reading")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
