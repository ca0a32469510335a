"""The output of an engine, kept by file descriptor."""

from __future__ import annotations

import os
import tempfile
from typing import IO

# Enough for a stack of native frames; an engine may write any amount.
_TAIL_BYTES = 16_384


class CapturedOutput:
    """An unnamed file that takes one output stream of an engine, whatever writes to its descriptor."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)

    def fileno(self) -> int:
        """Give the descriptor to hand to the child."""
        return self._file.fileno()

    def last_lines(self, count: int = 10) -> list[str]:
        """Give the last non-empty lines written so far."""
        # The descriptor's position is shared with the writing child, so that it must not be moved: pread, no seek.
        size = os.fstat(self._file.fileno()).st_size
        start = max(0, size - _TAIL_BYTES)
        tail = os.pread(self._file.fileno(), size - start, start).decode(errors="replace")
        return [line.rstrip() for line in tail.splitlines() if line.strip()][-count:]

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
