"""A host-wide lock: only one process measures at a time.

The processes are the workers of pytest-xdist, and other runs of pytest by the same user. The operating system releases
the lock (`flock`) when the process that holds it ends, even by a crash. A process that is stopped keeps it: the others
wait until it has not responded for their time limit, and then measure without the lock.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.lock_holder import Holder, HolderFile
from pytest_coreml.errors import EngineError, hidden_for_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import BaseFileLock

__tracebackhide__ = hidden_for_ours

# How often a waiting process reports that it waits.
_REPORT_SECONDS = 0.5
_POLL_SECONDS = 0.02
# A wait that is longer is announced.
_ANNOUNCE_SECONDS = 2.0
DEFAULT_LIMIT: Final = 600.0


class HostLock:
    """The lock, as one process sees it. The lock file is created when first held, and stays, empty.

    *limit*: seconds without a response of the process that holds the lock, after which the others go on without it.
    *announce*: called with a line of text when a wait is long, when it ends, and when it is given up.
    """

    def __init__(self, limit: float = DEFAULT_LIMIT, announce: Callable[[str], None] = lambda _: None) -> None:
        self.given_up: list[str] = []
        """A remark for each time that something was measured without the lock."""
        self._limit = limit
        self._announce = announce
        self._lock: BaseFileLock | None = None
        self._holder_file = HolderFile(lock_folder() / "measuring.holder")
        self._depth = 0
        self._is_held = False
        self._last_sign: tuple[object, float] | None = None

    @contextlib.contextmanager
    def held(self, on_wait: Callable[[str], None]) -> Iterator[bool]:
        """Hold the lock in a block; blocks can be nested. Yields False when the wait for it was given up.

        *on_wait*: called repeatedly, with a description of the wait, while another process holds the lock.
        Raises `EngineError` when the lock file cannot be created.
        """
        if self._depth == 0:
            self._is_held = self._acquire(on_wait)
        self._depth += 1
        try:
            yield self._is_held
        finally:
            self._depth -= 1
            if self._depth == 0 and self._is_held:
                self._release()

    def give_sign(self) -> None:
        """Show the processes that wait that this one is still measuring; nothing happens while it does not."""
        if self._depth and self._is_held:
            self._holder_file.touch()

    def _acquire(self, on_wait: Callable[[str], None]) -> bool:
        lock = self._lock = self._lock or _make_lock()
        began = time.monotonic()
        is_announced = False
        # A process that did not respond before is not waited for a second time.
        while not _acquired(lock, 0 if self._has_no_sign_of_life() else min(_REPORT_SECONDS, self._limit)):
            holder, waited = self._holder_file.read(), time.monotonic() - began
            on_wait(f"waiting {waited:.0f} s for {holder} to finish measuring, before")
            if self._has_no_sign_of_life():
                self._give_up(holder)
                return False
            # Workers of one run wait for each other all the time.
            if not is_announced and waited >= _ANNOUNCE_SECONDS and not holder.is_of_this_run:
                is_announced = True
                self._announce(f"waiting for {holder} to finish measuring; {self._limit_text()}")
        self._last_sign = None
        self._holder_file.write()
        if is_announced:
            self._announce(f"waited {time.monotonic() - began:.0f} s for another process to finish measuring")
        return True

    def _release(self) -> None:
        assert self._lock is not None
        self._holder_file.remove()
        self._lock.release()

    def _has_no_sign_of_life(self) -> bool:
        """Return True if the process that holds the lock has not responded since the limit."""
        sign, now = self._holder_file.sign(), time.monotonic()
        # Kept when a wait is given up: the next measurement does not wait as long for the same process.
        if self._last_sign is None or self._last_sign[0] != sign:
            self._last_sign = (sign, now)
        return now - self._last_sign[1] >= self._limit

    def _give_up(self, holder: Holder) -> None:
        self._announce(f"measuring without waiting for {holder}: no response from it for {self._limit:g} s")
        # Without the command, which may name folders: this is for reports.
        self.given_up.append(
            "measured while another process held the lock for measuring, which did not respond for "
            f"{self._limit:g} s; that process may have disturbed the times"
        )

    def _limit_text(self) -> str:
        return f"without a response from it for {self._limit:g} s (--coreml-timeout), this run goes on"


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


def _acquired(lock: BaseFileLock, seconds: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=seconds, poll_interval=_POLL_SECONDS)
    except Timeout:
        return False
    except OSError as error:
        raise EngineError(f"cannot lock the host for measuring: {lock.lock_file}: {error}") from error
    return True
