"""Operations that have moved to another device since the baseline, in separate lines: the run may be green."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.changes_text import move_lines
from pytest_coreml.report.text.layout import left_out, wrapped
from pytest_coreml.report.text.line import Line
from pytest_coreml.verdict.regression.moved import open_moves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.placement import Move
    from pytest_coreml.verdict.record import Record

# The report contains all of them.
_MAX_MOVED: Final = 20
_LIMIT: Final = "coreml_placement(max_moved=...) or --coreml-moved makes it a failure"


def moved_lines(records: Sequence[Record], width: int) -> Iterator[Line]:
    """Return the lines of what has moved without a limit for it, none if nothing has."""
    texts = list(moved_texts(records))
    if not texts:
        return
    for line in wrapped(f"moved since the baseline; {_LIMIT}", "", width):
        yield Line(line, "inconclusive")
    for text in islice(texts, _MAX_MOVED):
        yield from map(Line, wrapped(text, "  ", width))
    if len(texts) > _MAX_MOVED:
        yield Line(f"  {left_out(len(texts) - _MAX_MOVED)}")


def moved_texts(records: Sequence[Record]) -> Iterator[str]:
    """Return a sentence for each test and pair of devices, of what has moved without a limit for it."""
    for record in records:
        for line in move_lines(open_moves(record.moved, record.checks)):
            yield f"{record.test} on {record.subject}: {line}"


def warnings_of_moves(moved: Sequence[Move]) -> Iterator[str]:
    """Return a sentence for each pair of devices of what has left the Neural Engine or the GPU.

    What has left the CPU is where a device for such work takes it.
    """
    yield from move_lines([move for move in moved if move.before != "cpu"])
