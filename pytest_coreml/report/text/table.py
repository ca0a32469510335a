"""The measured figures, one row for each record: a table, or a few lines for each if a table does not fit."""

from __future__ import annotations

import statistics
import textwrap
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.layout import filled, wrapped
from pytest_coreml.report.text.numbers import number
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.verdict.record import Record

HEADINGS: Final = ("model", "compute units", "first load ms", "load ms", "median ms", "p90 ms", "fps", "MB", "checks")
# There is always room for "  cpuAndNeuralEngine"; what does not fit gets a line of its own above its figures.
_MIN_UNITS: Final = 20
_MAX_UNITS: Final = 40
# No column becomes narrower than most numbers, so that the same table looks the same tomorrow.
_MIN_NUMBER: Final = 6


def row(record: Record) -> tuple[str, ...]:
    """Return the cells of one record, in the order of `HEADINGS`."""
    load, run = record.load, record.predict
    return (
        printable(record.model_name or (record.model or "")[:12]),
        units_cell(record),
        number(statistics.median(load.first_load_ms) if load and load.first_load_ms else None),
        number(statistics.median(load.loads_ms) if load and load.loads_ms else None),
        number(run.median_ms if run else None),
        number(run.p90_ms if run else None),
        number(run.fps if run and run.median_ms > 0 else None),
        number(record.memory_mb),
        checks_cell(record),
    )


def units_cell(record: Record) -> str:
    """Return the compute units, and the function, load options and attempt that are not the default."""
    attempt = f"attempt {record.attempt}" if record.attempt > 1 else None
    return ", ".join([printable(record.subject), *filter(None, [attempt])])


def checks_cell(record: Record) -> str:
    """Count the verdicts of *record*, those against a baseline too, as `1 failed, 2 passed`; `-` without any."""
    counts = Counter(record.standings)
    return (
        ", ".join(f"{counts[standing]} {words.cell}" for standing, words in STANDINGS.items() if counts[standing])
        or "-"
    )


class Rows:
    """The layout of *records* for a terminal of *width* columns: no number and no verdict is broken or cut."""

    def __init__(self, records: Sequence[Record], width: int) -> None:
        self._width = width
        self._widths = _widths([row(record)[1:] for record in records], width)
        self._fits = sum(self._widths) + len(self._widths) - 1 <= width

    def head(self) -> Iterator[str]:
        """Return the headings with a rule below, where there are columns."""
        if not self._fits:
            return
        headings = zip(HEADINGS[2:], self._widths[1:], strict=True)
        columns = [[f"  {HEADINGS[1]}"], *(textwrap.wrap(heading, width) for heading, width in headings)]
        height = max(map(len, columns))
        yield from map(self._line, zip(*([""] * (height - len(words)) + words for words in columns), strict=True))
        yield "─" * (sum(self._widths) + len(self._widths) - 1)

    def of(self, record: Record) -> Iterator[str]:
        """Return the lines of one record."""
        _, units, *numbers, checks = row(record)
        if self._fits and len(units) + 2 <= self._widths[0]:
            yield from self._columns(f"  {units}", numbers, checks)
            return
        yield from wrapped(units, "  ", self._width)
        if self._fits:
            yield from self._columns("", numbers, checks)
        else:
            measured = [f"{name} {cell}" for name, cell in zip(HEADINGS[2:], numbers, strict=False) if cell != "-"]
            counts = checks.split(", ") if checks != "-" or not measured else []
            yield from filled([*measured, *counts], "    ", self._width)

    def _columns(self, units: str, numbers: Sequence[str], checks: str) -> Iterator[str]:
        cells = [[units], *([cell] for cell in numbers), checks.split(", ")]
        yield from map(self._line, zip_longest(*cells, fillvalue=""))

    def _line(self, cells: Iterable[str]) -> str:
        first, *numbers, last = zip(cells, self._widths, strict=True)
        aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in numbers), last[0]]
        return " ".join(aligned).rstrip()


def _widths(rows: Sequence[tuple[str, ...]], room: int) -> list[int]:
    units, *numbers, checks = zip(*rows, strict=True)
    words = [len(word) for cell in (HEADINGS[-1], *checks) for word in cell.split(", ")]
    rest = [*(max(_MIN_NUMBER, *map(len, column)) for column in numbers), max(words)]
    most = max(_MIN_UNITS, min(_MAX_UNITS, room - sum(rest) - len(rest)))
    labels = [len(cell) + 2 for cell in (HEADINGS[1], *units)]
    return [max(label for label in labels if label <= most), *rest]
