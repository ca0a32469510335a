"""Growth of the peak memory of this process."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

from pytest_coreml.engine.server.resource_usage import ResourceUsageReader

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


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
