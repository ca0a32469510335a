"""The variants of a model side by side, for a terminal."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.verdict.variant_rows import VariantGroup, VariantRow

HEADINGS: Final = (
    *("variant", "size MB", "of it", "first load ms", "load ms", "median ms", "of it"),
    *("memory MB", "PSNR dB", "verdict"),
)
# The width of a number with two digits after the point, or six characters.
_NUMBER: Final = 6
_VERDICT: Final = 10


def variant_lines(groups: list[VariantGroup], width: int) -> Iterator[str]:
    """Return the lines of one table for each group: a row for each variant, and the notes on it."""
    for group in groups:
        machine = f"  {group.machine}" if group.machine else ""
        yield from wrapped(f"variants of {group.model} on {group.compute_units}  {group.test}{machine}", "", width)
        yield from _table(group.rows, width)
        for row in group.rows:
            for text in remarks(row):
                yield from wrapped(f"{row.variant}: {text.removeprefix(f'{group.model}: ')}", "  ", width)
        yield ""


def cells(row: VariantRow) -> tuple[str, ...]:
    """Return the cells of one row, in the order of `HEADINGS`."""
    return (
        printable(row.variant),
        number(row.size_mb),
        ratio(row.size_ratio),
        number(row.first_load_ms),
        number(row.load_ms),
        number(row.predict_ms),
        ratio(row.time_ratio),
        number(row.memory_mb),
        "equal" if row.psnr == math.inf else number(row.psnr),
        row.verdict,
    )


def ratio(value: float | None) -> str:
    """Return a share of the original in percent, without the unit's space: cells are narrow."""
    return "-" if value is None else f"{value * 100:.0f}%"


def remarks(row: VariantRow) -> Iterator[str]:
    """Yield what a row has no column for: problems, operations, planned devices."""
    if row.problem is not None:
        yield row.problem
    if row.limited_ms is not None and number(row.limited_ms) != number(row.predict_ms):
        limited, interleaved = number(row.limited_ms), number(row.predict_ms)
        yield f"median {limited} ms in the calls of its limit, {interleaved} ms in the interleaved"
    changes = [*_changes("+", row.gained), *_changes("-", row.lost)]
    if changes:
        yield f"operations {', '.join(changes)}"
    if row.planned:
        yield f"planned {', '.join(f'{device} {percent(share)}' for device, share in row.planned.items())}"


def _changes(sign: str, counts: dict[str, int]) -> Iterator[str]:
    yield from (f"{sign}{count} {operator}" for operator, count in counts.items())


def _table(rows: tuple[VariantRow, ...], width: int) -> Iterator[str]:
    numbers = len(HEADINGS) - 2
    label = max(8, width - numbers * (_NUMBER + 1) - _VERDICT - 1)
    # No wider than the longest name needs: verdicts stand near their numbers.
    label = min(label, max(len(row.variant) for row in rows))
    widths = [max(label, len(HEADINGS[0])), *[_NUMBER] * numbers, _VERDICT]
    heads = [[HEADINGS[0]], *(textwrap.wrap(word, _NUMBER) for word in HEADINGS[1:-1]), [HEADINGS[-1]]]
    height = max(map(len, heads))
    for index in range(height):
        yield _line([([""] * (height - len(words)) + words)[index] for words in heads], widths)
    yield "─" * (sum(widths) + len(widths) - 1)
    for row in rows:
        first, *rest = cells(row)
        if len(first) > widths[0]:
            yield first
            first = ""
        yield _line([first, *rest], widths)


def _line(words: list[str], widths: list[int]) -> str:
    first, *numbers, last = zip(words, widths, strict=True)
    return " ".join([first[0].ljust(first[1]), *(word.rjust(size) for word, size in numbers), last[0]]).rstrip()
