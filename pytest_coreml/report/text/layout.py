"""Tables and sentences as plain lines of text."""

from __future__ import annotations

import io
import re
import textwrap
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

# The space between a number and its unit. What stands for it here is escaped in all that is printable.
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|ms|MB|dB|x)(?:\W|$))")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def left_out(number: int, what: str = "more") -> str:
    """Return the line that stands for the *number* rows that a summary does not show; *what* they are."""
    return f"... and {number} {what}, all of them in the report (--coreml-report)"


def plain_table(header: bool = True) -> Table:
    """Return an empty table in the style of our summaries: a rule below the header, and no frame."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False, show_header=header)


def rendered(table: Table, width: int) -> Iterator[str]:
    """Return the lines of *table*, with nothing in its cells read as markup."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, color_system=None)
    console.print(table)
    return (line.rstrip() for line in stream.getvalue().splitlines())


def filled(pieces: Sequence[str], indent: str, width: int) -> Iterator[str]:
    """Return *pieces*, with commas between, in lines of at most *width* columns; none is broken, however long it is."""
    line = ""
    for piece in pieces:
        longer = f"{line}, {piece}" if line else piece
        if line and len(indent) + len(longer) >= width:
            yield f"{indent}{line},"
            longer = piece
        line = longer
    yield indent + line


def wrapped(text: str, indent: str, width: int) -> list[str]:
    """Return *text* in lines of at most *width* columns.

    A test id or a path is not broken, since it is there to be copied, nor a number parted from its unit.
    """
    lines = textwrap.wrap(
        _UNIT.sub(_NO_BREAK, printable(text)),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]
