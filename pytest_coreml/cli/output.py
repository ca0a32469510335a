"""Write the text output of commands: what a report, a model or an engine says can only be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import safe_lines, shown_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.report.text.line import Line

# SGR parameters of ECMA-48.
_COLORS: Final = {"red": 31, "green": 32, "yellow": 33}


def write_text(text: str) -> None:
    """Write *text*, which ends with a line break, to stdout."""
    sys.stdout.write(shown_in(safe_lines(text), sys.stdout.encoding))


def write_document(text: str) -> None:
    """Write *text* in a format that programs read to stdout: in UTF-8 where the encoding of stdout lacks characters."""
    if shown_in(text, sys.stdout.encoding) != text:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a stream with an encoding is a wrapper
    sys.stdout.write(text)


def home_relative(path: Path) -> str:
    """Return *path* with `~` for the user's home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def write_lines(lines: Iterable[str]) -> None:
    """Write *lines* to stdout, each `Line` in the color of its standing where stdout has colors."""
    # Late, since most commands need neither.
    from pytest_coreml.report.text.line import Line

    has_colors = _has_colors()
    for line in lines:
        text = shown_in(safe_lines(line), sys.stdout.encoding)
        if has_colors and isinstance(line, Line) and line.standing is not None:
            text = _colored(text, line)
        sys.stdout.write(f"{text}\n")


def _colored(text: str, line: Line) -> str:
    from pytest_coreml.report.text.standings import STANDINGS

    assert line.standing is not None
    color = _COLORS[STANDINGS[line.standing].color]
    return f"{text[: line.start]}\x1b[{color}m{text[line.start :]}\x1b[0m"


def _has_colors() -> bool:
    """Return True for a terminal, by the rules of https://no-color.org and https://force-color.org, as pytest does."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
