"""A line of text that a terminal may color."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.verdict.record import Standing


class Line(str):
    """A line, and the standing that gives it its color from column *start* on; None for a line without color."""

    __slots__ = ("standing", "start")

    standing: Standing | None
    start: int

    def __new__(cls, text: str, standing: Standing | None = None, start: int = 0) -> Line:
        """Return *text* as a line."""
        line = super().__new__(cls, text)
        line.standing, line.start = standing, start
        return line
