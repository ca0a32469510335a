"""The time that the threads of this process waited for a CPU."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_coreml.engine.server.resource_usage import ResourceUsageReader

if TYPE_CHECKING:
    from typing_extensions import Self

_TASKS = Path("/proc/self/task")


class DelayReading(Protocol):
    """A reading of the time that threads were runnable but not running."""

    complete: bool
    """False after a reading that failed: what was read since is less than the delay."""

    def read_ms(self) -> float:
        """Return the delay so far, in ms."""

    def close(self) -> None:
        """Close what the reading holds open."""


class RunQueueDelay(DelayReading, Protocol):
    """The reading for all threads of this process."""

    @classmethod
    def open(cls) -> Self | None:
        """Return a reading, or None where the system does not report the value."""


def open_run_queue() -> RunQueueDelay | None:
    """Return how this system reports the delay, or None if it does not."""
    return LinuxRunQueue.open() or MacRunQueue.open()


class LinuxRunQueue:
    """The sum of the second field of `/proc/self/task/*/schedstat`, in ns.

    Source: https://docs.kernel.org/scheduler/sched-stats.html. Listing the threads takes longer than reading them, so
    it is done only when one has started or ended. The folder has a link for each thread, and two more.
    """

    complete = True

    def __init__(self) -> None:
        self._folder = os.open(_TASKS, os.O_RDONLY)
        self._links = 0
        self._files: list[int] = []

    @classmethod
    def open(cls) -> Self | None:
        """Return a reading, or None where the kernel does not count."""
        if platform.system() != "Linux":
            return None
        try:
            own = (_TASKS / str(os.getpid()) / "schedstat").read_text().split()
        except OSError:
            return None
        # A kernel without schedule statistics shows zeros, but a running process has run for some time.
        return cls() if int(own[0]) > 0 else None

    def read_ms(self) -> float:
        """Return the delay so far, in ms."""
        links = os.fstat(self._folder).st_nlink
        if links != self._links:
            self._list_threads()
            self._links = links
        try:
            return sum([int(os.pread(file, 64, 0).split(None, 2)[1]) for file in self._files]) / 1e6
        except OSError:
            # A thread has ended, and its delay with it. If another one has started, their number is the same.
            self._list_threads()
            return sum(_read_ns(file) for file in self._files) / 1e6

    def close(self) -> None:
        """Close the files."""
        self._close_files()
        os.close(self._folder)

    def _list_threads(self) -> None:
        self._close_files()
        for thread in os.listdir(self._folder):  # noqa: PTH208  (by the open folder)
            with contextlib.suppress(OSError):
                self._files.append(os.open(f"{thread}/schedstat", os.O_RDONLY, dir_fd=self._folder))

    def _close_files(self) -> None:
        while self._files:
            os.close(self._files.pop())


class MacRunQueue:
    """Runnable time less CPU time, as macOS counts them for the process."""

    def __init__(self, reader: ResourceUsageReader) -> None:
        self._reader = reader
        self._highest = 0.0
        self.complete = True

    @classmethod
    def open(cls) -> Self | None:
        """Return a reading, or None where the counters are unavailable."""
        reader = ResourceUsageReader.open()
        return cls(reader) if reader is not None else None

    def read_ms(self) -> float:
        """Return the delay so far, in ms.

        The runnable time of a thread that runs without a break is brought up to date later than its CPU time. The
        difference falls in between, and what it regains was no waiting: the highest difference so far counts.
        """
        usage = self._reader.try_read()
        if usage is None:
            self.complete = False
        else:
            self._highest = max(self._highest, usage.runnable_ms - usage.cpu_ms)
        return self._highest

    def close(self) -> None:
        """Do nothing: no file is open."""


def _read_ns(file: int) -> int:
    try:
        return int(os.pread(file, 64, 0).split()[1])
    except OSError:
        return 0
