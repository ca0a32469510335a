"""The size of Core ML's own cache: the results of first loads, which it keeps by process name.

Where the cache lies, and that nothing is removed from it, was reported by users; this was not tried on a Mac.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUNDLES: Final = "com.apple.e5rt.e5bundlecache"
# A Python of Xcode, and of a framework, runs as a bundle.
_BUNDLE_IDS: Final = ("com.apple.python3", "org.python.python")


class SystemCache(NamedTuple):
    """A folder of Core ML's cache."""

    path: Path
    """The folder."""
    size_bytes: int
    """The space that it takes on disk."""


def system_caches(pid: int) -> list[SystemCache]:
    """Return the caches that Core ML may use for the process *pid*; none where there are none."""
    caches = Path.home() / "Library" / "Caches"
    paths = [caches / name / _BUNDLES for name in dict.fromkeys(_process_names(pid))]
    return [SystemCache(path, _space(path)) for path in paths if path.is_dir()]


def _process_names(pid: int) -> Iterator[str]:
    import psutil

    with contextlib.suppress(psutil.Error):
        yield psutil.Process(pid).name()
    executable = Path(sys.executable)
    yield from (executable.name, executable.resolve().name, *_BUNDLE_IDS)


def _space(folder: Path) -> int:
    return sum(_space_of_file(Path(path, name)) for path, _, names in os.walk(folder) for name in names)


def _space_of_file(file: Path) -> int:
    try:
        return file.lstat().st_blocks * 512
    except OSError:
        return 0
