"""How long the threads of this process waited for a CPU."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_TASKS = Path("/proc/self/task")


class RunQueueDelay:
    """Reads how long the threads of this process have been runnable but not running, in total.

    On Linux it is the sum of the second field of `/proc/self/task/*/schedstat`, in ns
    (https://docs.kernel.org/scheduler/sched-stats.html). Other systems have no such reading that we could try.
    """

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}

    @staticmethod
    def available() -> bool:
        """Say whether this system has the reading, and keeps it."""
        if platform.system() != "Linux":
            return False
        try:
            own = (_TASKS / str(os.getpid()) / "schedstat").read_text().split()
        except OSError:
            return False
        # A kernel that keeps no schedule statistics shows zeros: a process that runs has run for some time.
        return int(own[0]) > 0

    def read_ms(self) -> float:
        """Give the delay so far, in ms."""
        return sum(self._read_ns(thread) for thread in os.listdir(_TASKS)) / 1e6  # noqa: PTH208 (names are enough)

    def close(self) -> None:
        """Close the files."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()

    def _read_ns(self, thread: str) -> int:
        try:
            if thread not in self._descriptors:
                self._descriptors[thread] = os.open(_TASKS / thread / "schedstat", os.O_RDONLY)
            return int(os.pread(self._descriptors[thread], 64, 0).split()[1])
        except OSError:
            # The thread has ended meanwhile: its delay ends with it.
            return 0
