"""One compiled model that is kept for later runs: a folder with the model, its facts, and a lock.

A process that uses an entry holds its lock together with others (`flock`), and only a process that holds it alone may
remove the entry. The operating system releases the lock of a process that ends in any way.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

# Another form of entries has another number, and another key.
_FORMAT: Final = 1
_FACTS: Final = "entry.json"
_LOCK: Final = "in-use.lock"
_KEY_LENGTH: Final = 32


@dataclass(frozen=True)
class Compilation:
    """The facts that a compiled model depends on.

    Compute units, function and optimization hints are not among it: Core ML compiles a file without any of them.
    """

    name: str
    """The name of the model file or package; it is part of the compiled model's path."""
    sha256: str
    """The digest of the model."""
    system: str
    """The build of the operating system."""
    coremltools: str
    """The version of coremltools."""

    @property
    def key(self) -> str:
        """The name of the entry's folder."""
        text = json.dumps([_FORMAT, *asdict(self).values()])
        return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]

    @property
    def compiled_name(self) -> str:
        """The name of the compiled model."""
        return f"{Path(self.name).stem}{COMPILED_SUFFIX}"


class Entry:
    """The entry in *folder*, which need not exist or be complete."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder

    @staticmethod
    def is_key(name: str) -> bool:
        """Return True if an entry's folder can have this *name*."""
        return len(name) == _KEY_LENGTH and set(name) <= set("0123456789abcdef")

    @property
    def used(self) -> float:
        """The time at which it was last used, in seconds since the epoch; 0 if unknown."""
        try:
            return (self.folder / _LOCK).stat().st_mtime
        except OSError:
            return 0.0

    @property
    def compilation(self) -> Compilation | None:
        """Its source; None for an entry that is damaged or was not completely written."""
        facts = self._facts()
        return facts[0] if facts is not None and self._is_complete(*facts) else None

    def size_bytes(self) -> int:
        """Return the sum of the sizes of its files."""
        return sum(_sizes(self.folder).values())

    def path(self, compilation: Compilation) -> Path:
        """Return the path of the compiled model."""
        return self.folder / compilation.compiled_name

    def write_facts(self, compilation: Compilation) -> None:
        """Complete an entry whose compiled model is in place. Raises `OSError`."""
        (self.folder / _LOCK).touch(mode=0o600)
        facts = {"format": _FORMAT, **asdict(compilation), "files": _sizes(self.path(compilation))}
        (self.folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")

    def hold(self, compilation: Compilation) -> int | None:
        """Lock the entry of *compilation* against its removal; return the open lock, None without a complete entry."""
        lock = self._lock(fcntl.LOCK_SH)
        if lock is None:
            return None
        # The one of the file that is there now: the entry may have been removed and written again meanwhile.
        if self.compilation != compilation or not self._is_lock(lock):
            os.close(lock)
            return None
        os.utime(lock)
        return lock

    def remove(self) -> bool:
        """Remove what is ours in the folder, and the folder if nothing else is in it; False if it is in use."""
        with contextlib.suppress(OSError):
            (self.folder / _LOCK).touch(mode=0o600)
        lock = self._lock(fcntl.LOCK_EX)
        if lock is None:
            return False
        try:
            # First, so that a process that is killed here leaves an incomplete entry, which is never used.
            (self.folder / _FACTS).unlink(missing_ok=True)
            for compiled in self.folder.glob(f"*{COMPILED_SUFFIX}"):
                shutil.rmtree(compiled, ignore_errors=True)
            (self.folder / _LOCK).unlink(missing_ok=True)
            self.folder.rmdir()
        except OSError:
            # Something else is in it.
            return False
        finally:
            os.close(lock)
        return True

    def _lock(self, kind: int) -> int | None:
        try:
            lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return lock

    def _is_lock(self, lock: int) -> bool:
        try:
            return os.path.samestat(os.fstat(lock), (self.folder / _LOCK).lstat())
        except OSError:
            return False

    def _facts(self) -> tuple[Compilation, dict[str, int]] | None:
        try:
            facts = json.loads((self.folder / _FACTS).read_text(encoding="utf-8"))
            if facts.pop("format") != _FORMAT:
                return None
            files = {str(name): int(size) for name, size in facts.pop("files").items()}
            return Compilation(**{name: str(value) for name, value in facts.items()}), files
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _is_complete(self, compilation: Compilation, files: dict[str, int]) -> bool:
        # After a power failure files may be there without their content. The Finder and Core ML may add some.
        found = _sizes(self.path(compilation))
        return self.folder.name == compilation.key and bool(files) and files.items() <= found.items()


def _sizes(folder: Path) -> dict[str, int]:
    """Return the sizes of all files in *folder*, by relative path; those that are read while they go are left out."""
    return dict(_each_size(folder))


def _each_size(folder: Path) -> Iterator[tuple[str, int]]:
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                file = Path(path, name)
                yield file.relative_to(folder).as_posix(), file.lstat().st_size
