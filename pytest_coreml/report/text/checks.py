"""The checks and comparisons of records in lines: what did not pass under the reason that it shares with others, and
the figures of comparisons that passed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.failure_text import finding
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.verdict.record import Record, Standing


# The report contains all of them.
_MAX_COMPARED: Final = 200


class _Open(NamedTuple):
    standing: Standing
    reason: str
    where: str
    text: str


def open_check_lines(records: Sequence[Record], width: int) -> list[str]:
    """Return lines of at most *width* columns, where words allow it: a reason, the tests it is for, their checks."""
    groups: dict[tuple[Standing, str], dict[str, list[str]]] = {}
    for found in (found for record in records for found in _open(record)):
        groups.setdefault((found.standing, found.reason), {}).setdefault(found.where, []).append(found.text)
    return [
        line
        for wanted, words in STANDINGS.items()
        for (standing, reason), tests in groups.items()
        if standing == wanted
        for line in _group(words.words, reason, tests, width)
    ]


def _group(word: str, reason: str, tests: dict[str, list[str]], width: int) -> Iterator[str]:
    yield from wrapped(f"{word}: {reason}" if reason else word, "", width)
    for where, texts in tests.items():
        yield from wrapped(where, "  ", width)
        for text in texts:
            yield from wrapped(text, "    ", width)


def _open(record: Record) -> Iterator[_Open]:
    where = place(record)
    for check in record.checks:
        # Such as one that holds by configuration: no achievement of the model.
        if check.verdict != "passed" or check.reason:
            yield _Open(record.standing(check.verdict), reason_text(check.reason) or "", where, finding(check))
    for found in record.regressions:
        if found.verdict != "passed":
            yield _Open(record.standing(found.verdict), "", where, comparison_text(found, record.runtime))


def compared_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Yield lines of at most *width* columns for each comparison that one of *records* passed."""
    passed = ((record, found) for record in records for found in record.regressions if found.verdict == "passed")
    for record, found in islice(passed, _MAX_COMPARED):
        yield from wrapped(comparison_text(found, record.runtime, place(record)), "", width)


def place(record: Record) -> str:
    """Return the test id, and the compute units, function and load options unless the id contains them."""
    rest = record.subject.removeprefix(record.compute_units)
    return f"{record.id}{rest}" if record.id_names_units else f"{record.id} on {record.subject}"
