"""The class of the processes that the plugin starts itself, which no double of a test replaces."""

from __future__ import annotations

from subprocess import Popen


class ChildProcess(Popen[bytes]):
    """A `Popen` that stays itself while a test has a double in place of `subprocess.Popen`.

    pytest-subprocess replaces the original wherever a module refers to it, under any name, but no subclass.
    """
