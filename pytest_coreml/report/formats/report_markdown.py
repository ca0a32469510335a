"""A table in GitHub's Markdown, for comments on pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import markdown as escaped
from pytest_coreml.escaping import printable
from pytest_coreml.report.text import variant_table
from pytest_coreml.report.text.numbers import machine_words
from pytest_coreml.report.text.table import HEADINGS
from pytest_coreml.report.text.table import row as row_of
from pytest_coreml.verdict.variant_rows import variant_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.variant_rows import VariantGroup

COLUMNS: Final = ("test", *HEADINGS)


def render(report: Report) -> str:
    """Return the table of the summary and the machine below it."""
    return table(report.records, report.machine)


def table(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """Return the table of *records*, one of variants where there are some, and the machine below."""
    rule = ["---", "---", "---", *["---:"] * (len(HEADINGS) - 3), "---"]
    lines = [_line(COLUMNS), _line(rule), *(_line(map(escaped, _cells(record))) for record in records)]
    lines += [line for group in variant_groups(records) for line in _variants(group)]
    return "\n".join([*lines, "", escaped(machine_words(machine))]) + "\n"


def _variants(group: VariantGroup) -> Iterator[str]:
    """Yield the table of one model's variants."""
    yield from ("", f"Variants of {escaped(printable(group.model))} on {group.compute_units}", "")
    yield _line(("test", *variant_table.HEADINGS, "remarks"))
    yield _line(["---", "---", *["---:"] * (len(variant_table.HEADINGS) - 2), "---", "---"])
    for row in group.rows:
        words = (printable(group.test), *variant_table.cells(row), printable("; ".join(variant_table.remarks(row))))
        yield _line(map(escaped, words))


def _cells(record: Record) -> tuple[str, ...]:
    # In the terminal the test is in a heading above its rows.
    test = f"{record.id} on {record.machine}" if record.machine else record.id
    return printable(test), *row_of(record)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
