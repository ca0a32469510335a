"""Each failure in one line, for pytest's short test summary and for readers of its reports, whose figure fits."""

from __future__ import annotations

import os
import re
from typing import Any, Final, NoReturn

import pytest

from pytest_coreml.errors import CoreMLTestError, first_line
from pytest_coreml.escaping import printable, safe_lines

# The folders of an absolute path, which take all of the room.
_FOLDERS: Final = re.compile(r"(?<![^\s'\"(])/(?:[^\s/'\"]+/)+(?=[^\s/])")
_LINE: Final = "coreml_line"
# What pytest prints of a test that failed, before the text that it cuts.
_SHOWN: Final = "FAILED {} - {}"


def fail(text: str, line: str | None = None) -> NoReturn:
    """Fail the test with *text*, which pytest shows without a traceback; *line* is its short form, by default made of
    its first line."""
    failure = pytest.fail.Exception(safe_lines(text), pytrace=False)
    setattr(failure, _LINE, printable(line) if line is not None else error_line(failure))
    raise failure


def error_line(error: BaseException) -> str:
    """Return the first line of *error* with files by their names only."""
    return printable(_FOLDERS.sub("", first_line(error)))


def shorten_failure(call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
    """Let pytest's short test summary, JUnit and others show the short form of a failure that has one.

    pytest would show as much of the first line of the text as there is room for, and in CI the whole text again.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    # Its type, which pytest names first, leaves no room for the text.
    line = error_line(error) if isinstance(error, CoreMLTestError) else getattr(error, _LINE, None)
    crash = getattr(report.longrepr, "reprcrash", None)
    if line is not None and crash is not None:
        crash.message = line


def tests_told(reporter: Any, width: int) -> set[str]:
    """Return the ids of failed tests that pytest shows in full, and in a line that is not cut at *width* columns."""
    option = reporter.config.option
    if option.tbstyle in ("no", "line") or not reporter.hasopt("f"):
        return set()
    # pytest's own rule for cutting lines.
    is_cut = option.verbose < 2 and not any(os.environ.get(name) for name in ("CI", "BUILD_NUMBER"))
    is_cut = is_cut or getattr(option, "force_short_summary", False)
    return {
        report.nodeid for report in reporter.stats.get("failed", []) if not is_cut or _fits(reporter, report, width)
    }


def _fits(reporter: Any, report: Any, width: int) -> bool:
    crash = getattr(report.longrepr, "reprcrash", None)
    message = getattr(crash, "message", str(report.longrepr))
    return len(_SHOWN.format(_shown_id(reporter.config, report.nodeid), message)) <= width


def _shown_id(config: pytest.Config, nodeid: str) -> str:
    """Return the id as pytest shows it: relative to the folder in which pytest was started."""
    # Not by pytest's own function, which takes another type from pytest 9.2 on.
    path, *rest = nodeid.split("::")
    return "::".join([os.path.relpath(config.rootpath / path, config.invocation_params.dir), *rest])
