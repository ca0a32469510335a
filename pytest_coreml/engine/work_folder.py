"""Temporary folders that the next run removes, where the process that made them was killed.

Each folder has a file that its maker has locked (`flock`). The operating system releases the lock when the maker ends,
in whatever way, so a folder whose lock is free is abandoned.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "pytest-coreml-"
_LOCK_NAME: Final = "maker.lock"


class WorkFolder:
    """A new folder in the temporary folder, locked by this process. A `with` block has its path, and removes it.

    *kind*: a word in its name that tells folders of different uses apart.
    """

    def __init__(self, kind: str = "") -> None:
        self.path: Final = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}"))
        self._maker = os.getpid()
        self._lock: int | None = _lock_as_maker(self.path)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder; later calls do nothing, and neither do those of a forked child."""
        if os.getpid() != self._maker:
            return
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_abandoned() -> None:
    """Remove the work folders of this user whose makers have ended. What cannot be read or removed is left alone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    # In a folder that all users can write to, another user may have put a link of that name.
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return
    lock = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    finally:
        os.close(lock)


def _lock_as_maker(folder: Path) -> int:
    # Locked before it gets its name: no other process ever sees it unlocked.
    unnamed = folder / f"{_LOCK_NAME}.new"
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    # On a file system without locks the folder is usable, and no later run removes it.
    with contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(folder / _LOCK_NAME)
    return lock


def _remove(folder: Path) -> None:
    # A killed process may still be writing while its exit completes; one more try is enough.
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
