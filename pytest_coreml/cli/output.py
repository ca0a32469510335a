"""Write the text output of commands: what a report, a model or an engine says can only be read."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_coreml.escaping import safe_lines


def write_text(text: str) -> None:
    """Write *text*, which ends with a line break, to stdout."""
    sys.stdout.write(safe_lines(text))


def home_relative(path: Path) -> str:
    """Return *path* with `~` for the user's home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
