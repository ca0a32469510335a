"""The folder of compiled models: where it is, and the proof that it is ours.

Nothing is written to or removed from a folder without our tag, of another user, or behind a link.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

# The name and the first line are a convention (https://bford.info/cachedir), by which backup programs omit a folder.
_TAG: Final = "CACHEDIR.TAG"
_CONTENT: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# Compiled models of pytest-coreml.\n"


def cache_folder() -> Path:
    """Return the path of the folder, which need not exist: below the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("pytest-coreml", appauthor=False) / "compiled-models"


def make_cache_folder(folder: Path) -> None:
    """Create *folder* if needed. Raises `EngineError` if it is not ours, and `OSError` if it cannot be created."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_own_folder(folder) or not (_is_tagged(folder) or _is_empty(folder)):
        raise EngineError(f"{folder} is not a folder of pytest-coreml; move it away")
    if not _is_tagged(folder):
        # Another process may do the same: each writes a file of its own, and all have the same content.
        unnamed = folder / f"{_TAG}.{os.getpid()}"
        try:
            unnamed.write_text(_CONTENT, encoding="utf-8")
            unnamed.rename(folder / _TAG)
        finally:
            unnamed.unlink(missing_ok=True)


def is_cache_folder(folder: Path) -> bool:
    """Return True if *folder* exists and is ours; raise `EngineError` if something else is there."""
    if not os.path.lexists(folder):
        return False
    if not _is_own_folder(folder) or not _is_tagged(folder):
        raise EngineError(f"{folder} is not a folder of pytest-coreml, and was left as it is")
    return True


def is_own(path: Path) -> bool:
    """Return True if *path* is a folder of this user, and is not a link."""
    try:
        return _is_own_folder(path)
    except OSError:
        return False


def _is_own_folder(folder: Path) -> bool:
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()


def _is_tagged(folder: Path) -> bool:
    try:
        return (folder / _TAG).read_text(encoding="utf-8", errors="replace") == _CONTENT
    except OSError:
        return False


def _is_empty(folder: Path) -> bool:
    return all(path.name.startswith(_TAG) for path in folder.iterdir())
