"""The number of threads that execute a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

Threads = int | Literal["all"]
"""A number of threads, or `all` for one on each physical core."""

MAX_THREADS: Final = 1024
_CPUS: Final = Path("/sys/devices/system/cpu")


def count_threads(threads: Threads) -> int:
    """Return the number of *threads*, of the physical cores for `all`; raise `ValueError` for anything else."""
    if threads == "all":
        return physical_cores()
    if isinstance(threads, bool) or not isinstance(threads, int) or not 0 < threads <= MAX_THREADS:
        raise ValueError(f"threads: expected a whole number, 1 to {MAX_THREADS}, or 'all', got {threads!r}")
    return threads


def physical_cores(folder: Path = _CPUS) -> int:
    """Return the number of physical cores that this process may use; of logical ones where the system has no other.

    A container or `taskset` may leave a process fewer cores than the machine has, and ONNX Runtime counts those.
    """
    if not hasattr(os, "sched_getaffinity"):
        return _all_physical_cores()
    usable = os.sched_getaffinity(0)
    try:
        # Logical cores of one physical core have the same list of siblings.
        return len({(folder / f"cpu{cpu}/topology/thread_siblings_list").read_text() for cpu in usable})
    except OSError:
        return len(usable)


def _all_physical_cores() -> int:
    import psutil

    return psutil.cpu_count(logical=False) or os.cpu_count() or 1
