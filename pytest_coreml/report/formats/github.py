"""GitHub Actions: annotations on tests, and a step summary, at the end of a run.

The variables: https://docs.github.com/en/actions/reference/workflows-and-actions/variables.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from pytest_coreml.escaping import command
from pytest_coreml.report.formats.report_markdown import document
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.report.text.moved_text import warnings_of_moves
from pytest_coreml.report.text.regression_text import comparison_text
from pytest_coreml.report.text.standings import STANDINGS
from pytest_coreml.verdict.regression.moved import open_moves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_coreml.verdict.record import Record, Standing


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
            file.write(document(records, machine))
    except OSError as error:
        write_line(command("warning", f"the step summary {summary} cannot be written: {error.strerror or error}"))


def annotation_lines(records: Sequence[Record], folder: str) -> Iterator[str]:
    """Yield a workflow command for each failed or inconclusive verdict, and for what left a device without a limit.

    *folder*: the rootdir, relative to the top of the repository; `.` or empty for the top.
    """
    for record in records:
        path = (PurePath(folder) / record.id.partition("::")[0]).as_posix()
        yield from annotate(verdicts(record), path, record.line, record.id)
        for text in warnings_of_moves(open_moves(record.moved, record.checks)):
            yield command("warning", text, file=path, line=record.line, title=record.id)


def annotate(judged: Iterable[tuple[Standing, str]], file: str | None, line: int | None, title: str) -> Iterator[str]:
    """Yield a workflow command for each standing and text in *judged*, unless the standing makes no annotation."""
    for standing, text in judged:
        if (level := STANDINGS[standing].level) is not None:
            yield command(level, text, file=file, line=line, title=title)


def verdicts(record: Record) -> Iterator[tuple[Standing, str]]:
    """Yield the standing and the text of each check that did not pass, and of every comparison."""
    for check in record.checks:
        if check.verdict != "passed":
            yield record.standing(check.verdict), check_line(check)
    for found in record.regressions:
        yield record.standing(found.verdict), comparison_text(found, record.runtime)


def _folder(rootdir: Path) -> str:
    """Return the path of *rootdir* in the repository: annotations name files relative to its top."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and rootdir.resolve().is_relative_to(Path(workspace).resolve()):
        return rootdir.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return ""
