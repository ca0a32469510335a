"""The process that holds the host's lock: its identity, and its last response."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_MAX_COMMAND: Final = 100
# More often than this, the file is not touched.
_SIGN_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Holder:
    """A process that holds the lock. *pid* is None when the process has not written who it is."""

    pid: int | None = None
    command: str = ""
    run: str | None = None
    """The id that pytest-xdist gives to the run that the process works for, None without workers."""

    def __str__(self) -> str:
        state = _state(self.pid)
        if self.pid is None or state is None:
            return "another process"
        stopped = f", which is stopped; continue or end it: kill -CONT {self.pid}" if state == "stopped" else ""
        return f"process {self.pid} ({self.command}{stopped})"

    @property
    def is_of_this_run(self) -> bool:
        """True for another worker of the same run."""
        return self.run is not None and self.run == _run_id()


class HolderFile:
    """The file at *path*, in which the process with the lock names itself; its age is that of the last response."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._touched = 0.0

    def read(self) -> Holder:
        """Return the process that holds the lock."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return Holder(int(found["pid"]), str(found["command"]), found["run"])
        except (OSError, ValueError, TypeError, KeyError):
            # A process of another version, or one that is about to write it.
            return Holder()

    def sign(self) -> int | None:
        """Return a number that changes while the process that holds the lock measures."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None

    def write(self) -> None:
        """Write that this process holds the lock. It is only information: a failure does not matter."""
        with contextlib.suppress(OSError):
            self._path.write_text(json.dumps(asdict(Holder(os.getpid(), _command(), _run_id()))), encoding="utf-8")

    def touch(self) -> None:
        """Show that the process responds."""
        if time.monotonic() - self._touched >= _SIGN_SECONDS:
            self._touched = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self._path)

    def remove(self) -> None:
        """Remove the file, before the lock is released."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def _command() -> str:
    program, *words = sys.argv or [""]
    path = Path(program)
    name = path.parent.name if path.name == "__main__.py" else path.name
    return " ".join([name, *words])[:_MAX_COMMAND]


def _run_id() -> str | None:
    return os.environ.get("PYTEST_XDIST_TESTRUNUID")


def _state(pid: int | None) -> str | None:
    """Return the state of a process by psutil's name, None when there is none."""
    import psutil

    if pid is None:
        return None
    try:
        return str(psutil.Process(pid).status())
    except psutil.Error:
        return None
