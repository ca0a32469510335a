"""The counters of macOS for this process: `proc_pid_rusage`, which needs no root.

The structure is `rusage_info_v6` of the public header `sys/resource.h`: a UUID of 16 bytes, then 64-bit words. Times
are in mach units, which `mach_timebase_info` turns into nanoseconds. This was not tried on a Mac: a reading that
does not look as it should makes all of it unavailable.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARY: Final = "/usr/lib/libSystem.B.dylib"
_RUSAGE_INFO_V6: Final = 6
_UUID: Final = 16
_SIZE: Final = 464
# Room for a structure that has grown, so that one of another size is seen.
_ROOM: Final = 1024
# Which word of the structure has what, in the order of the header.
_USER_TIME, _SYSTEM_TIME = 0, 1
_FOOTPRINT, _LIFETIME_PEAK = 7, 28
_RUNNABLE_TIME = 34
_USER_PTIME, _SYSTEM_PTIME = 36, 37
_NEURAL_FOOTPRINT: Final = 44
# CPU time by two clocks of the system, read one after the other.
_SAME_CPU_MS: Final = 20.0
_SAME_CPU_SHARE: Final = 0.1
_MAX_BYTES: Final = 1 << 46


class ResourceUsage(NamedTuple):
    """The counters of a process at one moment."""

    cpu_ms: float
    """CPU time of all its threads, also of those that have ended."""
    runnable_ms: float
    """Time that its threads were runnable, including the time that they ran."""
    performance_cpu_ms: float
    """The part of the CPU time on performance cores; 0 where the kernel does not count it."""
    footprint_bytes: int
    """The value that Activity Monitor calls memory."""
    peak_footprint_bytes: int
    """The highest footprint of the life of the process."""
    neural_footprint_bytes: int
    """The memory of the process that is tagged as that of the Neural Engine."""


class ResourceUsageReader:
    """Reads the counters of this process. `open` returns one whose readings were checked."""

    def __init__(self, call: Callable[[int, int, Any], int], ms_per_unit: float) -> None:
        self._call = call
        self._ms_per_unit = ms_per_unit
        self._buffer = (ctypes.c_uint8 * _ROOM)()
        self._words = (ctypes.c_uint64 * ((_SIZE - _UUID) // 8)).from_buffer(self._buffer, _UUID)

    @classmethod
    def open(cls) -> ResourceUsageReader | None:
        """Return a reader, or None where this system does not have the counters, or has them in another form."""
        if platform.system() != "Darwin":
            return None
        try:
            library = ctypes.CDLL(_LIBRARY, use_errno=True)
            reader = cls(library.proc_pid_rusage, _ms_per_unit(library))
            return reader if reader.fits() else None
        except (OSError, AttributeError, ValueError):
            return None

    def read(self) -> ResourceUsage:
        """Return the counters. Raise `OSError` when the system refuses them."""
        if self._call(os.getpid(), _RUSAGE_INFO_V6, self._buffer) != 0:
            raise OSError(ctypes.get_errno(), "proc_pid_rusage")
        words, unit = self._words, self._ms_per_unit
        return ResourceUsage(
            cpu_ms=(words[_USER_TIME] + words[_SYSTEM_TIME]) * unit,
            runnable_ms=words[_RUNNABLE_TIME] * unit,
            performance_cpu_ms=(words[_USER_PTIME] + words[_SYSTEM_PTIME]) * unit,
            footprint_bytes=words[_FOOTPRINT],
            peak_footprint_bytes=words[_LIFETIME_PEAK],
            neural_footprint_bytes=words[_NEURAL_FOOTPRINT],
        )

    def try_read(self) -> ResourceUsage | None:
        """Return the counters, or None when the system refuses them."""
        try:
            return self.read()
        except OSError:
            return None

    def fits(self) -> bool:
        """Return True if the system fills a structure of the expected size with plausible values."""
        if self._written() != _SIZE:
            return False
        before, usage = time.process_time() * 1e3, self.read()
        later, after = self.read(), time.process_time() * 1e3
        return (
            _is_near(usage.cpu_ms, before, after)
            and 0 <= usage.performance_cpu_ms <= usage.cpu_ms + _SAME_CPU_MS
            # A runnable timer is brought up to date at the end of a time slice.
            and usage.runnable_ms >= (1 - _SAME_CPU_SHARE) * usage.cpu_ms - _SAME_CPU_MS
            and 0 < usage.footprint_bytes <= usage.peak_footprint_bytes <= _MAX_BYTES
            and usage.neural_footprint_bytes <= _MAX_BYTES
            and later.cpu_ms >= usage.cpu_ms
            and later.runnable_ms >= usage.runnable_ms
            and later.peak_footprint_bytes >= usage.peak_footprint_bytes
        )

    def _written(self) -> int:
        """Return the number of bytes that the system writes: those that differ from one of two patterns."""
        extents = []
        for pattern in (0xA5, 0x5A):
            ctypes.memset(self._buffer, pattern, _ROOM)
            self.read()
            extents.append(len(bytes(self._buffer).rstrip(bytes([pattern]))))
        return max(extents)


def _is_near(cpu_ms: float, before: float, after: float) -> bool:
    allowed = _SAME_CPU_MS + _SAME_CPU_SHARE * after
    return before - allowed <= cpu_ms <= after + allowed


class _Timebase(ctypes.Structure):
    _fields_ = (("numer", ctypes.c_uint32), ("denom", ctypes.c_uint32))


def _ms_per_unit(library: Any) -> float:
    timebase = _Timebase()
    if library.mach_timebase_info(ctypes.byref(timebase)) != 0 or not timebase.denom or not timebase.numer:
        raise ValueError("mach_timebase_info has no timebase")
    numer, denom = int(timebase.numer), int(timebase.denom)
    return numer / denom / 1e6
