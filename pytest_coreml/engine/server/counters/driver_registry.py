"""The clients of the drivers of GPU and Neural Engine in the registry of macOS, which every user can read.

`ioreg -a` writes a property list: a list of entries, each a dictionary of its properties, with the entries below it in
`IORegistryEntryChildren`. The clients of a driver are entries below it that are not found by their own class; each
names its process in `IOUserClientCreator`, as "pid 4242, python3.11". A client of the GPU has the nanoseconds that the
GPU worked for it, since it was opened: `accumulatedGPUTime`, by API in `AppUsage` on Apple silicon.
"""

from __future__ import annotations

import os
import reprlib
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.counters.counter_reader import Reading
from pytest_coreml.engine.server.counters.registry_dump import RegistryDump
from pytest_coreml.facts.observed import Counter
from pytest_coreml.machine.commands import run_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Runs a command; returns its stdout, or None with a note.
    RunLimited = Callable[[Sequence[str]], bytes | str]

GPU_TIME: Final = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6)
CLIENTS: Final = Counter("Neural Engine driver clients", "neuralEngine", "process", "connection", "clients", 1.0)
_GPU: Final = ("ioreg", "-a", "-r", "-c", "IOAccelerator", "-l")
_NEURAL_ENGINE: Final = ("ioreg", "-a", "-r", "-c", "H1xANELoadBalancer", "-l")
# The clients of other classes are those of the system's own service.
_CLIENT_CLASS: Final = "H1xANELoadBalancerDirectPathClient"
MAX_BYTES: Final = 32 * 1024 * 1024
SECONDS: Final = 2.0
# Nanoseconds in 64 bits with a sign.
_MAX_TIME: Final = 1 << 63


class DriverRegistryReader:
    """Reads GPU time and driver clients of this process. *note*: gets why one cannot be read.

    A command that fails, takes longer than two seconds, or writes something else is not run again.
    """

    def __init__(
        self,
        note: Callable[[str], None],
        run: Callable[[Sequence[str], float, int], bytes] = run_limited,
        pid: int | None = None,
    ) -> None:
        self._note = note
        self._run = run
        self._pid = pid if pid is not None else os.getpid()
        self._failed: set[str] = set()

    def read(self) -> Sequence[Reading]:
        """Return the readings of the two drivers, of those that the machine has."""
        gpu = self._value(GPU_TIME, _GPU, gpu_time)
        clients = self._value(CLIENTS, _NEURAL_ENGINE, count_clients)
        return [*gpu, *clients]

    def _value(
        self, counter: Counter, command: Sequence[str], read: Callable[[RegistryDump, int], float | None]
    ) -> Sequence[Reading]:
        if counter.name in self._failed:
            return []
        try:
            value = read(RegistryDump(self._run(command, SECONDS, MAX_BYTES)), self._pid)
        except (OSError, ValueError) as error:
            return self._give_up(counter, str(error))
        if value is None:
            return self._give_up(counter, "the registry has no such driver")
        return [Reading(counter, value)]

    def _give_up(self, counter: Counter, why: str) -> Sequence[Reading]:
        self._failed.add(counter.name)
        self._note(f"{counter.name}: {why}")
        return []


def gpu_time(dump: RegistryDump, pid: int) -> float | None:
    """Return the nanoseconds of all clients of *pid*; None where no client of any process has a time.

    Raises `ValueError` for a time that is not a number, or negative.
    """
    if not dump.has_gpu_times:
        return None
    return sum(_time(time) for entry in dump.entries(pid) for time in _gpu_times(entry))


def count_clients(dump: RegistryDump, pid: int) -> float | None:
    """Return the number of connections of *pid* to the Neural Engine's driver; None without the driver."""
    if dump.is_empty:
        return None
    return float(sum(entry.get("IOObjectClass") == _CLIENT_CLASS for entry in dump.entries(pid)))


def _gpu_times(entry: dict[str, Any]) -> list[Any]:
    """Return the times of a client."""
    if "accumulatedGPUTime" in entry:
        return [entry["accumulatedGPUTime"]]
    usage = entry.get("AppUsage")
    if not isinstance(usage, list):
        return []
    return [each.get("accumulatedGPUTime", 0) for each in usage if isinstance(each, dict)]


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_TIME:
        raise ValueError(f"the registry has {reprlib.repr(value)} as a time")
    return float(value)
