"""The measured figures, one row for each record: a table, or a few lines for each if a table does not fit."""

from __future__ import annotations

import statistics
import textwrap
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.layout import filled, wrapped
from pytest_coreml.report.text.line import Line
from pytest_coreml.report.text.numbers import number
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.verdict.record import Record, Standing

HEADINGS: Final = (
    *("model", "compute units", "first load ms", "load ms", "median ms", "p90 ms", "fps", "size MB", "memory MB"),
    "checks",
)
# There is always room for "  cpuAndNeuralEngine"; what does not fit gets a line of its own above its figures.
_MIN_UNITS: Final = 20
_MAX_UNITS: Final = 40
# No column becomes narrower than most numbers, so that the same table looks the same tomorrow.
_MIN_NUMBER: Final = 5


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
        number(record.size_mb),
        number(record.memory_mb),
        ", ".join(words for _, words in checks_cell(record)) or "-",
    )


def units_cell(record: Record) -> str:
    """Return the compute units, and the function, load options and attempt that are not the default."""
    attempt = f"attempt {record.attempt}" if record.attempt > 1 else None
    return ", ".join([printable(record.subject), *filter(None, [attempt])])


def checks_cell(record: Record) -> list[tuple[Standing, str]]:
    """Count the verdicts of *record*, those against a baseline too, as `1 FAILED` and `2 passed`.

    A test that failed otherwise, as by an assertion or because its model cannot be loaded, is `FAILED` too.
    """
    counts = Counter(record.standings)
    counted: list[tuple[Standing, str]] = [
        (standing, f"{counts[standing]} {words.cell}") for standing, words in STANDINGS.items() if counts[standing]
    ]
    if record.outcome in ("failed", "error") and not counts["failed"] and not record.expected_failure:
        return [("failed", STANDINGS["failed"].cell), *counted]
    if record.expected_failure and record.outcome == "skipped" and not counts["expected"]:
        return [*counted, ("expected", STANDINGS["expected"].cell)]
    return counted


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

    def get(self, record: Record) -> Iterator[str]:
        """Return the lines of one record."""
        _, units, *numbers, _ = row(record)
        checks: list[tuple[Standing | None, str]] = [*checks_cell(record)]
        worst = checks[0][0] if checks else None
        if self._fits and len(units) + 2 <= self._widths[0]:
            yield from self._columns(f"  {units}", numbers, checks)
            return
        yield from (Line(line, worst, 2) for line in wrapped(units, "  ", self._width))
        if self._fits:
            yield from self._columns("", numbers, checks)
        else:
            measured = [f"{name} {cell}" for name, cell in zip(HEADINGS[2:], numbers, strict=False) if cell != "-"]
            counts = [words for _, words in checks] if checks or measured else ["-"]
            yield from filled([*measured, *counts], "    ", self._width)

    def _columns(
        self, units: str, numbers: Sequence[str], checks: Sequence[tuple[Standing | None, str]]
    ) -> Iterator[Line]:
        start = sum(self._widths[:-1]) + len(self._widths) - 1
        counts = checks or [(None, "-")]
        rows = zip_longest([units], *([cell] for cell in numbers), [words for _, words in counts], fillvalue="")
        for cells, (standing, _) in zip(rows, counts, strict=True):
            yield Line(self._line(cells), standing, start)

    def _line(self, cells: Iterable[str]) -> str:
        first, *numbers, last = zip(cells, self._widths, strict=True)
        aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in numbers), last[0]]
        return " ".join(aligned).rstrip()


def _widths(rows: Sequence[tuple[str, ...]], room: int) -> list[int]:
    units, *numbers, checks = zip(*rows, strict=True)
    words = [len(word) for cell in (HEADINGS[-1], *checks) for word in cell.split(", ")]
    headings = [max(_MIN_NUMBER, *map(len, heading.split())) for heading in HEADINGS[2:-1]]
    rest = [*(max(least, *map(len, column)) for least, column in zip(headings, numbers, strict=True)), max(words)]
    most = max(_MIN_UNITS, min(_MAX_UNITS, room - sum(rest) - len(rest)))
    labels = [len(cell) + 2 for cell in (HEADINGS[1], *units)]
    return [max(label for label in labels if label <= most), *rest]
