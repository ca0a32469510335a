"""The checks and comparisons of records in lines: what did not pass under the reason that it shares with others, and
the figures of comparisons that passed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.failure_text import finding
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.line import Line
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pytest_coreml.verdict.record import Record, Standing


# The report contains all of them.
_MAX_COMPARED: Final = 200


class Finding(NamedTuple):
    """The finding of one check or comparison."""

    standing: Standing
    reason: str
    """The reason with its remedy; empty if the text contains it, or there is none."""
    test: str
    """The node id without compute units."""
    subject: str
    """The compute units, function and load options, and the machine where there are several."""
    text: str
    """The value and the limit."""


class Group(NamedTuple):
    """Findings that share their standing and reason."""

    standing: Standing
    reason: str
    tests: dict[str, dict[str, list[str]]]
    """The subjects of each text of each test."""


def open_check_lines(records: Sequence[Record], width: int, told: Collection[str] = ()) -> list[Line]:
    """Return lines of at most *width* columns, where words allow it: a reason, the tests it is for, their checks.

    *told*: the ids of tests whose failed checks are told elsewhere.
    """
    found = [
        one for record in records for one in open_findings(record) if one.standing != "failed" or record.id not in told
    ]
    return [line for group in grouped(found) for line in _lines(group, width)]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return *findings* by standing, the worst first, and reason; a text that several subjects share is there once."""
    groups: dict[tuple[Standing, str], dict[str, dict[str, list[str]]]] = {}
    for found in findings:
        texts = groups.setdefault((found.standing, found.reason), {}).setdefault(found.test, {})
        texts.setdefault(found.text, []).append(found.subject)
    return [
        Group(standing, reason, tests)
        for wanted in STANDINGS
        for (standing, reason), tests in groups.items()
        if standing == wanted
    ]


def open_findings(record: Record) -> Iterator[Finding]:
    """Yield why the model of *record* could not be loaded, and its checks and comparisons that did not pass."""
    # Variants have it in their table.
    if record.problem is not None and record.variant is None:
        yield Finding(record.standing("failed"), "", record.test, subject(record), record.problem)
    for check in record.checks:
        # Such as one that holds by configuration: no achievement of the model.
        if check.verdict != "passed" or check.reason:
            standing = record.standing(check.verdict)
            yield Finding(standing, reason_text(check.reason) or "", record.test, subject(record), finding(check))
    for found in record.regressions:
        if found.verdict != "passed":
            standing = record.standing(found.verdict)
            yield Finding(standing, "", record.test, subject(record), comparison_text(found, record.runtime))


def subject(record: Record) -> str:
    """Return the compute units, function and load options, and the machine where there are several."""
    return f"{record.subject} on {record.machine}" if record.machine else record.subject


def _lines(group: Group, width: int) -> Iterator[Line]:
    words = STANDINGS[group.standing].words
    for line in wrapped(f"{words}: {group.reason}" if group.reason else words, "", width):
        yield Line(line, group.standing)
    for test, texts in group.tests.items():
        yield from map(Line, wrapped(test, "  ", width))
        for text, subjects in texts.items():
            yield from map(Line, wrapped(f"{', '.join(dict.fromkeys(subjects))}: {text}", "    ", width))


def compared_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Yield lines of at most *width* columns for each comparison that one of *records* passed."""
    passed = ((record, found) for record in records for found in record.regressions if found.verdict == "passed")
    for record, found in islice(passed, _MAX_COMPARED):
        yield from wrapped(comparison_text(found, record.runtime, place(record)), "", width)


def place(record: Record) -> str:
    """Return the test id, and the compute units, function and load options unless the id contains them."""
    rest = record.subject.removeprefix(record.compute_units)
    return f"{record.id}{rest}" if record.id_names_units else f"{record.id} on {record.subject}"
