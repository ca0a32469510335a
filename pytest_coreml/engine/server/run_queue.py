"""The time that the threads of this process waited for a CPU."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_TASKS = Path("/proc/self/task")


class RunQueueDelay:
    """The total time that the threads of this process were runnable but not running.

    On Linux it is the sum of the second field of `/proc/self/task/*/schedstat`, in ns
    (https://docs.kernel.org/scheduler/sched-stats.html). No such value of other systems has been tried.
    """

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}

    @staticmethod
    def available() -> bool:
        """Return whether this system reports the value."""
        if platform.system() != "Linux":
            return False
        try:
            own = (_TASKS / str(os.getpid()) / "schedstat").read_text().split()
        except OSError:
            return False
        # A kernel without schedule statistics shows zeros, but a running process has run for some time.
        return int(own[0]) > 0

    def read_ms(self) -> float:
        """Return the delay so far, in ms."""
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
            # The thread has ended, and its delay with it.
            return 0
