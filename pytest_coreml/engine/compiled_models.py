"""Compiled models that are kept between runs, in one folder of the user.

Core ML specializes a compiled model for the device at its first load, which takes seconds to minutes, and recognizes it
later by its files: a copy of them is specialized again. A compiled model is therefore written once, and loaded from
where it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.engine.cache_folder import is_cache_folder, is_own, make_cache_folder
from pytest_coreml.engine.kept_entry import Compilation, Entry
from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEFAULT_GIGABYTES: Final = 10.0
_BUILDING: Final = "building-"
_LOCKS: Final = "locks"
# How often a waiting process reports that it waits.
_REPORT_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.02


class CacheRules(NamedTuple):
    """The rules for keeping compiled models."""

    system: str
    """The build of the operating system."""
    max_bytes: float = DEFAULT_GIGABYTES * 1e9
    """The total size beyond which those that were not used for the longest time are removed when one is stored."""
    max_wait: float = 600.0
    """Seconds to wait for another process that compiles the same model."""


class KeptModel(NamedTuple):
    """An entry as a list shows it."""

    entry: Entry
    """The entry."""
    compilation: Compilation | None
    """Its source; None for a damaged entry."""
    size_bytes: int
    """The size of its files."""
    used: float
    """The time at which it was last used, in seconds since the epoch."""


class CompiledModels:
    """The compiled models in *folder*, which is created when the first one is stored."""

    def __init__(self, folder: Path, rules: CacheRules) -> None:
        self.folder: Final = folder
        self._rules = rules
        # Open until the process ends, and so are the locks.
        self._held: dict[str, int] = {}

    def use(self, wanted: Compilation, compile_to: Callable[[Path], object], on_wait: Callable[[], None]) -> Path:
        """Return the path of a compiled model, which no other process removes before this one ends.

        *compile_to*: compiles it to a path in a new folder if it is not there. *on_wait*: called repeatedly while
        another process compiles it. Raises `EngineError` if it cannot be kept, and what *compile_to* raises.
        """
        try:
            make_cache_folder(self.folder)
            return self._use(wanted, compile_to, on_wait)
        except OSError as error:
            raise EngineError(f"{self.folder}: {error.strerror or error}") from error

    def _use(self, wanted: Compilation, compile_to: Callable[[Path], object], on_wait: Callable[[], None]) -> Path:
        entry = Entry(self.folder / wanted.key)
        if not self._hold(entry, wanted):
            with self._storing(wanted.key, on_wait):
                # Another process may have stored it in between.
                if not self._hold(entry, wanted):
                    self._store(entry, wanted, compile_to)
        return entry.path(wanted)

    def _hold(self, entry: Entry, wanted: Compilation) -> bool:
        if wanted.key not in self._held and (lock := entry.hold(wanted)) is not None:
            self._held[wanted.key] = lock
        return wanted.key in self._held

    def _store(self, entry: Entry, wanted: Compilation, compile_to: Callable[[Path], object]) -> None:
        building = Entry(self.folder / f"{_BUILDING}{wanted.key}")
        _remove_folder(building.folder)
        try:
            compile_to(building.path(wanted))
            building.write_facts(wanted)
            if os.path.lexists(entry.folder) and not (is_own(entry.folder) and entry.remove()):
                raise EngineError(f"{entry.folder} is damaged, and cannot be removed")
            # Complete at once, and the files stay the same.
            building.folder.rename(entry.folder)
        finally:
            _remove_folder(building.folder)
        if not self._hold(entry, wanted):
            raise EngineError(f"{entry.folder} cannot be locked")
        prune(self.folder, self._rules.max_bytes)

    @contextlib.contextmanager
    def _storing(self, key: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """Let one process at a time store the entry of *key*. Raises `EngineError` after the longest wait."""
        from filelock import FileLock, Timeout

        (self.folder / _LOCKS).mkdir(exist_ok=True)
        lock = FileLock(_lock_path(self.folder, key))
        deadline = time.monotonic() + self._rules.max_wait
        while True:
            try:
                lock.acquire(timeout=min(_REPORT_SECONDS, self._rules.max_wait), poll_interval=_POLL_SECONDS)
                break
            except Timeout:
                if time.monotonic() >= deadline:
                    raise EngineError(f"another process compiles the model since {self._rules.max_wait:g} s") from None
                on_wait()
            except NotImplementedError as error:
                raise EngineError(f"{self.folder}: {error}") from error
        try:
            yield
        finally:
            lock.release()


def list_kept(folder: Path) -> list[KeptModel]:
    """Return the compiled models in *folder*, the one first that was not used for the longest time.

    Raises `EngineError` for a folder that is not ours, or cannot be read.
    """
    try:
        paths = list(folder.iterdir()) if is_cache_folder(folder) else []
    except OSError as error:
        raise EngineError(f"{folder}: {error.strerror or error}") from error
    entries = [Entry(path) for path in paths if Entry.is_key(path.name) and is_own(path)]
    kept = [KeptModel(entry, entry.compilation, entry.size_bytes(), entry.used) for entry in entries]
    return sorted(kept, key=lambda model: model.used)


def prune(folder: Path, max_bytes: float) -> list[KeptModel]:
    """Remove damaged entries, then those that were not used for the longest time until *max_bytes* are left.

    Return the removed ones. An entry that a process uses stays. Raises as `list_kept` does.
    """
    kept = list_kept(folder)
    _remove_unfinished(folder)
    total = sum(model.size_bytes for model in kept)
    removed = []
    for model in kept:
        if (model.compilation is None or total > max_bytes) and model.entry.remove():
            total -= model.size_bytes
            removed.append(model)
    return removed


def _remove_unfinished(folder: Path) -> None:
    """Remove what processes have left that were killed while they compiled."""
    from filelock import FileLock, Timeout

    for path in folder.glob(f"{_BUILDING}*"):
        key = path.name.removeprefix(_BUILDING)
        if not Entry.is_key(key):
            continue
        with contextlib.suppress(OSError, Timeout), FileLock(_lock_path(folder, key), timeout=0):
            _remove_folder(path)


def _lock_path(folder: Path, key: str) -> Path:
    # A few files that stay, whatever entries come and go: a lock file cannot be removed safely.
    return folder / _LOCKS / f"{key[:2]}.lock"


def _remove_folder(folder: Path) -> None:
    if is_own(folder):
        shutil.rmtree(folder, ignore_errors=True)
