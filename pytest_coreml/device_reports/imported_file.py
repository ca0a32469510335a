"""A file that may contain results: its path, its content, and the JSON in it, within limits."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.json_text import JsonLimits, parse_json, read_limited

if TYPE_CHECKING:
    from pathlib import Path

# Xcode's report of a model with thousands of operations fits, and the Python objects stay within 200 MB.
JSON_LIMITS: Final = JsonLimits(size=24 * 1024**2, parts=250_000, values=600_000)
# Enough to tell a kind of file from another.
_HEAD: Final = 4096


class ImportedFile:
    """The file at *path*. Its content is read when an importer asks for it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    @cached_property
    def head(self) -> bytes:
        """The first bytes without leading blanks; empty if the file cannot be read."""
        try:
            with self.path.open("rb") as file:
                return file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
        except OSError:
            return b""

    @cached_property
    def json(self) -> Any:
        """The JSON value; None for a file that does not begin like JSON.

        Raise `UnreadableReportError` if it begins like JSON, and is damaged, too large or nested too deeply.
        """
        if not self.head.startswith((b"{", b"[")):
            return None
        return parse_json(self.path, read_limited(self.path, JSON_LIMITS.size), JSON_LIMITS)
