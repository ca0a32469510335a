"""The results of a run in GitHub's Markdown, for comments on pull requests and step summaries: what failed first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import markdown as escaped
from pytest_coreml.report.text import variant_table
from pytest_coreml.report.text.calls_note import calls_notes
from pytest_coreml.report.text.checks import Finding, grouped, open_findings, subject
from pytest_coreml.report.text.moved_text import moved_texts
from pytest_coreml.report.text.numbers import machine_words
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS
from pytest_coreml.report.text.sustained_text import sustained_texts
from pytest_coreml.report.text.table import HEADINGS, checks_cell
from pytest_coreml.report.text.table import row as row_of
from pytest_coreml.verdict.repeated_records import last_attempts
from pytest_coreml.verdict.variant_rows import variant_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_coreml.report.document.read import Report
    from pytest_coreml.report.text.checks import Group
    from pytest_coreml.verdict.record import Record, Standing
    from pytest_coreml.verdict.variant_rows import VariantGroup

COLUMNS: Final = ("test", *HEADINGS)
# GitHub shows a summary of at most 1 MiB.
MAX_ROWS: Final = 500
# What a reader has to see before the figures.
_URGENT: Final = ("failed", "inconclusive")


def render(report: Report) -> str:
    """Return what failed, the table, and the other verdicts."""
    return document(report.records, report.machine)


def document(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """Return what failed and what is inconclusive, the table with the machine, then the other verdicts and notes."""
    judged = sorted(last_attempts(records), key=lambda record: _worst(record) not in _URGENT)
    shown = judged[:MAX_ROWS]
    groups = grouped(found for record in shown for found in _findings(record))
    lines = [f"### Core ML: {_total(judged)}", ""]
    urgent = [line for group in groups if group.standing in _URGENT for line in _list(group)]
    lines += [*urgent, ""] if urgent else []
    lines.append(table([*judged, *_earlier(records, judged)][:MAX_ROWS], machine))
    lines += [line for group in groups if group.standing not in _URGENT for line in _list(group)]
    lines += [f"- moved since the baseline: {escaped(text)}" for text in moved_texts(shown)]
    lines += [f"- sustained load: {escaped(text)}" for text in sustained_texts(shown)]
    lines += _notes(shown)
    if len(records) > MAX_ROWS:
        lines.append(f"\n{len(records) - MAX_ROWS} more rows were left out.")
    return "\n".join(lines) + "\n"


def table(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """Return the table of *records*, one of variants where there are some, which calls count, and the machine below."""
    rule = ["---", "---", "---", *["---:"] * (len(HEADINGS) - 3), "---"]
    lines = [_line(COLUMNS), _line(rule), *(_line(map(escaped, _cells(record))) for record in records)]
    lines += [line for group in variant_groups(records) for line in _variants(group)]
    notes = [text for note in calls_notes(records) for text in ("", escaped(note))]
    return "\n".join([*lines, *notes, "", escaped(machine_words(machine))]) + "\n"


def _variants(group: VariantGroup) -> Iterator[str]:
    """Yield the table of one model's variants."""
    yield from ("", f"Variants of {escaped(group.model)} on {group.compute_units}", "")
    yield _line(("test", *variant_table.HEADINGS, "remarks"))
    yield _line(["---", "---", *["---:"] * (len(variant_table.HEADINGS) - 2), "---", "---"])
    for row in group.rows:
        words = (group.test, *variant_table.cells(row), "; ".join(variant_table.remarks(row)))
        yield _line(map(escaped, words))


def _cells(record: Record) -> tuple[str, ...]:
    # In the terminal the test is in a heading above its rows.
    test = f"{record.id} on {record.machine}" if record.machine else record.id
    return test, *row_of(record)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _earlier(records: Sequence[Record], last: Sequence[Record]) -> list[Record]:
    """Return the records of attempts that were followed by another one."""
    judged = set(map(id, last))
    return [record for record in records if id(record) not in judged]


def _total(records: Sequence[Record]) -> str:
    """Count the records by the worst of their standings, as `1 failed, 3 passed`."""
    worst = [_worst(record) for record in records]
    counts = [(worst.count(standing), words.words.lower()) for standing, words in STANDINGS.items()]
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def _worst(record: Record) -> Standing:
    counted = checks_cell(record)
    return counted[0][0] if counted else "passed"


def _findings(record: Record) -> Iterator[Finding]:
    found = list(open_findings(record))
    yield from found
    # Its text is in the log: a body that raised, or a model that cannot be loaded.
    if _worst(record) == "failed" and not any(one.standing == "failed" for one in found):
        yield Finding("failed", "", record.test, subject(record), "the test itself failed")
    for regression in record.regressions:
        if regression.verdict == "passed":
            yield Finding("passed", "", record.test, subject(record), comparison_text(regression, record.runtime))


def _list(group: Group) -> Iterator[str]:
    words = STANDINGS[group.standing].markdown
    yield f"- {words}: {escaped(group.reason)}" if group.reason else f"- {words}"
    for test, texts in group.tests.items():
        yield f"  - {escaped(test)}"
        for text, subjects in texts.items():
            yield f"    - {escaped(', '.join(dict.fromkeys(subjects)))}: {escaped(text)}"


def _notes(records: Sequence[Record]) -> Iterator[str]:
    """Yield each note with the tests that have it."""
    tests: dict[str, dict[str, None]] = {}
    for record in records:
        for note in record.notes:
            tests.setdefault(note, {})[f"{record.test} on {subject(record)}"] = None
    for note, where in tests.items():
        yield f"- note: {escaped(note)} ({escaped(', '.join(where))})"
