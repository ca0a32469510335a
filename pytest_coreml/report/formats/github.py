"""GitHub Actions: annotations on tests, and a table in the step summary, at the end of a run.

The variables: https://docs.github.com/en/actions/reference/workflows-and-actions/variables.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import command, printable
from pytest_coreml.escaping import markdown as escaped
from pytest_coreml.report.formats.report_markdown import table
from pytest_coreml.report.text.checks import place
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_coreml.verdict.record import Record, Standing

# GitHub shows ten annotations of a level for each step, and a summary of at most 1 MiB.
_MAX_ROWS: Final = 500


def write_github(
    records: Sequence[Record],
    to_annotate: Sequence[Record],
    machine: Mapping[str, Any],
    rootdir: Path,
    write_line: Callable[[str], object],
) -> None:
    """Write annotations with *write_line*, and the step summary to its file; do nothing outside GitHub Actions.

    *to_annotate*: those of *records* that no other plugin annotates. A summary that cannot be written is a warning,
    because it must not end a run that may have measured for hours.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotation_lines(to_annotate, _folder(rootdir)):
        write_line(line)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(step_summary(records, machine))
    except OSError as error:
        write_line(command("warning", f"the step summary {summary} cannot be written: {error.strerror or error}"))


def annotation_lines(records: Sequence[Record], folder: str) -> Iterator[str]:
    """Yield a workflow command for each failed or inconclusive verdict.

    *folder*: the rootdir, relative to the top of the repository; `.` or empty for the top.
    """
    for record in records:
        path = (PurePath(folder) / record.id.partition("::")[0]).as_posix()
        yield from annotate(verdicts(record), path, record.line, printable(record.id))


def annotate(judged: Iterable[tuple[Standing, str]], file: str | None, line: int | None, title: str) -> Iterator[str]:
    """Yield a workflow command for each standing and text in *judged*, unless the standing makes no annotation."""
    for standing, text in judged:
        if (level := STANDINGS[standing].level) is not None:
            yield command(level, text, file=file, line=line, title=title)


def step_summary(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """Return the table of what was measured, the verdicts, and the machine, in Markdown."""
    shown = sorted(records, key=lambda record: not {"failed", "inconclusive"} & set(record.standings))[:_MAX_ROWS]
    lines = ["### Core ML", "", table(shown, machine)]
    for record in shown:
        said = [f"{STANDINGS[standing].markdown}: {escaped(text)}" for standing, text in verdicts(record)]
        said += [f"changed: {escaped(printable(note))}" for note in record.notes]
        if said:
            lines += [f"- {escaped(printable(place(record)))}", *(f"  - {line}" for line in said)]
    if len(records) > len(shown):
        lines.append(f"\n{len(records) - len(shown)} more rows were left out.")
    return "\n".join(lines) + "\n"


def verdicts(record: Record) -> Iterator[tuple[Standing, str]]:
    """Yield the standing and the text of each check that did not pass, and of every comparison."""
    for check in record.checks:
        if check.verdict != "passed":
            yield record.standing(check.verdict), printable(check_line(check))
    for found in record.regressions:
        yield record.standing(found.verdict), printable(comparison_text(found, record.runtime))


def _folder(rootdir: Path) -> str:
    """Return the path of *rootdir* in the repository: annotations name files relative to its top."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and rootdir.resolve().is_relative_to(Path(workspace).resolve()):
        return rootdir.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return ""
