"""A host-wide lock: only one process measures at a time.

The processes are the workers of pytest-xdist, and other runs of pytest by the same user. The operating system releases
the lock (`flock`) when the process that holds it ends, even by a crash.
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

# How often a waiting process reports that it waits.
_REPORT_SECONDS = 0.5
_POLL_SECONDS = 0.02


class HostLock:
    """The lock, as one process sees it. The lock file is created when first held, and stays, empty."""

    def __init__(self) -> None:
        self._lock: BaseFileLock | None = None

    @contextlib.contextmanager
    def held(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Hold the lock; *on_wait* is called repeatedly while another process holds it. Blocks can be nested.

        Raises `EngineError` when the lock file cannot be created.
        """
        lock = self._lock = self._lock or _make_lock()
        _acquire(lock, on_wait)
        try:
            yield
        finally:
            lock.release()


def lock_folder() -> Path:
    """Return the folder of the lock file: in the temporary folder, one for each user, who cannot share a file."""
    return Path(tempfile.gettempdir()) / f"pytest-coreml-of-{os.getuid()}"


def own_folder() -> Path:
    """Create `lock_folder()` if needed and return it. Raises `EngineError` if it fails or is another user's."""
    folder = lock_folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise EngineError(f"cannot lock the host for measuring: {folder}: {error.strerror or error}") from error
    # In a folder that all users can write to, another user may have put a folder or link of that name.
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
