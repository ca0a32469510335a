"""Peak resident memory of this process."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def peak_bytes() -> int:
    """Return the highest resident memory of this process so far, in bytes."""
    if _STATUS.exists():
        # Not ru_maxrss: on Linux it begins with the peak of the process that started this one.
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on macOS, kibibytes elsewhere (getrusage(2) of each)
    return peak if sys.platform == "darwin" else peak * 1024


def reset_peak() -> int:
    """Reset the peak to the current resident memory where the system can; return the peak to count growth from."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")
    return peak_bytes()
