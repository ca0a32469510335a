"""Markdown that GitHub and Sphinx show alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import cog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def show(lines: Iterable[str]) -> None:
    """Write lines into the page. Blank lines keep the comments around them out of a table."""
    cog.out("\n" + "\n".join(lines).strip("\n") + "\n\n")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the lines of a table; nothing if it has no rows."""
    written = [_row([cell(text) for text in row]) for row in rows]
    if written:
        yield from (_row(head), _row(["---"] * len(head)), *written)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(text: str) -> str:
    """Return *text* on one line, with the pipes escaped; a paragraph begins on a new line."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip())]
    return "<br>".join(paragraphs).replace("|", "\\|")


def code(text: str) -> str:
    """Return *text* as code."""
    return f"`{text}`"
