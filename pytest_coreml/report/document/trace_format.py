"""The name of our timeline's format, by which its files are recognized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = "pytest-coreml trace"
# Where a document of ours says what it is, in its first bytes.
_MARK: Final = f'"format": "{FORMAT}"'.encode()
_HEAD: Final = 4096


def is_trace(path: Path) -> bool:
    """Return True if the file at *path* is a timeline of ours; False also if it cannot be read."""
    try:
        with path.open("rb") as file:
            return _MARK in file.read(_HEAD)
    except OSError:
        return False
