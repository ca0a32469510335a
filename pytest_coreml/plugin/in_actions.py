"""Annotations and a step summary for GitHub Actions at the end of a run; nothing elsewhere.

The variables: https://docs.github.com/en/actions/reference/workflows-and-actions/variables.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_coreml.verdict.record import Record


def tell(
    records: Sequence[Record], machine: Mapping[str, Any], rootdir: Path, write_line: Callable[[str], object]
) -> None:
    """Write annotations by *write_line*, and the table to the step summary, where a job of GitHub Actions runs us.

    A summary that cannot be written is a warning there: it must not end a run that has measured for hours.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from pytest_coreml.report.formats.escaping import command
    from pytest_coreml.report.formats.github import annotation_lines, step_summary

    for line in annotation_lines(records, _folder(rootdir)):
        write_line(line)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(step_summary(records, machine))
    except OSError as error:
        write_line(command("warning", f"the step summary {summary} cannot be written: {error.strerror or error}"))


def _folder(rootdir: Path) -> str:
    """Return the rootdir relative to the top of the repository, from which annotations name files."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and rootdir.resolve().is_relative_to(Path(workspace).resolve()):
        return rootdir.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return ""
