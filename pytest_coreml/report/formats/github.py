"""What a run of pytest tells GitHub Actions: annotations on tests, and the table in the step summary."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.report.formats.escaping import command
from pytest_coreml.report.formats.escaping import markdown as escaped
from pytest_coreml.report.formats.report_markdown import table
from pytest_coreml.report.text.checks import place
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.report.text.numbers import printable
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.verdict.record import Record, Standing

# GitHub shows ten annotations of a kind for a step, and a summary of at most 1 MiB.
_MAX_ROWS: Final = 500


def annotation_lines(records: Sequence[Record], folder: str) -> Iterator[str]:
    """Give a workflow command for each verdict that failed or could not be told.

    *folder*: of the rootdir, as the repository sees it; `.` or empty for its top.
    """
    for record in records:
        file = record.id.partition("::")[0]
        path = (PurePath(folder) / file).as_posix()
        for standing, words in verdicts(record):
            if (level := STANDINGS[standing].level) is not None:
                yield command(level, words, file=path, line=record.line, title=printable(record.id))


def step_summary(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """Give the table of what was measured, what is to be said of it, and the machine, in Markdown."""
    shown = sorted(records, key=lambda record: not {"failed", "inconclusive"} & set(record.standings))[:_MAX_ROWS]
    lines = ["### Core ML", "", table(shown, machine)]
    for record in shown:
        said = [f"{STANDINGS[standing].markdown}: {escaped(words)}" for standing, words in verdicts(record)]
        said += [f"changed: {escaped(printable(note))}" for note in record.notes]
        if said:
            lines += [f"- {escaped(printable(place(record)))}", *(f"  - {line}" for line in said)]
    if len(records) > len(shown):
        lines.append(f"\n{len(records) - len(shown)} more rows were left out.")
    return "\n".join(lines) + "\n"


def verdicts(record: Record) -> Iterator[tuple[Standing, str]]:
    """Give how it counts, and the words, of each check that did not pass, and of every comparison."""
    for check in record.checks:
        if check.verdict != "passed":
            yield record.standing(check.verdict), printable(check_line(check))
    for found in record.regressions:
        yield record.standing(found.verdict), printable(comparison_text(found))
