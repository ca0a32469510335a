"""The memory of this process: the growth of its peak, and its growth from call to call."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.server.resource_usage import ResourceUsageReader
from pytest_coreml.facts.measurement import Footprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_STATM: Final = Path("/proc/self/statm")
# Enough to tell a steady growth from the growth of the first calls.
_READINGS: Final = 64


class FootprintMeter:
    """Readings of the memory of this process, at even intervals of *seconds*.

    On macOS the physical footprint, on Linux the resident memory that is not of files.
    """

    def __init__(self, read: Callable[[], int | None], seconds: float) -> None:
        self._read = read
        self._interval = seconds / _READINGS
        self._next = 0.0
        self._calls = array("q")
        self._bytes = array("q")

    @classmethod
    def open(cls, seconds: float) -> Self | None:
        """Return a meter, or None where the system does not report the memory."""
        reader = ResourceUsageReader.open()
        if reader is not None:
            return cls(lambda: usage.footprint_bytes if (usage := reader.try_read()) is not None else None, seconds)
        return cls(_anonymous_bytes, seconds) if _STATM.exists() else None

    def read(self, calls: int, elapsed: float) -> None:
        """Read the memory after *calls* if it is time to; *elapsed*: seconds since the start."""
        if elapsed < self._next:
            return
        self._next = elapsed + self._interval
        found = self._read()
        if found is not None:
            self._calls.append(calls)
            self._bytes.append(found)

    @property
    def footprint(self) -> Footprint | None:
        """The readings; None if there are less than two."""
        return Footprint(tuple(self._calls), tuple(self._bytes)) if len(self._calls) > 1 else None


def _anonymous_bytes() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        resident, of_files = map(int, _STATM.read_text().split()[1:3])
        return (resident - of_files) * os.sysconf("SC_PAGE_SIZE")
    return None


class PeakMemory:
    """The highest memory of this process since this was made.

    On macOS the physical footprint, which is what Activity Monitor calls memory, elsewhere and as a fallback the
    resident memory.
    """

    def __init__(self) -> None:
        reader = ResourceUsageReader.open()
        self._reader, self._usage = reader, reader.try_read() if reader is not None else None
        self._resident = reset_resident_peak()

    def growth_bytes(self) -> int:
        """Return by how many bytes the peak is above the memory at the start, at least 0."""
        after = self._reader.try_read() if self._reader is not None else None
        if self._usage is None or after is None:
            return max(0, resident_peak_bytes() - self._resident)
        # The peak is that of the whole life: where it is an older one, the memory of now is known.
        is_new = after.peak_footprint_bytes > self._usage.peak_footprint_bytes
        highest = after.peak_footprint_bytes if is_new else after.footprint_bytes
        return max(0, highest - self._usage.footprint_bytes)


def resident_peak_bytes() -> int:
    """Return the highest resident memory of this process so far, in bytes."""
    if _STATUS.exists():
        # Not ru_maxrss: on Linux it begins with the peak of the process that started this one.
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on macOS, kibibytes elsewhere (getrusage(2) of each)
    return peak if sys.platform == "darwin" else peak * 1024


def reset_resident_peak() -> int:
    """Reset the peak to the current resident memory where the system can; return the peak to count growth from."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")
    return resident_peak_bytes()
