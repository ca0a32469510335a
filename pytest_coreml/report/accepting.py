"""The command that makes the present state the baseline."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.options import Options


def accept_command(test_id: str, options: Options) -> str | None:
    """Give the command that accepts what *test_id* does now; None when nothing is compared with finished runs."""
    if not options.baseline:
        return None
    folder = next((path for path in reversed(options.baseline) if path.is_dir()), None)
    runtime = f" --coreml-runtime={options.runtime}" if options.runtime != "auto" else ""
    if folder is None:
        return f"pytest{runtime} --coreml-report={_word(options.baseline[-1])}"
    report = _word(options.report or Path("coreml-report.json"))
    # A run that writes a report has the new state in it already.
    record = "" if options.report else f"pytest {shlex.quote(test_id)}{runtime} --coreml-report && "
    return f"{record}pytest-coreml baseline add --replace {report} {_word(folder)}"


def _word(path: Path) -> str:
    return shlex.quote(os.path.relpath(path))
