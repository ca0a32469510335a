"""Turns: on one host, what is measured is measured by one process at a time.

The processes are the workers of pytest-xdist, and other runs of pytest by the same user. The lock is one of the
operating system (`flock`), which goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import BaseFileLock

# How often somebody who waits says so.
_REPORT_SECONDS = 0.5
_POLL_SECONDS = 0.02


class HostLock:
    """The turns of this process. The lock file is made when the first turn is taken, and stays, empty, for the next."""

    def __init__(self) -> None:
        self._lock: BaseFileLock | None = None

    @contextlib.contextmanager
    def held(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Hold the turn; *on_wait* is called again and again while another process has it. Turns can be nested.

        Raises `EngineError` when the lock file cannot be made.
        """
        lock = self._lock = self._lock or _make_lock()
        _acquire(lock, on_wait)
        try:
            yield
        finally:
            lock.release()


def lock_folder() -> Path:
    """Give the folder of the lock file: in the temporary folder, one for each user, since users cannot share a file."""
    return Path(tempfile.gettempdir()) / f"pytest-coreml-of-{os.getuid()}"


def own_folder() -> Path:
    """Give the same, made now if it is not there; `EngineError` when it cannot be, or is not this user's."""
    folder = lock_folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise EngineError(f"cannot lock the host for measuring: {folder}: {error.strerror or error}") from error
    # Where everybody may write, somebody else may have put a folder or link of that name.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EngineError(
            f"cannot lock the host for measuring: {folder} is not a folder of this user; "
            "remove it, or choose another temporary folder with the environment variable TMPDIR"
        )
    return folder


def _make_lock() -> BaseFileLock:
    from filelock import FileLock

    return FileLock(own_folder() / "measuring.lock")


def _acquire(lock: BaseFileLock, on_wait: Callable[[], None]) -> None:
    while not _acquired(lock):
        on_wait()


def _acquired(lock: BaseFileLock) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=_REPORT_SECONDS, poll_interval=_POLL_SECONDS)
    except Timeout:
        return False
    except OSError as error:
        raise EngineError(f"cannot lock the host for measuring: {lock.lock_file}: {error}") from error
    return True
