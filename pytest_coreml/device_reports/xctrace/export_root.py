"""The root element of an export of `xctrace`, which tells its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

TABLES_ROOT: Final = "trace-query-result"
"""The root of tables."""
CONTENTS_ROOT: Final = "trace-toc"
"""The root of a table of contents."""
_HEAD: Final = 4096


def export_root(path: Path) -> str | None:
    """Return the root of the export at *path*; None for another file."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    # Of a damaged or hostile export, too: it has to be refused for what it is.
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return None
    found = [(head.find(f"<{root}".encode()), root) for root in (TABLES_ROOT, CONTENTS_ROOT)]
    return min(((place, root) for place, root in found if place >= 0), default=(0, None))[1]
