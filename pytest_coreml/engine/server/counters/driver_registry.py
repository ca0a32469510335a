"""The clients of the drivers of GPU and Neural Engine in the registry of macOS, which every user can read.

`ioreg -a` writes a property list: a list of entries, each a dictionary of its properties, with the entries below it in
`IORegistryEntryChildren`. The clients of a driver are entries below it that are not found by their own class; each
names its process in `IOUserClientCreator`, as "pid 4242, python3.11". A client of the GPU has the nanoseconds that the
GPU worked for it, since it was opened: `accumulatedGPUTime`, by API in `AppUsage` on Apple silicon.
"""

from __future__ import annotations

import os
import plistlib
import re
import reprlib
from typing import TYPE_CHECKING, Any, Final
from xml.parsers.expat import ExpatError

from pytest_coreml.engine.server.counters.counter_reader import Reading
from pytest_coreml.facts.observed import Counter
from pytest_coreml.machine.commands import run_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    # Runs a command; returns its stdout, or None with a note.
    RunLimited = Callable[[Sequence[str]], bytes | str]

GPU_TIME: Final = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6)
CLIENTS: Final = Counter("Neural Engine driver clients", "neuralEngine", "process", "connection", "clients", 1.0)
_GPU: Final = ("ioreg", "-a", "-r", "-c", "IOAccelerator", "-l")
_NEURAL_ENGINE: Final = ("ioreg", "-a", "-r", "-c", "H1xANELoadBalancer", "-l")
# The clients of other classes are those of the system's own service.
_CLIENT_CLASS: Final = "H1xANELoadBalancerDirectPathClient"
_CREATOR: Final = re.compile(r"\s*pid (\d{1,10})\b")
_CHILDREN: Final = "IORegistryEntryChildren"
MAX_BYTES: Final = 32 * 1024 * 1024
SECONDS: Final = 2.0
# Nanoseconds in 64 bits with a sign.
_MAX_TIME: Final = 1 << 63
# Entries of a registry are some dozens deep.
_MAX_DEPTH: Final = 200


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
        self, counter: Counter, command: Sequence[str], read: Callable[[list[Any], int], float | None]
    ) -> Sequence[Reading]:
        if counter.name in self._failed:
            return []
        try:
            value = read(_entries(self._run(command, SECONDS, MAX_BYTES)), self._pid)
        except (OSError, ValueError) as error:
            return self._give_up(counter, str(error))
        if value is None:
            return self._give_up(counter, "the registry has no such driver")
        return [Reading(counter, value)]

    def _give_up(self, counter: Counter, why: str) -> Sequence[Reading]:
        self._failed.add(counter.name)
        self._note(f"{counter.name}: {why}")
        return []


def gpu_time(entries: list[Any], pid: int) -> float | None:
    """Return the nanoseconds of all clients of *pid*; None where no client of any process has a time.

    Raises `ValueError` for a time that is not a number, or negative.
    """
    total, has_times = 0.0, False
    for entry in _walk(entries):
        creator, times = _creator(entry), _gpu_times(entry)
        if creator is None or times is None:
            continue
        has_times = True
        if creator == pid:
            total += sum(map(_time, times))
    return total if has_times else None


def count_clients(entries: list[Any], pid: int) -> float | None:
    """Return the number of connections of *pid* to the Neural Engine's driver; None without the driver."""
    if not entries:
        return None
    clients = [entry for entry in _walk(entries) if entry.get("IOObjectClass") == _CLIENT_CLASS]
    return float(sum(_creator(entry) == pid for entry in clients))


def _gpu_times(entry: dict[str, Any]) -> list[Any] | None:
    """Return the times of a client, None for an entry that has none."""
    if "accumulatedGPUTime" in entry:
        return [entry["accumulatedGPUTime"]]
    usage = entry.get("AppUsage")
    if not isinstance(usage, list):
        return None
    return [each.get("accumulatedGPUTime", 0) for each in usage if isinstance(each, dict)]


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_TIME:
        raise ValueError(f"the registry has {reprlib.repr(value)} as a time")
    return float(value)


def _creator(entry: dict[str, Any]) -> int | None:
    match = _CREATOR.match(text) if isinstance(text := entry.get("IOUserClientCreator"), str) else None
    return int(match.group(1)) if match else None


def _walk(entries: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if not isinstance(entries, list) or depth > _MAX_DEPTH:
        return
    for entry in entries:
        if isinstance(entry, dict):
            yield entry
            yield from _walk(entry.get(_CHILDREN), depth + 1)


def _entries(data: bytes) -> list[Any]:
    """Return the entries of a dump, none for an empty one: no entry has the class. Raises `ValueError`."""
    if not data.strip():
        return []
    try:
        found = plistlib.loads(data)
    # plistlib lets out whatever its handlers of elements stumble over.
    except (ExpatError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"ioreg did not write a property list: {type(error).__name__}") from error
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise ValueError(f"ioreg wrote a {type(found).__name__} in place of a list of entries")  # noqa: TRY004
    return found
