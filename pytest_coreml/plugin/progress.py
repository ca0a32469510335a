"""A progress line for a person at a terminal, while work takes long."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.escaping import printable, safe_lines
from pytest_coreml.plugin.xdist import worker_name

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pytest

    from pytest_coreml.engine.protocol import Progress

# Terminals that understand ANSI's control sequences understand these of a VT100.
_SAVE_CURSOR: Final = "\0337"
_RESTORE_CURSOR: Final = "\0338"
_ERASE_TO_END: Final = "\033[K"
# Less room than this is no room for words.
_MIN_COLUMNS: Final = 20


class ProgressLine:
    """Text after what pytest has written on the current line, which is gone when the work is over.

    Nothing is written where the output is not a terminal. The text never reaches the next line: a cursor that is
    restored after the terminal has scrolled would be a line too low.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_shown = False

    def show(self, subject: str, progress: Progress) -> None:
        """Show what is done to *subject*, and how much of it, when that is known."""
        if not self._is_terminal:
            return
        amount = f": {progress.done} of {progress.total}" if progress.total else ""
        writer = self._config.get_terminal_writer()
        room = writer.fullwidth - writer.width_of_current_line - 2
        if room < _MIN_COLUMNS:
            return
        words = printable(f" {progress.doing} {subject}{amount}")[:room]
        self._write(f"{_SAVE_CURSOR}{words}{_ERASE_TO_END}{_RESTORE_CURSOR}")
        self._is_shown = True

    def erase(self) -> None:
        """Take the words away, if there are any."""
        if self._is_shown:
            self._write(_ERASE_TO_END)
            self._is_shown = False

    def announce(self, text: str) -> None:
        """Write *text* on a separate line, also where the output is not a terminal."""
        self.erase()
        line = safe_lines(f"pytest-coreml: {text}")
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        with self._uncaptured():
            if reporter is None or worker_name(self._config) is not None:
                # A worker of pytest-xdist shares only the error output with its controller.
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
            else:
                reporter.ensure_newline()
                reporter.write_line(line)

    @property
    def _is_terminal(self) -> bool:
        # A worker of pytest-xdist has a reporter too, but no terminal.
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        return reporter is not None and reporter.isatty and self._config.get_terminal_writer().hasmarkup

    def _write(self, text: str) -> None:
        with self._uncaptured():
            sys.stdout.write(text)
            sys.stdout.flush()

    def _uncaptured(self) -> AbstractContextManager[None]:
        # While a test runs, pytest's capturing has taken the place of standard output.
        capturing: Any = self._config.pluginmanager.get_plugin("capturemanager")
        return contextlib.nullcontext() if capturing is None else capturing.global_and_fixture_disabled()
